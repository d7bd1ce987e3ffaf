"""An identity as JSON, from the configuration or a file that this machine is given. Read anew for every token."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from adapter.errors import CallMisconfigured

DEFAULT = "default"


def read_identity(read: Callable[[], str]) -> Mapping[str, Any] | None:
    """Read a configured identity; None = `default`. Raises CallMisconfigured for what is neither."""
    text = _text(read)
    return None if text == DEFAULT else parsed(text, "credentials")


def _text(read: Callable[[], str]) -> str:
    try:
        return read().strip()
    except (OSError, ValueError, LookupError) as exc:
        raise CallMisconfigured(f"its credentials cannot be read ({type(exc).__name__}): correct credentials") from exc


def parsed(text: str, where: str) -> Mapping[str, Any]:
    """Parse a JSON object. Raises CallMisconfigured, which names the place and repeats nothing."""
    try:
        identity = json.loads(text)
    except json.JSONDecodeError:
        identity = None
    if not isinstance(identity, dict):
        raise CallMisconfigured(f"{where} is neither `{DEFAULT}` nor the JSON of an identity: correct credentials")
    return identity


def field_of(identity: Mapping[str, Any], *names: str) -> str:
    """Return the first of these fields that is there. Raises CallMisconfigured when none is."""
    for name in names:
        value = identity.get(name)
        if isinstance(value, str) and value:
            return value
    raise CallMisconfigured(f"the identity has no {names[0]}: correct credentials")


def file_text(path: str) -> str:
    """Read a token or an identity that this machine keeps in a file. Raises CallMisconfigured."""
    return _text(lambda: Path(path).read_text(encoding="utf-8"))

"""Secrets by reference: "${NAME}" from the environment, "file:/path" from a file, anything else as it stands."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class SecretMissing(Exception):
    """A secret is named but not there. The message names the reference, never a value."""


def reveal(reference: SecretStr, environment: Mapping[str, str] = os.environ) -> str:
    """Return the secret; files are read again at each call. Raises SecretMissing."""
    text = reference.get_secret_value()
    if text.startswith("file:"):
        path = Path(text.removeprefix("file:"))
        try:
            return path.read_text(encoding="utf-8").strip()
        except OSError as exc:
            raise SecretMissing(f"the secret file {path} cannot be read: {exc.strerror}") from exc

    def replace(match: re.Match[str]) -> str:
        if match[1] not in environment:
            raise SecretMissing(f"the variable {match[1]} is not set")
        return environment[match[1]]

    return _VARIABLE.sub(replace, text)

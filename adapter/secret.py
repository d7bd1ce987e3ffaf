"""Secrets by reference: "${NAME}" from the environment, "file:/path" from a file, anything else as it stands."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from adapter.operator_errors import ConfigurationError

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class SecretMissing(ConfigurationError, LookupError):
    """A secret is named but not there. The message names the reference, never a value."""


def reveal(reference: SecretStr, environment: Mapping[str, str] = os.environ) -> str:
    """Return the secret; files are read again at each call. Raises SecretMissing, also for an empty one."""
    text = reference.get_secret_value()
    if text.startswith("file:"):
        path = Path(text.removeprefix("file:"))
        try:
            content = path.read_text(encoding="utf-8").strip()
        except OSError as exc:
            raise SecretMissing(f"the secret file {path} cannot be read: {exc.strerror}") from exc
        except UnicodeDecodeError:
            raise SecretMissing(f"the secret file {path} is not text") from None
        if not content:
            raise SecretMissing(f"the secret file {path} is empty")
        return content

    def replace(match: re.Match[str]) -> str:
        if not environment.get(match[1]):
            raise SecretMissing(f"the variable {match[1]} is not set, or empty")
        return environment[match[1]]

    return _VARIABLE.sub(replace, text)

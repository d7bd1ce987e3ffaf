"""Single values as text, and which of them may stand bare because the contract leaves no room for anything else."""

import re
from decimal import Decimal
from typing import Any

from adapter.tasks.shape import Shape

# Formats whose texts can be checked here: a contract's format alone is a promise, not a proof.
_BARE_FORMATS = {
    "date": re.compile(r"\d{4}-\d\d-\d\d", re.ASCII),
    "time": re.compile(r"\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)?", re.ASCII),
    "date-time": re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d\d:?\d\d)?", re.ASCII),
    "duration": re.compile(r"-?P[0-9YMWDTHS.]{1,40}", re.ASCII),
    "uuid": re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII),
}


def scalar_text(value: Any) -> str:
    """Text of a value that is no object or list; numbers with their exact digits."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    return str(value) if isinstance(value, (int, float, Decimal)) else repr(type(value).__name__)


def is_bare(text: str, shape: Shape) -> bool:
    """Whether a text is one of the contract's own words, or a date or the like that looks like one."""
    if shape.choices:
        return text in shape.choices
    pattern = _BARE_FORMATS.get(shape.format)
    return pattern is not None and pattern.fullmatch(text) is not None

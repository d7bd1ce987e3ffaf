"""Durations as people write them: 90, 1.5, 30d, 12h, 5m, 10s, 250ms."""

import re
from decimal import Decimal

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "": 1.0}
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m|h|d|)")


def parse_duration_seconds(value: object) -> float:
    """Return seconds. Raises ValueError naming the accepted forms."""
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return float(value)
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"{value!r} is not a duration; write seconds, or a number with ms, s, m, h or d, such as 30d")
    return float(match[1]) * _UNITS[match[2]]

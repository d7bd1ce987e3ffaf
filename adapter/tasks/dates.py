"""Dates as legacy systems write them, by a declared pattern of YYYY, MM and DD; two-digit years would be a guess."""

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

_TOKENS = re.compile(r"YYYY|MM|DD")
_GROUPS = {"YYYY": r"(?P<year>[0-9]{4})", "MM": r"(?P<month>[0-9]{2})", "DD": r"(?P<day>[0-9]{2})"}
_MAX_LENGTH = 20


@dataclass(frozen=True, slots=True)
class DatePattern:
    """A pattern such as DD.MM.YYYY or YYYYMMDD, ready to read dates."""

    regex: re.Pattern[str]

    @staticmethod
    @lru_cache(maxsize=256)
    def of(pattern: str) -> "DatePattern":
        """Compile a pattern. Raises ValueError saying what is wrong with it."""
        found = _TOKENS.findall(pattern)
        if sorted(found) != ["DD", "MM", "YYYY"] or len(pattern) > _MAX_LENGTH:
            raise ValueError(
                f'"{pattern[:40]}" is not a date pattern: YYYY, MM and DD once each, for example DD.MM.YYYY'
            )
        rest = _TOKENS.split(pattern)
        if any(letter.isalnum() for part in rest for letter in part):
            raise ValueError(f'"{pattern}" is not a date pattern: between YYYY, MM and DD stand only marks')
        parts = [re.escape(rest[0])]
        for token, mark in zip(found, rest[1:], strict=True):
            parts += [_GROUPS[token], re.escape(mark)]
        return DatePattern(re.compile("".join(parts)))

    def iso(self, text: str) -> str | None:
        """Return the date as ISO 8601, or None if the text is no date of this pattern."""
        match = self.regex.fullmatch(text)
        if match is None:
            return None
        try:
            return date(int(match["year"]), int(match["month"]), int(match["day"])).isoformat()
        except ValueError:
            return None

"""Strings that satisfy a schema's pattern, format and lengths, and look like what their property's name says."""

import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from adapter.simulator import vocabulary
from adapter.simulator.draw import Draw
from adapter.simulator.patterns import Piece, UnsupportedPattern, sampler

_TRIES = 24


def _ipv4(random: Random) -> str:
    return f"192.0.2.{random.randint(1, 254)}"


def _uuid(random: Random) -> str:
    return str(uuid.UUID(int=random.getrandbits(128), version=4))


_FORMATS: Mapping[str, Callable[[Random], str]] = {
    "date": vocabulary.date,
    "time": lambda random: f"{vocabulary.time(random)}Z",
    "date-time": lambda random: f"{vocabulary.date(random)}T{vocabulary.time(random)}Z",
    "duration": lambda random: f"P{random.randint(1, 30)}D",
    "email": vocabulary.email,
    "idn-email": vocabulary.email,
    "hostname": lambda random: f"host{random.randint(1, 99)}.example.com",
    "idn-hostname": lambda random: f"host{random.randint(1, 99)}.example.com",
    "ipv4": _ipv4,
    "ipv6": lambda random: f"2001:db8::{random.randint(1, 65535):x}",
    "uuid": _uuid,
    "uri": vocabulary.uri,
    "uri-reference": vocabulary.uri,
    "iri": vocabulary.uri,
    "iri-reference": vocabulary.uri,
    "uri-template": vocabulary.uri,
    "json-pointer": lambda random: f"/items/{random.randint(0, 9)}",
    "relative-json-pointer": lambda random: f"{random.randint(0, 3)}/items",
    "regex": lambda _random: "^[a-z]+$",
}


@dataclass(frozen=True, slots=True)
class StringMaker:
    """Makes strings for one string schema; compiled once, drawn from often."""

    shortest: int
    longest: int | None
    pattern: re.Pattern[str] | None
    sample: Piece | None
    by_format: Callable[[Random], str] | None
    by_name: Callable[[Draw], str] | None

    @classmethod
    def of(cls, schema: Mapping[str, Any], name: str) -> "StringMaker":
        """Compile a string schema; a pattern that Python cannot read is not checked."""
        source = schema.get("pattern")
        return cls(
            shortest=int(schema.get("minLength", 0)),
            longest=int(schema["maxLength"]) if "maxLength" in schema else None,
            pattern=_compiled(source),
            sample=_sampler(source),
            by_format=_FORMATS.get(schema.get("format", "")),
            by_name=vocabulary.text_for(name),
        )

    def make(self, draw: Draw) -> str:
        """Return the first candidate that fits; the last one if none does."""
        candidate = ""
        for candidate in self._candidates(draw):
            if self.fits(candidate):
                return candidate
        return candidate

    def fits(self, text: str) -> bool:
        """Check lengths and pattern (formats are right by construction)."""
        if len(text) < self.shortest or (self.longest is not None and len(text) > self.longest):
            return False
        return self.pattern is None or self.pattern.search(text) is not None

    def _candidates(self, draw: Draw) -> Iterator[str]:
        if self.by_format is not None:
            for _ in range(_TRIES):
                yield self.by_format(draw.random)
        if self.by_name is not None:
            yield self.by_name(draw)
        if self.sample is not None:
            for attempt in range(_TRIES):
                yield self.sample(draw.random, max(2, self.shortest - attempt))
        yield self._text(draw)

    def _text(self, draw: Draw) -> str:
        text = draw.phrase(1, 3)
        while len(text) < self.shortest:
            text = f"{text} {draw.phrase(1, 8)}"
        if self.longest is None or len(text) <= self.longest:
            return text
        cut = text[: self.longest].rstrip()
        return cut.ljust(self.shortest, "x")


def _compiled(source: str | None) -> re.Pattern[str] | None:
    try:
        return re.compile(source) if source is not None else None
    except re.error:
        return None


def _sampler(source: str | None) -> Piece | None:
    try:
        return sampler(source) if source is not None else None
    except UnsupportedPattern:
        return None

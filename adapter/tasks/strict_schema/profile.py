"""What an endpoint takes as a strict schema: its limits and keywords, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

_NUMBER_BOUNDS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
_LENGTHS = frozenset({"minLength", "maxLength"})
_OPENAI_FORMATS = frozenset(["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"])


@dataclass(frozen=True, slots=True)
class SchemaProfile:
    """Limits of one kind of endpoint. keywords = constraints it takes; all others are told in words."""

    name: str
    max_properties: int
    max_depth: int
    """Objects and arrays inside each other, counted in each definition; a $ref is not followed."""
    max_enum_values: int
    """In the whole schema."""
    max_name_chars: int
    """Characters of all property names, definition names, enum and const values."""
    max_long_enum_chars: int
    """Characters of one string enum of more than 250 values."""
    keywords: frozenset[str] = frozenset()
    formats: frozenset[str] = frozenset()
    recursion: bool = True
    distinct_first_keys: bool = False
    """Objects of one anyOf must not begin with the same key, unless it is a constant that tells them apart."""
    takes_const: bool = True
    """False: a constant is sent as an enum of one."""
    largest: Mapping[str, int] = field(default_factory=dict, hash=False)
    """Largest value of a keyword that it takes; larger ones are told in words."""

    def takes(self, keyword: str, value: Any) -> bool:
        """Say whether a constraint can be sent."""
        limit = self.largest.get(keyword)
        return keyword in self.keywords and (limit is None or value <= limit)


OPENAI = SchemaProfile(
    name="openai",
    max_properties=5000,
    max_depth=10,
    max_enum_values=1000,
    max_name_chars=120_000,
    max_long_enum_chars=15_000,
    keywords=_NUMBER_BOUNDS | _LENGTHS | {"pattern", "format", "minItems", "maxItems"},
    formats=_OPENAI_FORMATS,
)
"""OpenAI itself (2025-06 and later), and local servers that compile a grammar (llama.cpp, vLLM)."""

AZURE = SchemaProfile(
    name="azure",
    max_properties=100,
    max_depth=5,
    max_enum_values=500,
    max_name_chars=15_000,
    max_long_enum_chars=7500,
    distinct_first_keys=True,
)
"""Azure OpenAI as documented: the limits and keywords of 2024."""

COMMON = SchemaProfile(
    name="common",
    max_properties=100,
    max_depth=5,
    max_enum_values=500,
    max_name_chars=15_000,
    max_long_enum_chars=7500,
    recursion=False,
    distinct_first_keys=True,
)
"""What every provider takes."""

XAI = replace(
    OPENAI,
    name="xai",
    recursion=False,
    largest={"minLength": 2048, "maxLength": 2048, "minItems": 256, "maxItems": 256},
)
"""xAI: no circular $ref; lengths are held up to 2048 and lists up to 256."""

GEMINI = replace(
    COMMON,
    name="gemini",
    keywords=frozenset({"minimum", "maximum", "minItems", "maxItems", "format"}),
    formats=frozenset({"date-time", "date", "time"}),
    takes_const=False,
)
"""Gemini and Vertex AI: the keywords of their own schema dialect, and no recursion; their limits are those of all."""

PROFILES = {profile.name: profile for profile in (OPENAI, AZURE, COMMON, XAI, GEMINI)}

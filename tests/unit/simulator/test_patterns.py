"""The pattern generator knows simple patterns, and says so of the others."""

import re
from random import Random

import pytest

from adapter.simulator.patterns import UnsupportedPattern, sampler


@pytest.mark.parametrize(
    "pattern",
    [
        r"^-?[0-9]+(\.[0-9]+)?$",
        r"^[A-Z]{2}[0-9]{2}$",
        r"^(?:yes|no|maybe so)$",
        r"^\d{3}-\w+\s?\S*$",
        r"^[^\d,]{2,5}$",
        r"^[a-c\-x.]*?$",
        r"^\x41B\.\/?$",
        r"^a{2,}b{0,1}.+$",
        r"^[]a]b$",
        r"^((ab|c)+d){2}$",
        r"^$",
        r"^\+49 [0-9]{2,5}/[0-9]+$",
    ],
)
def test_samples_match_their_pattern(pattern: str) -> None:
    make = sampler(pattern)
    random = Random(1)
    assert all(re.search(pattern, make(random, more)) for more in range(20))


@pytest.mark.parametrize(
    "pattern", [r"^(?=a)b", r"(?!x)", r"(a)\1", r"\p{L}", r"(?i)a", "[b-a]", "(a", "a)", "*a", "[", "\\", r"^\u00z9$"]
)
def test_what_is_not_simple_is_said_so(pattern: str) -> None:
    with pytest.raises(UnsupportedPattern):
        sampler(pattern)

"""What contracts rely on in the validator (jsonschema-rs): exact numbers, asserted formats, patterns that end.

Found by experiment with 0.60; a version that does otherwise fails here.
"""

import time
from decimal import Decimal
from typing import Any

import pytest

from adapter.domain import exact_json
from adapter.tasks.contract import contract_from_schema


def holds(rule: dict[str, Any], text: str) -> bool:
    """Check one JSON value against one rule."""
    contract = contract_from_schema({"type": "object", "properties": {"x": rule}})
    return contract.check({"x": exact_json.loads(text)}) == ()


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        ({"multipleOf": 0.01}, "19.99", "19.999"),
        ({"multipleOf": Decimal("0.01")}, "12345678901234567890.12", "12345678901234567890.123"),
        ({"multipleOf": 0.1}, "0.3", "0.30000000000000000001"),
        ({"maximum": 0.1}, "0.1", "0.10000000000000000001"),
        ({"minimum": 0.3}, "0.3", "0.29999999999999999999"),
        ({"exclusiveMinimum": 0}, "1e-300", "-0.0"),
        ({"exclusiveMaximum": 1000}, "999.9999999999999999999", "1000.0"),
        ({"minimum": -1000}, "-1000.000", "-1000.0000000000000000001"),
        ({"multipleOf": 957}, "1914.0", "957.0000000000000000001"),
        ({"multipleOf": 3}, "3e300", "1e300"),
        ({"exclusiveMaximum": Decimal("1e20")}, "99999999999999999999.9", "100000000000000000000.0"),
        ({"type": "integer", "maximum": 10**30}, str(10**30), str(10**30 + 1)),
        ({"type": "integer"}, "1.0", "1.00000000000000000000000001"),
        ({"type": "integer"}, "1e2", "1e-2"),
        ({"const": Decimal("1.10")}, "1.1", "1.10000000000000000000001"),
        ({"enum": [10**30]}, str(10**30), str(10**30 + 1)),
        ({"uniqueItems": True}, "[0.1, 0.10000000000000000000001]", "[1.0, 1]"),
        ({"type": "number"}, "0.1", '"0.1"'),
        ({"type": "boolean"}, "true", "1"),
    ],
)
def test_numbers_are_compared_exactly(rule: dict[str, Any], good: str, bad: str) -> None:
    assert holds(rule, good)
    assert not holds(rule, bad)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("date", "2024-02-29", "2023-02-29"),
        ("date", "2024-12-31", "31.12.2024"),
        ("date-time", "2024-01-01T00:00:00+02:00", "2024-01-01T00:00:00"),
        ("date-time", "2024-01-01T00:00:00.5Z", "2024-01-01 00:00"),
        ("time", "12:00:00Z", "25:00:00Z"),
        ("duration", "P1DT2H", "1D"),
        ("email", "a.b@example.com", "a.b@"),
        ("uuid", "123e4567-e89b-12d3-a456-426614174000", "123e4567"),
        ("uri", "https://example.com/a?b", "/a b"),
        ("uri-reference", "/a", "a b"),
        ("hostname", "example.com", "-a"),
        ("ipv4", "10.0.0.1", "10.0.0.256"),
        ("ipv6", "::1", "::g"),
        ("json-pointer", "/a/0", "a"),
        ("regex", "a+", "("),
    ],
)
def test_formats_are_asserted(name: str, good: str, bad: str) -> None:
    rule = {"type": "string", "format": name}

    assert holds(rule, exact_json.dumps_text(good))
    assert not holds(rule, exact_json.dumps_text(bad))


@pytest.mark.parametrize(
    "pattern",
    ["^(a+)+$", "^(a|aa)+$", r"^(?=a)(a+)+$", r"^(a+)+\1$"],
    ids=["nested", "overlapping", "lookahead", "back"],
)
def test_no_pattern_can_be_made_to_backtrack_for_long(pattern: str) -> None:
    start = time.perf_counter()

    assert not holds({"type": "string", "pattern": pattern}, '"' + "a" * 5000 + 'b"')

    assert time.perf_counter() - start < 2


def test_patterns_are_ecma_262_and_match_whole_lines_only_where_they_say_so() -> None:
    assert not holds({"pattern": r"^\d+$"}, '"١٢"')
    assert not holds({"pattern": r"^[0-9]+$"}, '"12\\n"')
    assert holds({"pattern": "b"}, '"abc"')


def test_a_deeply_nested_document_is_checked_without_harm() -> None:
    assert holds({"type": "array"}, "[" * 120 + "]" * 120)

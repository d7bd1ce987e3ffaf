"""Durations as people write them."""

from decimal import Decimal

import pytest

from adapter.durations import parse_duration_seconds


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (90, 90.0),
        (1.5, 1.5),
        (Decimal("0.25"), 0.25),
        ("90", 90.0),
        ("250ms", 0.25),
        ("10s", 10.0),
        ("5m", 300.0),
        ("1.5h", 5400.0),
        ("30d", 2_592_000.0),
        (" 5 m ", 300.0),
    ],
)
def test_a_duration_becomes_seconds(value: object, seconds: float) -> None:
    assert parse_duration_seconds(value) == pytest.approx(seconds)


@pytest.mark.parametrize("value", [None, True, "", "soon", "5 weeks", "-5s", "1e3", "5m5s", ".5", "\u0663d", [5]])
def test_anything_else_is_refused_with_the_forms_there_are(value: object) -> None:
    with pytest.raises(ValueError, match="such as 30d"):
        parse_duration_seconds(value)

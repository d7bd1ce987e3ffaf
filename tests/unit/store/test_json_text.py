"""JSON columns hold any value that a sender or a model can make."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.domain.job import Severity
from adapter.outbound.sql import json_text


@dataclass(frozen=True, slots=True)
class Point:
    name: str
    value: Decimal


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(), max_size=20),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=10,
)


@given(json_values)
def test_any_json_value_comes_back_as_text_that_a_column_can_hold(value: object) -> None:
    text = json_text.write(value)
    text.encode()
    assert "\x00" not in text
    assert json_text.read(text) == value


@pytest.mark.parametrize("name", ["plain", "\ud800 and \x00"])
def test_values_of_the_domain_are_written_by_their_fields(name: str) -> None:
    text = json_text.write([Point(name, Decimal("1.10")), Severity.REVIEW, datetime(2026, 1, 2, tzinfo=UTC)])
    assert json_text.read(text) == [{"name": name, "value": "1.10"}, "REVIEW", "2026-01-02T00:00:00+00:00"]


def test_any_mapping_is_an_object() -> None:
    assert json_text.write(MappingProxyType({"a": 1})) == '{"a":1}'


def test_what_has_no_json_is_refused() -> None:
    with pytest.raises(TypeError, match="object cannot be stored"):
        json_text.write(object())


def test_empty_is_null() -> None:
    assert json_text.write_some(()) is None
    assert json_text.read_some(None) == []


@given(st.text(st.characters()))
def test_storable_text_fits_any_column(text: str) -> None:
    stored = json_text.storable(text)
    stored.encode()
    assert "\x00" not in stored

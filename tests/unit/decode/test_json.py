"""JSON as it really is, and the one record in it."""

from decimal import Decimal
from typing import Any

import pytest

from adapter.errors import InputInvalid, PayloadUnreadable
from tests.unit.decode.reading import error_of, record

JSON: dict[str, Any] = {"json": {}}


def test_numbers_keep_their_exact_digits() -> None:
    assert record('{"a": 1.10, "b": 12345678901234567890123}', JSON) == {
        "a": Decimal("1.10"),
        "b": 12345678901234567890123,
    }


@pytest.mark.parametrize("content", ['{"a": NaN}', "{'a': 1}", '{"a": 1', "", "{} {}", '{"a": 1e99999999999999999999}'])
def test_what_is_not_json_is_refused(content: str) -> None:
    assert "not JSON" in error_of(PayloadUnreadable, content, JSON)


def test_a_duplicate_key_is_refused_without_quoting_it() -> None:
    message = error_of(PayloadUnreadable, '{"IBAN DE02 1234": 1, "IBAN DE02 1234": 2}', JSON)
    assert "twice" in message
    assert "IBAN" not in message


def test_half_a_surrogate_pair_is_refused() -> None:
    assert "surrogate" in error_of(PayloadUnreadable, r'{"a": "\ud83d"}', JSON)


def test_nesting_is_bounded() -> None:
    assert "nested deeper" in error_of(PayloadUnreadable, "[" * 100 + "]" * 100, JSON)
    assert "nested deeper" in error_of(PayloadUnreadable, "[" * 1_000_000, JSON)


def test_the_number_of_values_is_bounded() -> None:
    assert "values" in error_of(PayloadUnreadable, "[" + "[]," * 1_000_000 + "[]]", JSON)


def test_select_takes_the_value_at_its_pointer() -> None:
    formats = {"json": {"select": "/message/tickets/0"}}
    assert record('{"message": {"tickets": [{"id": 7}]}}', formats) == {"id": 7}


def test_select_understands_escaped_names() -> None:
    assert record('{"a/b~c": {"id": 7}}', {"json": {"select": "/a~1b~0c"}}) == {"id": 7}


@pytest.mark.parametrize("content", ["{}", '{"message": []}', '{"message": {"tickets": []}}', "[]", "3"])
def test_a_select_that_matches_nothing_is_invalid_input(content: str) -> None:
    message = error_of(InputInvalid, content, {"json": {"select": "/message/tickets/0"}})
    assert "/message/tickets/0" in message


def test_keys_that_the_contract_does_not_have_stay_for_it_to_judge() -> None:
    schema = {"type": "object", "properties": {"a": {}}, "additionalProperties": False}
    assert record('{"a": 1, "b": 2}', JSON, schema) == {"a": 1, "b": 2}


def test_field_puts_the_selected_value_into_one_field() -> None:
    assert record('{"x": {"id": 7}}', {"json": {"select": "/x", "field": "order"}}) == {"order": {"id": 7}}

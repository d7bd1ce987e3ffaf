"""A record as a model is shown it."""

from decimal import Decimal
from typing import Any

import pytest

from adapter.pipeline.render.record_text import record_text
from adapter.tasks.shape import Shape


def text(value: Any, **properties: Any) -> str:
    schema = {"type": "object", "properties": properties} if properties else {"type": "object"}
    return record_text(value, Shape.of(schema))


ROW = {"type": "object", "properties": {"sku": {}, "qty": {}, "dim": {"properties": {"w": {}}}}}


def test_fields_are_labelled_lines_in_the_contracts_order() -> None:
    assert text({"b": 1, "a": "x"}, a={}, b={}) == "a: x\nb: 1"


def test_what_the_contract_does_not_name_is_not_shown() -> None:
    assert text({"a": "x", "internal": "y"}, a={}) == "a: x"


def test_absent_null_and_empty_fields_are_not_shown() -> None:
    assert text({"a": None, "b": "", "c": [], "d": {}, "e": False}, a={}, b={}, c={}, d={}, e={}) == "e: false"


def test_a_title_of_the_author_is_shown_a_made_one_is_not() -> None:
    value = {"kdnr": "7", "first_name": "A"}
    fields = {
        "kdnr": {"type": "string", "title": "Kundennummer"},
        "first_name": {"type": "string", "title": "First Name"},
    }
    assert text(value, **fields) == "kdnr (Kundennummer): 7\nfirst_name: A"


def test_the_name_of_a_class_is_no_title() -> None:
    party = {"type": "object", "title": "Party", "properties": {"role": {"$ref": "#/$defs/Kind"}}}
    definitions = {"Party": party, "Kind": {"enum": ["A"], "title": "Kind"}}
    schema = {"properties": {"seller": {"$ref": "#/$defs/Party"}}, "$defs": definitions}
    assert record_text({"seller": {"role": "A"}}, Shape.of(schema)) == "seller.role: A"


def test_nested_fields_have_dotted_names() -> None:
    assert text({"a": {"b": {"c": 1}}}) == "a.b.c: 1"


def test_numbers_keep_their_digits() -> None:
    assert text({"a": Decimal("3.10"), "b": 10**20}) == f"a: 3.10\nb: {10**20}"


def test_further_lines_of_a_text_are_indented_so_that_none_can_look_like_a_field() -> None:
    assert text({"note": "one\npriority: LOW", "priority": "HIGH"}) == "note:\n  one\n  priority: LOW\npriority: HIGH"


def test_a_key_cannot_begin_a_line_of_its_own() -> None:
    assert text({"a\nb: c": 1}) == "a b: c: 1"


def test_lists_of_values_are_items() -> None:
    assert text({"tags": ["a", "b\nc", 3]}) == "tags (3):\n- a\n- b\n  c\n- 3"


def test_lists_of_objects_are_tables_with_row_numbers() -> None:
    rows = [{"sku": "1e5", "qty": Decimal("3.10"), "dim": {"w": 2}}, {"sku": "a|b\\c\nd"}]
    assert text({"rows": rows}, rows={"type": "array", "items": ROW}) == (
        "rows (2):\n| # | sku | qty | dim.w |\n|---|---|---|---|\n| 1 | 1e5 | 3.10 | 2 |\n| 2 | a\\|b\\\\c<br>d |  |  |"
    )


def test_long_tables_are_csv() -> None:
    lines = text({"rows": [{"sku": f"s{n}", "qty": "a,b"} for n in range(51)]}).splitlines()
    assert lines[:3] == ["rows (51):", "#,sku,qty", '1,s0,"a,b"']
    assert len(lines) == 53


def test_lists_that_are_no_table_are_shown_item_by_item() -> None:
    value = {"rows": [{"a": [1, 2]}, {"a": [{"b": 3}]}]}
    assert text(value).splitlines() == [
        "rows (2):",
        "rows[1].a (2):",
        "- 1",
        "- 2",
        "rows[2].a (1):",
        "| # | b |",
        "|---|---|",
        "| 1 | 3 |",
    ]


def test_sparse_rows_do_not_grow_a_quadratic_table() -> None:
    rows = [{f"k{n}": n} for n in range(3000)]
    assert len(text({"rows": rows})) < 100_000


@pytest.mark.parametrize("value", ["just text", 7, ["a"], [], None])
def test_a_record_that_is_no_object_is_shown_too(value: Any) -> None:
    assert isinstance(record_text(value, Shape.of({})), str)


def test_nesting_beyond_reason_is_cut() -> None:
    value: Any = "x"
    for _ in range(200):
        value = {"a": value}
    assert "nested deeper" in text(value)

"""Each feature of a contract: what the model is told, and how a reply comes back."""

import json
from decimal import Decimal
from typing import Any

import pytest

from adapter.domain import exact_json
from adapter.domain.job import Change
from adapter.tasks.strict_schema import OPENAI, strict_lint, strictify
from tests.unit.strict_schema.telling import DECIMAL, NULL, Schema, closed, sent, told


@pytest.mark.parametrize(
    ("rule", "strict"),
    [
        ({"type": "string", "minLength": 1, "maxLength": 9}, {"type": "string", "minLength": 1, "maxLength": 9}),
        ({"type": "string", "format": "date"}, {"type": "string", "format": "date"}),
        ({"type": "integer", "minimum": 0, "maximum": 9}, {"type": "integer", "minimum": 0, "maximum": 9}),
        ({"type": "integer", "minimum": Decimal("0.5")}, {"type": "integer", "minimum": 1}),
        ({"type": "number"}, DECIMAL),
        ({"type": "boolean"}, {"type": "boolean"}),
        ({"const": "a"}, {"type": "string", "const": "a"}),
        ({"enum": ["a", "b"]}, {"type": "string", "enum": ["a", "b"]}),
        ({"enum": [1, 2]}, {"type": "integer", "enum": [1, 2]}),
        ({"enum": [Decimal("0.50"), Decimal("1.5")]}, {"type": "string", "enum": ["0.50", "1.5"]}),
        ({"enum": ["a", None]}, {"anyOf": [{"type": "string", "const": "a"}, NULL]}),
        ({"type": ["string", "null"]}, {"anyOf": [{"type": "string"}, NULL]}),
        ({"anyOf": [{"type": "number"}, NULL]}, {"anyOf": [DECIMAL, NULL]}),
        ({"type": "array", "items": {"type": "integer"}}, {"type": "array", "items": {"type": "integer"}}),
        (
            {"type": "object", "properties": {"y": {"type": "string"}}, "required": ["y"]},
            closed(y={"type": "string"}),
        ),
        (
            {"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 1},
            {"type": "array", "items": closed(key={"type": "string"}, value={"type": "integer"}), "minItems": 1},
        ),
        (
            {"type": "object", "patternProperties": {"^[A-Z]{3}$": {"type": "integer"}}, "additionalProperties": False},
            {
                "type": "array",
                "items": closed(key={"type": "string", "pattern": "^[A-Z]{3}$"}, value={"type": "integer"}),
            },
        ),
        (
            {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "minItems": 2, "items": False},
            closed(_0={"type": "string"}, _1={"type": "integer"}),
        ),
        ({}, {"description": "JSON, encoded as a string.", "type": "string"}),
        ({"type": "object"}, {"description": "A JSON object, encoded as a string.", "type": "string"}),
        ({"allOf": [{"type": "integer", "minimum": 1}, {"minimum": 5}]}, {"type": "integer", "minimum": 5}),
        ({"allOf": [{"enum": ["a", "b", "c"]}, {"enum": ["b", "c", "d"]}]}, {"type": "string", "enum": ["b", "c"]}),
        ({"type": ["integer", "number"]}, DECIMAL),
        ({"type": ["string", "number"]}, {"anyOf": [{"type": "string"}, {"type": "number"}]}),
    ],
)
def test_each_kind_of_value_has_its_strict_shape(rule: dict[str, Any], strict: dict[str, Any]) -> None:
    assert sent(rule) == strict


@pytest.mark.parametrize(
    ("rule", "pattern"),
    [
        ({"minimum": 0}, r"^[0-9]+(\.[0-9]+)?$"),
        ({"multipleOf": Decimal("0.01")}, r"^-?[0-9]+(\.[0-9]{1,2})?$"),
        ({"minimum": -5, "maximum": 1000}, r"^-?[0-9]{1,4}(\.[0-9]+)?$"),
        ({"multipleOf": 0.25}, r"^-?[0-9]+(\.[0-9]+)?$"),
    ],
)
def test_bounds_of_a_decimal_go_into_its_pattern(rule: dict[str, Any], pattern: str) -> None:
    assert sent({"type": "number", **rule})["pattern"] == pattern


def test_an_optional_property_may_be_null_and_keeps_its_description_outside() -> None:
    rule = {"type": "string", "title": "T", "description": "Said."}

    assert sent(rule, required=False) == {"title": "T", "description": "Said.", "anyOf": [{"type": "string"}, NULL]}


def test_null_of_an_optional_property_means_absent_and_of_a_required_one_null() -> None:
    rule = {"type": ["string", "null"]}

    assert told(rule, required=False).lift({"x": None}).document == {}
    assert told(rule).lift({"x": None}).document == {"x": None}


def test_a_default_is_told_and_filled_in_with_a_change() -> None:
    strict = told({"type": "number", "default": Decimal("1.50")}, required=False)

    assert strict.schema["properties"]["x"]["description"] == "Default: 1.50."
    for reply in ({"x": None}, {}):
        lifted = strict.lift(reply)
        assert lifted.document == {"x": Decimal("1.50")}
        assert lifted.changes == (Change("/x", "defaulted", "", "1.50"),)


def test_null_stays_null_where_a_default_is_declared_beside_it() -> None:
    strict = told({"type": ["integer", "null"], "default": 5}, required=False)

    assert strict.lift({"x": None}).document == {"x": None}


def test_properties_keep_the_order_of_the_contract() -> None:
    names = ["summary", "b", "a", "category"]
    strict = strictify(
        {"type": "object", "properties": {name: {"type": "string"} for name in names}, "required": ["a"]}
    )

    assert list(strict.schema["properties"]) == names
    assert strict.schema["required"] == names


def test_undeclared_keys_with_a_schema_travel_as_a_list_of_their_own() -> None:
    strict = strictify(
        {
            "type": "object",
            "properties": {"a": {"type": "string"}, "_extra": {"type": "string"}},
            "required": ["a", "_extra"],
            "additionalProperties": {"type": "number"},
        }
    )
    document = {"a": "x", "_extra": "y", "b": Decimal("1.10")}

    lowered = strict.lower(document)

    assert lowered == {"a": "x", "_extra": "y", "_extra_2": [{"key": "b", "value": "1.10"}]}
    assert strict.lift(lowered).document == document


def test_an_undeclared_key_that_repeats_a_declared_one_is_a_violation() -> None:
    strict = strictify(
        {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": {"type": "string"}}
    )

    lifted = strict.lift({"a": "x", "_extra": [{"key": "a", "value": "y"}]})

    assert [(one.pointer, one.rule) for one in lifted.violations] == [("/a", "duplicateKey")]


@pytest.mark.parametrize("root", ["array", "map", "open"])
def test_a_root_that_is_no_plain_object_is_wrapped(root: str) -> None:
    cases: dict[str, tuple[Schema, Any]] = {
        "array": ({"type": "array", "items": {"type": "number"}}, [Decimal("1.0")]),
        "map": ({"type": "object", "additionalProperties": {"type": "integer"}}, {"a": 1}),
        "open": ({"type": "object"}, {"a": [1, None]}),
    }
    schema, document = cases[root]
    strict = strictify(schema)

    lowered = strict.lower(document)

    assert list(lowered) == ["result"]
    assert strict.lift(lowered).document == document
    assert strict.lift(document).document == document


def test_a_forbidden_property_is_not_asked_for() -> None:
    strict = strictify({"type": "object", "properties": {"a": {"type": "string"}, "b": False}})

    assert list(strict.schema["properties"]) == ["a"]


def test_the_contract_itself_is_not_changed() -> None:
    schema = {"type": "object", "properties": {"x": {"allOf": [{"type": "string"}, {"maxLength": 3}], "default": "a"}}}
    before = repr(schema)

    strictify(schema).lift({"x": None})

    assert repr(schema) == before


def test_a_value_that_does_not_have_the_strict_shape_passes_as_it_is() -> None:
    strict = told({"type": "object", "additionalProperties": {"type": "number"}})

    for value in ("text", 7, None, [1], [{"key": "a"}], [{"key": 1, "value": "2"}]):
        assert strict.lift({"x": value}).document == {"x": value}
    documents: list[Any] = ["text", [], None, 7]
    for document in documents:
        assert strict.lift(document).document == document


def test_undeclared_keys_of_a_reply_are_kept_for_the_check_to_name() -> None:
    assert told({"type": "number"}).lift({"x": "1", "y": 2}).document == {"x": Decimal(1), "y": 2}


def test_every_strict_schema_here_passes_the_lint() -> None:
    rule = {"type": "object", "properties": {"y": {"enum": [1, "a", None]}}, "patternProperties": {"^z": {}}}

    assert strict_lint(told(rule).schema, OPENAI) == ()


def test_what_is_sent_holds_only_what_any_json_library_writes() -> None:
    schema = exact_json.loads(
        """{"type": "object", "properties": {
            "a": {"type": "string", "maxLength": 3.0}, "b": {"type": "integer", "minimum": 1.0},
            "c": {"type": "array", "items": {"type": ["string", "number"], "maximum": 0.1}, "maxItems": 2.0},
            "d": {"enum": [1.0, 2.5]}, "e": {"type": "object", "additionalProperties": {}, "maxProperties": 4.0}
        }}"""
    )

    assert json.loads(json.dumps(strictify(schema).schema)) == strictify(schema).schema

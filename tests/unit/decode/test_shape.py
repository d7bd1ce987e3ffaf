"""What a JSON Schema is understood to say of a place."""

from typing import Any

import pytest

from adapter.tasks.shape import Shape

DEFINITIONS = {
    "address": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    "node": {"type": "object", "properties": {f"n{n}": {"$ref": "#/$defs/node"} for n in range(8)}},
    "loop": {"$ref": "#/$defs/loop"},
}


def shape(**schema: Any) -> Shape:
    return Shape.of({"$defs": DEFINITIONS, **schema})


@pytest.mark.parametrize(
    ("schema", "kinds", "nullable"),
    [
        ({"type": "string"}, {"string"}, False),
        ({"type": ["integer", "null"]}, {"integer"}, True),
        ({"anyOf": [{"type": "number"}, {"type": "string"}, {"type": "null"}]}, {"number", "string"}, True),
        ({"enum": [1, 2, None]}, {"integer"}, True),
        ({"const": "x"}, {"string"}, False),
        ({"$ref": "#/$defs/address"}, {"object"}, False),
        ({"allOf": [{"$ref": "#/$defs/address"}], "title": "Home"}, {"object"}, False),
        ({"items": {}}, {"array"}, False),
        ({}, set(), False),
        ({"$ref": "#/$defs/loop"}, set(), False),
        ({"$ref": "#/nowhere"}, set(), False),
    ],
)
def test_kinds_of_a_place(schema: dict[str, Any], kinds: set[str], nullable: bool) -> None:  # noqa: FBT001 - a parameter
    found = shape(**schema)
    assert (set(found.kinds), found.nullable) == (kinds, nullable)


def test_fields_are_found_through_references_and_alternatives() -> None:
    found = shape(
        anyOf=[{"$ref": "#/$defs/address"}, {"properties": {"box": {"type": "integer"}}, "required": ["box"]}]
    )
    assert found.names == ("city", "box")
    assert found.required == frozenset()
    assert found.field("box").kinds == {"integer"}
    assert not found.takes("other")


def test_a_recursive_contract_ends() -> None:
    found = shape(**{"$ref": "#/$defs/node"})
    assert not found.has_html
    assert found.field("n3").field("n5").names == found.names


def test_an_object_that_says_nothing_of_its_fields_is_open() -> None:
    assert shape(type="object").takes("anything")
    assert shape(properties={"a": {}}, additionalProperties={"type": "integer"}).field("b").kinds == {"integer"}
    assert not shape(properties={"a": {}}, additionalProperties=False).takes("b")

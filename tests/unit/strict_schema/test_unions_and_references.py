"""Alternatives and references of a contract: what the model is told, and how a reply comes back."""

from decimal import Decimal
from typing import Any

from adapter.tasks.strict_schema import strictify
from tests.unit.strict_schema.telling import NULL, sent, told


def test_a_discriminated_union_begins_with_its_constant() -> None:
    def branch(kind: str, rule: dict[str, Any]) -> dict[str, Any]:
        return {"type": "object", "properties": {"v": rule, "kind": {"const": kind}}, "required": ["kind", "v"]}

    definitions = {"A": branch("a", {"type": "number"}), "B": branch("b", {"type": "string"})}
    union = {"oneOf": [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}], "discriminator": {"propertyName": "kind"}}
    strict = told(union, definitions)

    assert strict.schema["properties"]["x"] == {"anyOf": [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}]}
    assert list(strict.schema["$defs"]["A"]["properties"]) == ["kind", "v"]
    assert strict.lift({"x": {"kind": "a", "v": "1.50"}}).document == {"x": {"kind": "a", "v": Decimal("1.50")}}
    assert strict.lift({"x": {"kind": "b", "v": "1.50"}}).document == {"x": {"kind": "b", "v": "1.50"}}


def test_objects_that_differ_in_their_keys_stay_as_they_are() -> None:
    person = {"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "number"}}}
    company = {"type": "object", "properties": {"name": {"type": "string"}, "vat": {"type": "string"}}}
    strict = told({"anyOf": [person, company]})

    assert [list(one["properties"]) for one in strict.schema["properties"]["x"]["anyOf"]] == [
        ["name", "age"],
        ["name", "vat"],
    ]
    assert strict.lift({"x": {"name": "M", "age": "7"}}).document == {"x": {"name": "M", "age": Decimal(7)}}
    assert strict.lift({"x": {"name": "M", "vat": "7"}}).document == {"x": {"name": "M", "vat": "7"}}


def test_alternatives_that_could_be_taken_for_each_other_are_wrapped_with_their_name() -> None:
    number = {"title": "Exact", "type": "object", "properties": {"v": {"type": "number"}}, "required": ["v"]}
    text = {"title": "Said", "type": "object", "properties": {"v": {"type": "string"}}, "required": ["v"]}
    strict = told({"anyOf": [number, text]})

    lowered = [strict.lower({"x": {"v": value}}) for value in (Decimal("1.5"), "1.5")]

    assert lowered == [
        {"x": {"_kind": "exact", "value": {"v": "1.5"}}},
        {"x": {"_kind": "said", "value": {"v": "1.5"}}},
    ]
    assert [strict.lift(one).document["x"]["v"] for one in lowered] == [Decimal("1.5"), "1.5"]


def test_siblings_of_a_union_hold_in_each_branch() -> None:
    rule = {
        "type": "object",
        "properties": {"id": {"type": "integer"}},
        "required": ["id"],
        "oneOf": [
            {"properties": {"k": {"const": "a"}, "x": {"type": "number"}}, "required": ["k"]},
            {"properties": {"k": {"const": "b"}}, "required": ["k"]},
        ],
    }

    branches = sent(rule)["anyOf"]

    assert [set(branch["properties"]) for branch in branches] == [{"k", "x", "id"}, {"k", "id"}]


def test_recursion_is_kept_as_references() -> None:
    node = {
        "type": "object",
        "properties": {"v": {"type": "number"}, "kids": {"type": "array", "items": {"$ref": "#/$defs/node"}}},
        "required": ["v"],
    }
    strict = told({"$ref": "#/$defs/node", "description": "The tree"}, {"node": node})
    document = {"x": {"v": Decimal("1.0"), "kids": [{"v": Decimal("2.0")}]}}

    assert strict.schema["properties"]["x"] == {"description": "The tree", "anyOf": [{"$ref": "#/$defs/node"}]}
    assert strict.lift(strict.lower(document)).document == document


def test_a_root_that_refers_to_itself_stays_the_root() -> None:
    strict = strictify({"type": "object", "properties": {"next": {"$ref": "#"}}})

    assert strict.schema["properties"]["next"] == {"anyOf": [{"$ref": "#"}, NULL]}


def test_a_reference_with_rules_beside_it_is_merged_also_where_it_recurs() -> None:
    node = {
        "type": "object",
        "properties": {"x": {"type": "integer"}, "next": {"$ref": "#/$defs/node", "required": ["x"]}},
    }

    strict = told({"$ref": "#/$defs/node"}, {"node": node})

    definitions = strict.schema["$defs"]
    assert definitions["node"]["properties"]["x"] == {"anyOf": [{"type": "integer"}, NULL]}
    assert definitions["next"]["properties"]["x"] == {"type": "integer"}
    assert definitions["next"]["properties"]["next"] == {"anyOf": [{"$ref": "#/$defs/next"}, NULL]}

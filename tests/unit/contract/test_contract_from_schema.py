"""A JSON Schema as a contract: which are taken, what its check says, and in which order keys leave."""

import time
from typing import Any

import pytest

from adapter.domain import exact_json
from adapter.errors import Violation
from adapter.tasks.contract import ContractRefused, JsonSchemaContract, contract_from_schema

INVOICE = contract_from_schema(
    {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "number": {"type": "string", "minLength": 1, "pattern": "^[A-Z]"},
            "currency": {"enum": ["EUR", "USD"]},
            "due": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
            "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}, "maxItems": 2, "uniqueItems": True},
            "payment": {
                "oneOf": [
                    {"type": "object", "properties": {"kind": {"const": "card"}, "last": {"type": "string"}}},
                    {"type": "object", "properties": {"kind": {"const": "iban"}, "iban": {"type": "string"}}},
                ]
            },
        },
        "required": ["number", "currency"],
        "additionalProperties": False,
        "$defs": {
            "line": {
                "type": "object",
                "properties": {"text": {"type": "string"}, "price": {"type": "number", "minimum": 0}},
                "required": ["text"],
                "additionalProperties": False,
            }
        },
    }
)


def broken(text: str, contract: JsonSchemaContract = INVOICE) -> list[tuple[str, str, str]]:
    """Return what the check of a JSON text says."""
    return [(one.pointer, one.rule, one.message) for one in contract.check(exact_json.loads(text))]


def test_a_document_that_satisfies_the_contract_has_no_violations() -> None:
    assert broken('{"number": "A1", "currency": "EUR", "due": null, "lines": [{"text": "x", "price": 0.5}]}') == []


def test_all_violations_are_found_at_once() -> None:
    found = broken('{"number": "", "due": "2024-13-01", "lines": [{"price": -1, "tax": 1}]}')

    assert {(pointer, rule) for pointer, rule, _ in found} == {
        ("/number", "minLength"),
        ("/number", "pattern"),
        ("/currency", "required"),
        ("/due", "format"),
        ("/lines/0/text", "required"),
        ("/lines/0/price", "minimum"),
        ("/lines/0/tax", "additionalProperties"),
    }


@pytest.mark.parametrize(
    ("text", "violation"),
    [
        ('{"number": "A", "currency": "XXX"}', ("/currency", "enum", 'must be one of "EUR", "USD"')),
        ('{"number": 7, "currency": "EUR"}', ("/number", "type", "must be of type string")),
        ('{"number": "a", "currency": "EUR"}', ("/number", "pattern", "must match the pattern ^[A-Z]")),
        ('{"number": "A", "currency": "EUR", "due": "x"}', ("/due", "format", "must be a valid date")),
        (
            '{"number": "A", "currency": "EUR", "due": 5}',
            ("/due", "anyOf", "must fit one of the alternatives: must be of type string; must be of type null"),
        ),
        (
            '{"number": "A", "currency": "EUR", "lines": [{"text": "x"}, {"text": "x"}]}',
            ("/lines", "uniqueItems", "must not hold the same item twice"),
        ),
        (
            '{"number": "A", "currency": "EUR", "lines": [{"text": "x", "price": -0.01}]}',
            ("/lines/0/price", "minimum", "must be at least 0"),
        ),
        (
            '{"number": "A", "currency": "EUR", "payment": {"kind": "iban", "iban": 7}}',
            ("/payment/iban", "type", "must be of type string"),
        ),
        (
            '{"number": "A", "currency": "EUR", "payment": {"kind": "cash"}}',
            ("/payment", "oneOf", 'must fit one of the alternatives: /kind must be "card"; /kind must be "iban"'),
        ),
        (
            '{"number": "A", "currency": "EUR", "payment": {}}',
            ("/payment", "oneOf", "fits several alternatives; exactly one must fit"),
        ),
    ],
)
def test_a_violation_says_where_which_rule_and_what_is_allowed(text: str, violation: tuple[str, str, str]) -> None:
    assert broken(text) == [violation]


def test_no_violation_repeats_an_offending_value() -> None:
    secret = "TOP-SECRET-4711"
    text = f'{{"number": "x{secret}", "currency": "{secret}", "due": "{secret}", "lines": ["{secret}"]}}'

    assert secret not in str(broken(text))


def test_an_undeclared_key_is_named_but_cannot_disturb_a_terminal_or_a_log() -> None:
    text = '{"number": "A", "currency": "EUR", "\\u001b[31m\\u202e\\n' + "k" * 500 + '": 1}'

    pointer, rule, _ = broken(text)[0]

    assert rule == "additionalProperties"
    assert pointer.isprintable()
    assert len(pointer) < 100


def test_pointers_are_escaped() -> None:
    contract = contract_from_schema({"type": "object", "properties": {"a/b~c": {"type": "string"}}})

    assert broken('{"a/b~c": 1}', contract)[0][0] == "/a~1b~0c"


def test_of_a_huge_list_the_first_violations_are_listed_at_once() -> None:
    contract = contract_from_schema({"type": "array", "items": {"type": "string"}, "minItems": 9000})
    start = time.perf_counter()

    found = contract.check([1] * 300_000)

    assert len(found) > 900
    assert {one.rule for one in found} == {"type"}
    assert time.perf_counter() - start < 3


def test_the_one_wrong_value_at_the_end_of_a_huge_document_is_found() -> None:
    contract = contract_from_schema({"type": "array", "items": {"type": "array", "items": {"type": "string"}}})

    assert [one.pointer for one in contract.check([["x"] * 100] * 1000 + [["x", 1]])] == ["/1000/1"]


def test_checking_changes_nothing() -> None:
    document = exact_json.loads('{"currency": "EUR", "number": "A", "lines": [{"price": 1.50, "text": "x"}]}')
    before = exact_json.dumps(document)

    INVOICE.check(document)

    assert exact_json.dumps(document) == before


def test_keys_leave_in_the_order_of_the_contract() -> None:
    text = '{"lines": [{"price": 1.50, "text": "x"}], "payment": {"iban": "DE", "kind": "iban"}, "number": "A"}'

    ordered = INVOICE.ordered(exact_json.loads(text))

    assert exact_json.dumps(ordered) == (
        b'{"number":"A","lines":[{"text":"x","price":1.50}],"payment":{"kind":"iban","iban":"DE"}}'
    )


def test_order_follows_references_unions_maps_tuples_and_recursion() -> None:
    node = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "children": {"type": "array", "items": {"$ref": "#/$defs/node"}}},
    }
    contract = contract_from_schema(
        {
            "type": "object",
            "allOf": [{"properties": {"a": {}}}, {"properties": {"b": {"$ref": "#/$defs/maybe"}}}],
            "properties": {
                "map": {"type": "object", "additionalProperties": {"$ref": "#/$defs/node"}},
                "pair": {"type": "array", "prefixItems": [{"type": "string"}, {"$ref": "#/$defs/node"}]},
            },
            "$defs": {"node": node, "maybe": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/node"}]}},
        }
    )
    tree = '{"children":[{"children":[],"name":"y"}],"name":"x"}'

    ordered = contract.ordered(exact_json.loads(f'{{"z":1,"b":{tree},"a":0,"pair":["q",{tree}],"map":{{"k":{tree}}}}}'))

    straight = '{"name":"x","children":[{"name":"y","children":[]}]}'
    assert exact_json.dumps_text(ordered) == (
        f'{{"map":{{"k":{straight}}},"pair":["q",{straight}],"a":0,"b":{straight},"z":1}}'
    )


@pytest.mark.parametrize("root", [{"type": "object", "properties": {}}, {"type": "array", "items": {"type": "string"}}])
def test_objects_and_arrays_are_contracts(root: dict[str, Any]) -> None:
    assert contract_from_schema(root).schema == root


@pytest.mark.parametrize(
    ("schema", "pointer", "fix"),
    [
        ({"type": "string"}, "", "put a scalar"),
        ({"type": ["object", "null"]}, "", "put a scalar"),
        ({"properties": {"a": {"type": "string"}}}, "", "set `type: object`"),
        ({"oneOf": [{"type": "object"}, {"type": "array"}]}, "", "union"),
        ({"type": "object", "oneOf": [{"properties": {"a": {}}}, {"properties": {"b": {}}}]}, "/oneOf", "property of"),
        ({"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"}, "/$schema", "2020-12"),
        ({"type": "bogus"}, "/type", "not JSON Schema"),
        ({"type": "object", "required": "a"}, "/required", "not JSON Schema"),
        ({"type": "object", "properties": {"a": {"$ref": "https://x.example/a.json"}}}, "/properties/a/$ref", "$defs"),
        (
            {"type": "object", "properties": {"a": {"$ref": "file:///etc/passwd"}}},
            "/properties/a/$ref",
            "nothing outside",
        ),
        ({"type": "object", "properties": {"a": {"$ref": "other.json"}}}, "/properties/a/$ref", "nothing outside"),
        ({"type": "object", "properties": {"a": {"$ref": "#/$defs/b"}}}, "/properties/a/$ref", "nothing is there"),
        ({"type": "object", "properties": {"a": {"$dynamicRef": "#b"}}}, "/properties/a/$dynamicRef", "use $ref"),
        ({"type": "object", "properties": {"a": {"$id": "urn:b"}}}, "/properties/a/$id", "take this one out"),
        ({"type": "object", "properties": {"a": {"pattern": "("}}}, "/properties/a/pattern", "regular expression"),
        ({"type": "object", "allOf": [{"type": "array"}]}, "/allOf/0", "no value"),
        (
            {"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"$ref": "#/$defs/a"}}},
            "/properties/a/$ref",
            "leads back to itself",
        ),
    ],
)
def test_a_schema_that_is_no_contract_is_refused_with_place_and_fix(
    schema: dict[str, Any], pointer: str, fix: str
) -> None:
    with pytest.raises(ContractRefused) as caught:
        contract_from_schema(schema)

    assert caught.value.problems[0].pointer == pointer
    assert fix in caught.value.problems[0].message


def test_all_problems_of_a_schema_are_said_at_once() -> None:
    schema = {"type": "object", "properties": {"a": {"pattern": "("}, "b": {"$ref": "#/none"}, "c": {"$ref": "x"}}}

    with pytest.raises(ContractRefused) as caught:
        contract_from_schema(schema)

    assert len(caught.value.problems) == 3


def test_a_schema_nested_without_end_is_refused() -> None:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(300):
        schema = {"type": "object", "properties": {"x": schema}}

    with pytest.raises(ContractRefused, match="too deep"):
        contract_from_schema(schema)


def test_definitions_and_anchors_can_be_referred_to() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"$ref": "#/definitions/t"}, "b": {"$ref": "#named"}},
        "definitions": {"t": {"type": "string"}, "u": {"$anchor": "named", "type": "integer"}},
    }

    assert contract_from_schema(schema).check({"a": 1, "b": "x"}) == (
        Violation("/a", "type", "must be of type string"),
        Violation("/b", "type", "must be of type integer"),
    )

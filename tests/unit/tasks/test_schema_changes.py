"""What between two versions of a contract breaks those who rely on it."""

from typing import Any

import pytest

from adapter.tasks.schema_changes import Side, Weight, schema_changes

STRING: dict[str, Any] = {"type": "string"}
TREE = {
    "type": "object",
    "properties": {"children": {"type": "array", "items": {"$ref": "#"}}, "label": {"enum": ["A"]}},
}


def _object(place: Any, *, required: bool = True, **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": place, **more}, "required": ["a"] if required else []}


def _changes(side: Side, old: Any, new: Any) -> list[tuple[Weight, str]]:
    return [(change.weight, str(change)) for change in schema_changes(side, old, new)]


@pytest.mark.parametrize(
    ("old", "new", "output", "as_input", "said"),
    [
        ({"enum": ["A"]}, {"enum": ["A", "B"]}, "MAJOR", "MINOR", "gains B"),
        ({"enum": ["A", "B"]}, {"enum": ["A"]}, "MAJOR", "MAJOR", "loses B"),
        (STRING, {"type": "string", "enum": ["A"]}, "MINOR", "MAJOR", "takes only listed values now"),
        ({"type": "string", "enum": ["A"]}, STRING, "MAJOR", "MINOR", "takes any value now"),
        (STRING, {"type": ["string", "null"]}, "MAJOR", "MINOR", "may be null now"),
        (STRING, {"anyOf": [STRING, {"type": "null"}]}, "MAJOR", "MINOR", "may be null now"),
        ({"type": ["string", "null"]}, STRING, "MINOR", "MAJOR", "may no longer be null"),
        ({"type": "integer"}, {"type": "number"}, "MAJOR", "MINOR", "may be number now"),
        ({"type": "number"}, {"type": "integer"}, "MINOR", "MAJOR", "may no longer be number"),
        (STRING, {}, "MAJOR", "MINOR", "may be array, boolean, integer, number, object now"),
        ({**STRING, "format": "date"}, STRING, "MAJOR", "MINOR", "has format none instead of date"),
        (STRING, {**STRING, "format": "date"}, "MINOR", "MAJOR", "has format date instead of none"),
        ({**STRING, "maxLength": 5}, {**STRING, "maxLength": 9}, "MINOR", "MINOR", "has maxLength 9 instead of 5"),
        ({**STRING, "maxLength": 9}, {**STRING, "maxLength": 5}, "MINOR", "MAJOR", "has maxLength 5 instead of 9"),
        (STRING, {**STRING, "minLength": 1}, "MINOR", "MAJOR", "has minLength 1 instead of none"),
        ({**STRING, "pattern": "^a"}, STRING, "MINOR", "MINOR", "has pattern none instead of ^a"),
        (STRING, {**STRING, "pattern": "^a"}, "MINOR", "MAJOR", "has pattern ^a instead of none"),
        (STRING, {**STRING, "not": {"const": "x"}}, "MAJOR", "MAJOR", "has another not"),
        (
            {"anyOf": [STRING, {"type": "integer"}]},
            {"anyOf": [STRING, {"type": "integer"}, {"type": "array"}]},
            "MAJOR",
            "MAJOR",
            "has other alternatives",
        ),
        ({"type": "array", "items": STRING}, {"type": "array", "items": {"type": "integer"}}, "MAJOR", "MAJOR", "/a/*"),
    ],
)
def test_a_change_at_a_place_weighs_differently_for_callers_and_consumers(
    old: Any, new: Any, output: str, as_input: str, said: str
) -> None:
    of_output = _changes("output", _object(old), _object(new))
    of_input = _changes("input", _object(old), _object(new))

    assert max(weight for weight, _ in of_output).name == output
    assert max(weight for weight, _ in of_input).name == as_input
    assert any(said in text for _, text in of_output)


@pytest.mark.parametrize(
    ("old", "new", "output", "as_input", "said"),
    [
        (_object(STRING, b=STRING), _object(STRING), "MAJOR", "MINOR", "/b: is gone"),
        (_object(STRING), _object(STRING, b=STRING), "MINOR", "MINOR", "/b: is new"),
        (_object(STRING, required=False), _object(STRING), "MINOR", "MAJOR", "/a: is required now"),
        (_object(STRING), _object(STRING, required=False), "MAJOR", "MINOR", "/a: may be absent now"),
        ({"type": "object"}, _object(STRING), "MINOR", "MAJOR", "/a: is new and required"),
        (
            _object(STRING),
            {**_object(STRING), "additionalProperties": False},
            "MINOR",
            "MAJOR",
            "/: takes no other keys now",
        ),
        (
            {**_object(STRING), "additionalProperties": False},
            _object(STRING),
            "MAJOR",
            "MINOR",
            "/: takes other keys now",
        ),
    ],
)
def test_a_field_that_comes_or_goes(old: Any, new: Any, output: str, as_input: str, said: str) -> None:
    of_output = _changes("output", old, new)
    of_input = _changes("input", old, new)

    assert max(weight for weight, _ in of_output).name == output
    assert max(weight for weight, _ in of_input).name == as_input
    assert any(said in text for _, text in [*of_output, *of_input])


def test_a_field_that_goes_from_a_closed_input_breaks_its_callers() -> None:
    closed = {**_object(STRING), "additionalProperties": False}

    [(weight, _)] = _changes("input", {**closed, "properties": {"a": STRING, "b": STRING}}, closed)

    assert weight is Weight.MAJOR


@pytest.mark.parametrize(
    "same",
    [
        (_object(STRING), _object({**STRING, "description": "New words", "title": "A"})),
        (_object(STRING), {**_object({"$ref": "#/$defs/t"}), "$defs": {"t": STRING}}),
        (_object({"anyOf": [STRING, {"type": "null"}]}), _object({"type": ["null", "string"]})),
        (_object({"const": "A"}), _object({"enum": ["A"]})),
        (TREE, TREE),
    ],
)
def test_what_nobody_can_notice_is_no_change(same: tuple[Any, Any]) -> None:
    assert _changes("output", *same) == []
    assert _changes("input", *same) == []


def test_a_change_deep_in_a_recursive_contract_is_found_once() -> None:
    wider = {**TREE, "properties": {**TREE["properties"], "label": {"enum": ["A", "B"]}}}  # type: ignore[dict-item]  # properties is a mapping

    assert [text for _, text in _changes("output", TREE, wider)] == ["output /label: gains B"]


def test_a_change_behind_a_reference_is_found() -> None:
    def contract(values: list[str]) -> dict[str, Any]:
        return {**_object({"$ref": "#/$defs/t"}), "$defs": {"t": {"enum": values}}}

    assert _changes("output", contract(["A"]), contract(["B"])) == [
        (Weight.MAJOR, "output /a: gains B"),
        (Weight.MAJOR, "output /a: loses A"),
    ]

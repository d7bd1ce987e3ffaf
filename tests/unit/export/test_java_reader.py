"""What a contract says becomes classes: types, presence, nesting, unions, recursion."""

from typing import Any

from adapter.tasks.export.java_model import (
    Choice,
    JavaFile,
    JavaType,
    ListOf,
    MapOf,
    Moment,
    Nested,
    Plain,
)
from adapter.tasks.export.java_reader import java_file


def read(schema: dict[str, Any]) -> JavaFile:
    found = java_file(schema, "Thing")
    assert found is not None
    return found


def types(**properties: Any) -> dict[str, JavaType]:
    file = read({"type": "object", "properties": properties})
    return {one.key: one.type for one in file.root.properties}


def test_each_type_of_json_has_one_of_java_that_loses_nothing() -> None:
    assert types(
        a={"type": "string"},
        b={"type": "number"},
        c={"type": "integer"},
        d={"type": "integer", "maximum": 10**20},
        e={"type": "boolean"},
        f={},
        g={"type": ["string", "number"]},
        h={"enum": [1, 2]},
        i={"enum": ["a", 1]},
    ) == {
        "a": Plain.TEXT,
        "b": Plain.DECIMAL,
        "c": Plain.LONG,
        "d": Plain.BIG_INTEGER,
        "e": Plain.BOOLEAN,
        "f": Plain.ANY,
        "g": Plain.ANY,
        "h": Plain.LONG,
        "i": Plain.ANY,
    }


def test_dates_that_the_contract_holds_to_iso_8601_are_moments() -> None:
    assert types(
        a={"type": "string", "format": "date"},
        b={"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
        c={"type": "array", "items": {"type": "string", "format": "time"}},
        d={"type": "string", "pattern": "^[0-9]{4}$"},
    ) == {"a": Moment.DATE, "b": Moment.DATE_TIME, "c": ListOf(Moment.TIME), "d": Plain.TEXT}


def test_presence_is_told() -> None:
    file = read(
        {
            "type": "object",
            "required": ["a", "b"],
            "properties": {"a": {"type": "string"}, "b": {"type": ["string", "null"]}, "c": {"type": "string"}},
        }
    )

    assert [(one.required, one.nullable) for one in file.root.properties] == [
        (True, False),
        (True, True),
        (False, False),
    ]


def test_a_closed_list_of_texts_is_an_enum_and_a_value_called_unknown_is_not_the_constant_for_new_ones() -> None:
    file = read({"type": "object", "properties": {"state": {"enum": ["OPEN", "unknown", None], "description": "Why"}}})

    (enum,) = file.enums
    assert (enum.name, enum.constants, enum.description) == (
        "State",
        (("OPEN", "OPEN"), ("UNKNOWN_2", "unknown")),
        "Why",
    )
    assert file.root.properties[0].type == Choice("State")


def test_enums_with_the_same_values_are_one_and_others_of_the_same_name_are_not() -> None:
    currency = {"enum": ["EUR", "CHF"]}
    inner = {"type": "object", "properties": {"currency": currency}}
    other = {"type": "object", "properties": {"currency": {"enum": ["USD"]}}}
    file = read({"type": "object", "properties": {"currency": currency, "inner": inner, "other": other}})

    assert [(one.name, [text for _, text in one.constants]) for one in file.enums] == [
        ("Currency", ["EUR", "CHF"]),
        ("Currency2", ["USD"]),
    ]


def test_nested_objects_are_classes_and_open_ones_maps() -> None:
    file = read(
        {
            "type": "object",
            "title": "Order",
            "properties": {
                "lines": {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}}},
                "totals": {"type": "object", "additionalProperties": {"type": "number"}},
                "rest": {"type": "object"},
            },
        }
    )

    assert [one.type for one in file.root.properties] == [
        ListOf(Nested("LinesItem")),
        MapOf(Plain.DECIMAL),
        MapOf(Plain.ANY),
    ]
    assert [one.name for one in file.classes] == ["LinesItem"]


def test_a_class_that_holds_itself_is_one_class() -> None:
    node = {"type": "object", "properties": {"children": {"type": "array", "items": {"$ref": "#/$defs/node"}}}}
    file = read({"type": "object", "properties": {"tree": {"$ref": "#/$defs/node"}}, "$defs": {"node": node}})

    assert [one.name for one in file.classes] == ["Node"]
    assert file.classes[0].properties[0].type == ListOf(Nested("Node"))


def test_objects_of_a_union_are_one_class_with_the_keys_of_all() -> None:
    circle: dict[str, Any] = {"type": "object", "required": ["kind", "radius"]}
    square: dict[str, Any] = {"type": "object", "required": ["kind"]}
    circle["properties"] = {"kind": {"const": "circle"}, "radius": {"type": "number"}}
    square["properties"] = {"kind": {"const": "square"}, "side": {"type": "number"}}
    file = read({"type": "object", "properties": {"shape": {"oneOf": [circle, square]}}})

    (shape,) = file.classes
    assert [(one.key, one.required) for one in shape.properties] == [("kind", True), ("radius", False), ("side", False)]
    assert [text for _, text in file.enums[0].constants] == ["circle", "square"]


def test_a_list_of_objects_gives_the_class_of_an_item() -> None:
    file = read(
        {"type": "array", "items": {"type": "object", "title": "Line", "properties": {"n": {"type": "integer"}}}}
    )

    assert file.root.name == "Line"


def test_without_keys_there_is_no_class() -> None:
    assert java_file({"type": "object", "additionalProperties": {"type": "string"}}, "Thing") is None
    assert java_file({"type": "array", "items": {"type": "string"}}, "Thing") is None


def test_a_taken_name_gives_way_to_the_one_of_the_side() -> None:
    file = java_file({"type": "object", "title": "Ticket", "properties": {"a": {}}}, "ThingInput", ["Ticket"])

    assert file is not None
    assert file.root.name == "ThingInput"

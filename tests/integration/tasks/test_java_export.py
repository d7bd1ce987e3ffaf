"""Exported classes compile as they are and are bound by Jackson as it comes: no annotation, no module, no setting."""

import json
from pathlib import Path
from typing import Any

import pytest

from adapter.domain import exact_json
from adapter.tasks.export.java_reader import java_file
from adapter.tasks.export.java_source import Style, java_source
from tests.kit.adapter_process import ROOT
from tests.kit.java import compile_java, jars_of_maven, java, run_java  # noqa: F401 - java is a fixture

pytestmark = pytest.mark.usefixtures("java")

BIND = ROOT / "tests" / "integration" / "tasks" / "java" / "Bind.java"
RELEASES: dict[Style, int] = {"beans": 8, "records": 17}
NODE = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "children": {"type": "array", "items": {"$ref": "#/$defs/node"}}},
}
CIRCLE = {"type": "object", "required": ["kind"], "properties": {"kind": {"const": "circle"}, "r": {"type": "number"}}}
SQUARE = {"type": "object", "required": ["kind"], "properties": {"kind": {"const": "square"}, "r": {"type": "string"}}}
PROPERTIES: dict[str, Any] = {
    "xCoord": {"type": "number", "description": "Ends */ here \\u0022 @see <b>&amp; ä {@link X}"},
    "get_x": {"type": "string"},
    "wait": {"type": "string"},
    "value": {"type": "string"},
    "map": {"type": "object", "additionalProperties": {"type": "object", "properties": {"n": {"type": "integer"}}}},
    "item0": {"type": "array", "items": {"type": "array", "items": {"type": "string", "format": "date"}}},
    "json": {"type": "boolean"},
    "_id": {"type": "string"},
    "default": {"type": "string"},
    "invoiceNumber": {"type": "string"},
    "invoice_number": {"type": "string"},
    "state": {"enum": ["", "5%", "in progress", "UNKNOWN", "unknown", "ä", None]},
    "states": {"type": "array", "items": {"enum": ["A", "B"]}},
    "due": {"type": ["string", "null"], "format": "date-time"},
    "huge": {"type": "integer", "maximum": 10**30},
    "any": {},
    "node": {"$ref": "#/$defs/node"},
    "shape": {"oneOf": [CIRCLE, SQUARE]},
    "string": {"type": "object", "properties": {"a": {"type": "string"}}},
    "tuple": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}]},
}
NO_COMPONENTS = {"wait", "json", "default"}
ODD_KEYS = ("KDNR-1", "class", "URL", "größe", "1st", "a b", "invoice-number")
ODD: dict[str, Any] = {
    "title": "Odd",
    "type": "object",
    "properties": {name: {"type": "string"} for name in ODD_KEYS} | {"due": {"type": "string", "format": "date-time"}},
}
DOCUMENT: dict[str, Any] = {
    "xCoord": "1.50",
    "get_x": '"g"',
    "wait": '"w"',
    "value": '"v"',
    "map": '{"k":{"n":9007199254740993}}',
    "item0": '[["2026-11-23"],[]]',
    "json": "true",
    "_id": '"i"',
    "default": '"d"',
    "invoiceNumber": '"1"',
    "invoice_number": '"2"',
    "state": '"new in a later contract"',
    "states": '["A","Z"]',
    "due": "null",
    "huge": "10000000000000000000000000",
    "any": '[1,{"q":"r"}]',
    "node": '{"name":"n","children":[{"name":"m"}]}',
    "shape": '{"kind":"square","r":"r"}',
    "string": '{"a":"b"}',
    "tuple": '["a",1]',
}


@pytest.fixture(scope="module", params=["2.13.5", "2.19.2"])
def jackson(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Give Jackson as Spring Boot 2.7 and 3.5 have it."""
    coordinates = f"com.fasterxml.jackson.core:jackson-databind:{request.param}"
    return jars_of_maven(tmp_path_factory.mktemp("jackson"), coordinates)


@pytest.fixture(scope="module", params=RELEASES)
def classes(request: pytest.FixtureRequest, jackson: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile the classes of both schemas, and Bind."""
    style: Style = request.param
    folder = tmp_path_factory.mktemp(style)
    for schema in (_usual(style), ODD):
        file = java_file(schema, "")
        assert file is not None
        source = folder / f"{file.root.name}.java"
        source.write_text(java_source(file, "com.acme", "thing@1", style), encoding="ascii")
    compile_java(sorted(folder.glob("*.java")), folder, release=RELEASES[style])
    compile_java([BIND], folder, release=8, class_path=[folder, *jackson])
    return folder


def bind(name: str, text: str, classes: Path, jackson: list[Path], *methods: str) -> list[str]:
    """Bind the text to a class, and return what Bind prints."""
    (classes / "document.json").write_text(text)
    path = [classes, *jackson]
    return run_java("Bind", f"com.acme.{name}", classes / "document.json", *methods, class_path=path).splitlines()


def text_of(values: dict[str, str]) -> str:
    return "{" + ",".join(f"{json.dumps(name, ensure_ascii=False)}:{value}" for name, value in values.items()) + "}"


def test_every_value_is_bound_and_written_again_digit_for_digit(classes: Path, jackson: list[Path]) -> None:
    is_bean = classes.name.startswith("beans")
    text = text_of({name: value for name, value in DOCUMENT.items() if is_bean or name not in NO_COMPONENTS})
    methods = ("state", "states", "due") if is_bean else ("stateAsEnum", "statesAsEnums", "dueAsOffsetDateTime")

    written, *shown = bind("Usual", text, classes, jackson, *methods)

    assert written == text
    assert shown == ["State UNKNOWN", "ArrayList [A, UNKNOWN]", "null"], "a value that is new to a jar breaks nothing"


def test_keys_that_no_method_can_be_called_are_bound_too(classes: Path, jackson: list[Path]) -> None:
    values = {name: json.dumps(name) for name in ODD["properties"]} | {"due": '"2026-11-23T10:00:00Z"'}

    written, due = bind("Odd", text_of(values), classes, jackson, "due")

    assert exact_json.loads(written) == exact_json.loads(text_of(values))
    assert due == "OffsetDateTime 2026-11-23T10:00Z"


def _usual(style: Style) -> dict[str, Any]:
    # a class with a key that no component can be called is a bean among records, too
    kept = {name: node for name, node in PROPERTIES.items() if style == "beans" or name not in NO_COMPONENTS}
    return {"title": "Usual", "type": "object", "required": ["due"], "properties": kept, "$defs": {"node": NODE}}

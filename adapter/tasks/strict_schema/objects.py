"""Strict schemas of objects and maps."""

from typing import TYPE_CHECKING, Any

from adapter.tasks.json_schema.source import Schema
from adapter.tasks.json_schema.view import NoValue, Sources, View
from adapter.tasks.strict_schema import scalars
from adapter.tasks.strict_schema.built import Built, free_name, optional
from adapter.tasks.strict_schema.containers import KEY, VALUE, MapShape, ObjectShape, Property
from adapter.tasks.strict_schema.hints import hint
from adapter.tasks.strict_schema.notes import sentences
from adapter.tasks.strict_schema.shapes import ABSENT, Shape

if TYPE_CHECKING:
    from adapter.tasks.strict_schema.builder import Builder


def build_object(builder: "Builder", view: View, depth: int) -> tuple[Schema, Shape]:
    """An object with all properties required; the optional ones may be null."""
    for keyword in ("minProperties", "maxProperties"):
        if keyword in view.keywords:
            builder.notes.drop(view, keyword)
    schemas: dict[str, Schema] = {}
    properties: list[Property] = []
    for name, sources in _declared(builder, view).items():
        built = _value(builder, view, name, sources, depth)
        if built is not None:
            schemas[name], prop = _property(view, name, sources, built)
            properties.append(prop)
    extra, extra_shape = "", None
    if isinstance(view.additional, tuple) or view.patterns:
        extra = free_name("_extra", view.properties)
        schemas[extra], extra_shape = build_map(builder, view, depth)
    return closed(schemas), ObjectShape(properties, extra, extra_shape)


def closed(properties: dict[str, Schema]) -> Schema:
    """Write an object schema that has exactly these properties."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _declared(builder: "Builder", view: View) -> dict[str, Sources]:
    """Properties, and those that are only named as required."""
    undeclared = [name for name in view.required if name not in view.properties]
    if undeclared and view.additional is False and not view.patterns:
        raise NoValue(view.pointer, f"{undeclared[0]!r} is required, but no property")
    rest = view.additional or (builder.anything,)
    return {**view.properties, **dict.fromkeys(undeclared, rest)}


def _value(builder: "Builder", view: View, name: str, sources: Sources, depth: int) -> Built | None:
    try:
        return builder.build(sources, depth + 1)
    except NoValue:
        if name in view.required:
            raise
        return None


def _property(view: View, name: str, sources: Sources, built: Built) -> tuple[Schema, Property]:
    default: Any = next((node["default"] for node in sources if "default" in node), None)
    if name in view.required:
        return built.schema, Property(name, built.shape, drops_null=False, identity=built.shape.identity)
    schema = optional(built)
    if default is not None:
        told = sentences(schema.get("description", ""), hint("default", default))
        schema = {"description": told, **{key: value for key, value in schema.items() if key != "description"}}
    keeps_null = built.is_nullable and default is not None
    prop = Property(
        name,
        built.shape,
        drops_null=not keeps_null,
        default=ABSENT if default is None else default,
        identity=built.shape.identity,
    )
    return schema, prop


def build_map(builder: "Builder", view: View, depth: int) -> tuple[Schema, MapShape]:
    """A map as a list of {key, value}; its key rules go to the key, its size to the list."""
    value = builder.build(_map_values(builder, view), depth + 2)
    entry = closed({KEY: _key(builder, view), VALUE: value.schema})
    schema: Schema = {"type": "array", "items": entry}
    if view.is_map:
        for keyword, sent in (("minProperties", "minItems"), ("maxProperties", "maxItems")):
            if keyword in view.keywords and builder.profile.takes(sent, int(view.take(keyword))):
                schema[sent] = int(view.take(keyword))
            elif keyword in view.keywords:
                builder.notes.drop(view, keyword)
    return schema, MapShape(value.shape)


def _map_values(builder: "Builder", view: View) -> Sources:
    rest = view.additional if isinstance(view.additional, tuple) else None
    options = [*(sources for _, sources in view.patterns), *([rest] if rest else [])]
    if len(options) == 1:
        return options[0]
    branches = [node for sources in options for node in (sources if len(sources) == 1 else [{"allOf": list(sources)}])]
    place = view.pointer
    return (builder.source.adopt({"anyOf": [_adopted(builder, node, place) for node in branches]}, place),)


def _adopted(builder: "Builder", node: Schema, place: str) -> Schema:
    return node if builder.source.place_of(node) else builder.source.adopt(node, place)


def _key(builder: "Builder", view: View) -> Schema:
    """Schema of a map's keys: its propertyNames where they are plain strings, or the pattern that all keys have."""
    if view.names:
        source = builder.source
        keys = tuple(source.adopt({"type": "string", **node}, source.place_of(node)) for node in view.names)
        names = builder.build(keys, 1)
        if names.schema.get("type") == "string" and names.shape.identity:
            return names.schema
    if len(view.patterns) == 1 and not isinstance(view.additional, tuple):
        pattern = view.patterns[0][0]
        if scalars.key_pattern(pattern, builder.profile):
            return {"type": "string", "pattern": pattern}
        builder.notes.drop(view, "patternProperties", f"Keys match {pattern}.")
    return {"type": "string"}

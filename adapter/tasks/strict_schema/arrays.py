"""Strict schemas of lists and tuples."""

from typing import TYPE_CHECKING

from adapter.tasks.json_schema.source import Schema
from adapter.tasks.json_schema.view import View
from adapter.tasks.strict_schema.built import optional
from adapter.tasks.strict_schema.containers import REST, ListShape, TupleShape, place_name
from adapter.tasks.strict_schema.objects import closed
from adapter.tasks.strict_schema.shapes import Shape

if TYPE_CHECKING:
    from adapter.tasks.strict_schema.builder import Builder


def build_array(builder: "Builder", view: View, depth: int) -> tuple[Schema, Shape]:
    """A list; one that may hold anything is a list of JSON-encoded strings."""
    item = builder.build((builder.anything,) if not view.items else view.items, depth + 1)
    schema: Schema = {"type": "array", "items": item.schema}
    limits = {keyword: int(view.take(keyword)) for keyword in ("minItems", "maxItems") if keyword in view.keywords}
    if view.items is False:
        limits["maxItems"] = 0
    for keyword, value in limits.items():
        if builder.profile.takes(keyword, value):
            schema[keyword] = value
        else:
            builder.notes.drop(view, keyword, value=value)
    return schema, ListShape(item.shape)


def build_tuple(builder: "Builder", view: View, depth: int) -> tuple[Schema, Shape]:
    """A list with a schema for each place, as an object: the decoder then keeps each place to its type."""
    places = [builder.build(sources, depth + 1) for sources in view.prefix]
    needed = min(int(view.take("minItems") or 0), len(places))
    named = {
        place_name(index): place.schema if index < needed else optional(place) for index, place in enumerate(places)
    }
    rest = None
    if view.items is not False and (view.take("maxItems") is None or view.take("maxItems") > len(places)):
        item = builder.build(view.items or (builder.anything,), depth + 2)
        named[REST] = {"type": "array", "items": item.schema}
        rest = ListShape(item.shape)
        for keyword in ("minItems", "maxItems"):
            if keyword in view.keywords:
                builder.notes.drop(view, keyword)
    return closed(named), TupleShape(tuple(place.shape for place in places), needed, rest)

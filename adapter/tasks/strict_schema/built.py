"""One built place of a strict schema."""

from collections.abc import Collection
from dataclasses import dataclass
from itertools import count

from adapter.tasks.json_schema.source import Schema
from adapter.tasks.json_schema.view import View
from adapter.tasks.strict_schema.notes import description_of
from adapter.tasks.strict_schema.shapes import Shape

_ANNOTATIONS = ("title", "description")


@dataclass(frozen=True, slots=True)
class Built:
    """What is sent for a place, and how its values travel."""

    schema: Schema
    shape: Shape
    is_nullable: bool = False
    """True when null is among the strict values."""


def annotated(schema: Schema, view: View, *, only_remarks: bool = False) -> Schema:
    """Put title and description in front of a schema."""
    front: Schema = {}
    if not only_remarks and view.take("title"):
        front["title"] = view.take("title")
    description = description_of(view, only_remarks=only_remarks)
    if description:
        front["description"] = description
    return {**front, **schema}


def optional(built: Built) -> Schema:
    """Let a place be null, for a property that may be absent."""
    if built.is_nullable:
        return built.schema
    outside = {key: built.schema[key] for key in _ANNOTATIONS if key in built.schema}
    inside = {key: value for key, value in built.schema.items() if key not in outside}
    branches = inside["anyOf"] if inside.keys() == {"anyOf"} else [inside]
    return {**outside, "anyOf": [*branches, {"type": "null"}]}


def ref_to(name: str) -> str:
    """Write a reference to a definition; "#" is the root."""
    return name if name == "#" else f"#/$defs/{name}"


def free_name(wanted: str, taken: Collection[str]) -> str:
    """Return a name that is not taken, numbered if it has to be."""
    names = (wanted if number == 1 else f"{wanted}_{number}" for number in count(1))
    return next(name for name in names if name not in taken)

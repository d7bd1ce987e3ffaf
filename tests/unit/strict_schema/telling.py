"""What the model is told of one rule, as these tests ask for it."""

from typing import Any

from adapter.tasks.strict_schema import StrictSchema, strictify

Schema = dict[str, Any]

NULL = {"type": "null"}
DECIMAL = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}


def told(rule: Schema, definitions: Schema | None = None, *, required: bool = True) -> StrictSchema:
    """Make the strict schema of an object whose property x follows a rule."""
    needed = ["x"] if required else []
    root = {"type": "object", "properties": {"x": rule}, "required": needed}
    return strictify({**root, "$defs": definitions} if definitions else root)


def sent(rule: Schema, *, required: bool = True) -> Any:
    """Return what is sent for such a property."""
    return told(rule, required=required).schema["properties"]["x"]


def closed(**properties: Any) -> dict[str, Any]:
    """Write a strict object."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}

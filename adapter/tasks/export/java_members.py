"""What beans and records have in common: descriptions, toMap, equality."""

from collections.abc import Iterable

from adapter.tasks.export.java_model import JavaClass, ListOf, MapOf, Nested, Plain, Property
from adapter.tasks.export.java_text import literal, prose

_EQUALITY = """
    @Override
    public boolean equals(Object other) {
        return other != null && getClass() == other.getClass() && toMap().equals(((%s) other).toMap());
    }

    @Override
    public int hashCode() {
        return toMap().hashCode();
    }

    @Override
    public String toString() {
        return toMap().toString();
    }"""


def said_of(one: Property) -> str:
    """Description of a property, and whether it may be missing."""
    presence = "May be absent: null." if not one.required else "May be null." if one.nullable else ""
    return f"{prose(one.description)} {presence}".strip() or f"JSON {{@code {one.key}}}."


def to_map(properties: Iterable[tuple[Property, str]]) -> str:
    """Write toMap; with each property goes the expression that reads it."""
    lines = [
        "",
        "    /** Returns what is there, by the keys of JSON, in the contract's order: what to write. */",
        "    public java.util.Map<String, Object> toMap() {",
        "        java.util.Map<String, Object> map = new java.util.LinkedHashMap<>();",
    ]
    for one, expression in properties:
        put = f"map.put({literal(one.key)}, {_json(expression, one)});"
        if one.required and one.nullable:
            lines.append(f"        {put}")
        else:
            lines += [f"        if ({expression} != null) {{", f"            {put}", "        }"]
    return "\n".join([*lines, "        return map;", "    }"])


def equality(java: JavaClass) -> str:
    """Write equals, hashCode and toString."""
    return _EQUALITY % java.name


def properties_annotation(java: JavaClass) -> str:
    """Name the keys of a constructor's parameters, with an annotation that the JDK has."""
    return f"@java.beans.ConstructorProperties({{{', '.join(literal(one.key) for one in java.properties)}}})"


def _json(expression: str, one: Property) -> str:
    has_objects = isinstance(one.type, Nested | ListOf | MapOf) or one.type is Plain.ANY
    return f"json({expression})" if has_objects else expression

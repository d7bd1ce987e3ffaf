"""A record of Java 17: components with JSON's own keys and types, methods for enums and dates."""

from collections.abc import Iterator

from adapter.tasks.export.java_members import said_of, to_map
from adapter.tasks.export.java_model import JavaClass, JavaType, ListOf, Moment
from adapter.tasks.export.java_text import code_type, javadoc, to_code, wire_type


def record_head(java: JavaClass, *, static: bool) -> str:
    """Write the declaration up to its brace; a record is static, wherever it stands."""
    components = [f"    {wire_type(one.type)} {one.key}" for one in java.properties]
    return f"record {java.name}(\n" + ",\n".join(components) + f"){' implements JsonObject' if static else ''} {{"


def record_body(java: JavaClass) -> Iterator[str]:
    """Yield the members."""
    for one in java.properties:
        kind, value = code_type(one.type), to_code(f"this.{one.field}", one.type)
        if kind != wire_type(one.type):
            yield ""
            yield javadoc(said_of(one))
            yield f"    public {kind} {one.member}As{_suffix(one.type)}() {{"
            yield f"        return {value};"
            yield "    }"
    yield to_map((one, f"this.{one.field}") for one in java.properties)


def _suffix(kind: JavaType) -> str:
    match kind:
        case Moment():
            return kind.value.rpartition(".")[2]
        case ListOf(item):
            return f"{_suffix(item)}s"
        case _:
            return "Enum"

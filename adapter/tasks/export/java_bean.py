"""The body of a Java 8 bean: get and set with JSON's own keys and types for mappers, the rest for code."""

from collections.abc import Iterator

from adapter.tasks.export.java_members import equality, properties_annotation, said_of, to_map
from adapter.tasks.export.java_model import JavaClass, Property
from adapter.tasks.export.java_names import accessor_suffix
from adapter.tasks.export.java_text import code_type, javadoc, prose, to_code, to_wire, wire_type


def bean_body(java: JavaClass) -> Iterator[str]:
    """Yield the members."""
    for one in java.properties:
        yield f"    private {wire_type(one.type)} {one.field};"
    if any(accessor_suffix(one.key) is None for one in java.properties):
        yield from _constructors(java)
    for one in java.properties:
        yield from _for_code(java, one)
        yield from _for_mappers(one)
    yield to_map((one, f"this.{one.field}") for one in java.properties)
    yield equality(java)


def _constructors(java: JavaClass) -> Iterator[str]:
    parameters = ", ".join(f"{wire_type(one.type)} {one.member}" for one in java.properties)
    yield f"\n    public {java.name}() {{\n    }}\n"
    yield javadoc("For mappers: names keys that no method of a bean can be called. To write them, write toMap().")
    yield f"    {properties_annotation(java)}"
    yield f"    public {java.name}({parameters}) {{"
    for one in java.properties:
        yield f"        this.{one.field} = {one.member};"
    yield "    }"


def _for_code(java: JavaClass, one: Property) -> Iterator[str]:
    kind, value = code_type(one.type), to_code(f"this.{one.field}", one.type)
    yield ""
    yield javadoc(said_of(one))
    yield f"    public {kind} {one.member}() {{"
    yield f"        return {value};"
    yield "    }\n"
    yield javadoc(f"Sets it: {prose(one.description)}" if one.description else f"Sets {{@link #{one.member}()}}.")
    yield f"    public {java.name} {one.member}({kind} value) {{"
    yield f"        this.{one.field} = {to_wire('value', one.type)};"
    yield "        return this;"
    yield "    }"


def _for_mappers(one: Property) -> Iterator[str]:
    suffix = accessor_suffix(one.key)
    if suffix is None:
        return
    kind = wire_type(one.type)
    yield ""
    yield f"    public {kind} get{suffix}() {{"
    yield f"        return this.{one.field};"
    yield "    }\n"
    yield f"    public void set{suffix}({kind} value) {{"
    yield f"        this.{one.field} = value;"
    yield "    }"

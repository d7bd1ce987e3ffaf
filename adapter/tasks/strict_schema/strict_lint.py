"""Holds a schema against the strict subset of an endpoint: what it would be refused for, before it is sent."""

from collections.abc import Iterator, Mapping
from typing import Any

from adapter.tasks.json_schema.pointer import child
from adapter.tasks.json_schema.problem import ContractProblem
from adapter.tasks.json_schema.source import Schema, walk
from adapter.tasks.strict_schema.profile import SchemaProfile
from adapter.tasks.strict_schema.scalars import LONG_ENUM

_TYPES = frozenset({"string", "number", "boolean", "integer", "object", "array", "null"})
_ALWAYS = frozenset(
    [
        "type",
        "title",
        "description",
        "enum",
        "const",
        "anyOf",
        "$ref",
        "$defs",
        "properties",
        "required",
        "additionalProperties",
        "items",
    ]
)


def strict_lint(schema: Mapping[str, Any], profile: SchemaProfile) -> tuple[ContractProblem, ...]:
    """Return everything that keeps a schema from being sent as strict to such an endpoint."""
    nodes = list(walk(schema))
    return (
        *_of_root(schema),
        *(problem for pointer, node in nodes for problem in _of_node(schema, pointer, node, profile)),
        *_of_limits(schema, nodes, profile),
        *(() if profile.recursion else _of_recursion(schema)),
    )


def _of_root(schema: Mapping[str, Any]) -> Iterator[ContractProblem]:
    if schema.get("type") != "object" or "anyOf" in schema:
        yield ContractProblem("", "the root must be an object")


def _of_node(root: Mapping[str, Any], pointer: str, node: Schema, profile: SchemaProfile) -> Iterator[ContractProblem]:
    unknown = node.keys() - _ALWAYS - profile.keywords
    if not profile.takes_const:
        unknown |= node.keys() & {"const"}
    yield from (
        ContractProblem(child(pointer, keyword), "is not a keyword of the subset") for keyword in sorted(unknown)
    )
    if "$ref" in node:
        yield from _of_reference(root, pointer, node)
    elif "anyOf" not in node and not (isinstance(node.get("type"), str) and node["type"] in _TYPES):
        yield ContractProblem(pointer, "has no single type")
    if node.get("type") == "object":
        yield from _of_object(pointer, node)
    if node.get("type") == "array" and not isinstance(node.get("items"), dict):
        yield ContractProblem(pointer, "an array needs items")
    if "anyOf" in node:
        yield from _of_union(root, pointer, node, profile)
    if "format" in node and node["format"] not in profile.formats:
        yield ContractProblem(child(pointer, "format"), "is not a format of the subset")
    if "enum" in node and not node["enum"]:
        yield ContractProblem(child(pointer, "enum"), "is empty")


def _of_reference(root: Mapping[str, Any], pointer: str, node: Schema) -> Iterator[ContractProblem]:
    reference = node["$ref"]
    if node.keys() != {"$ref"}:
        yield ContractProblem(pointer, "a $ref must stand alone")
    if reference != "#" and _definition(root, reference) is None:
        yield ContractProblem(child(pointer, "$ref"), "must be # or name one of $defs")


def _definition(root: Mapping[str, Any], reference: str) -> Any:
    return root if reference == "#" else root.get("$defs", {}).get(reference.removeprefix("#/$defs/"))


def _of_object(pointer: str, node: Schema) -> Iterator[ContractProblem]:
    if node.get("additionalProperties") is not False:
        yield ContractProblem(pointer, "additionalProperties must be false")
    if not isinstance(node.get("properties"), dict):
        yield ContractProblem(pointer, "an object needs properties")
    elif set(node.get("required", ())) != node["properties"].keys():
        yield ContractProblem(child(pointer, "required"), "must name every property")


def _of_union(root: Mapping[str, Any], pointer: str, node: Schema, profile: SchemaProfile) -> Iterator[ContractProblem]:
    if not node["anyOf"]:
        yield ContractProblem(child(pointer, "anyOf"), "is empty")
    if "type" in node:
        yield ContractProblem(pointer, "type must not stand beside anyOf")
    if not profile.distinct_first_keys:
        return
    firsts: dict[str, list[Any]] = {}
    for branch in node["anyOf"]:
        target = _definition(root, branch["$ref"]) if "$ref" in branch else branch
        first = next(iter((target or {}).get("properties", {}).items()), None)
        if first is not None:
            firsts.setdefault(first[0], []).append(first[1])
    for name, schemas in firsts.items():
        values = [value for one in schemas for value in ([one["const"]] if "const" in one else one.get("enum", [None]))]
        if len(schemas) > 1 and (None in values or len(set(values)) != len(values)):
            yield ContractProblem(child(pointer, "anyOf"), f"several objects begin with the key {name!r}")


def _of_limits(
    schema: Mapping[str, Any], nodes: list[tuple[str, Schema]], profile: SchemaProfile
) -> Iterator[ContractProblem]:
    properties = sum(len(node.get("properties", ())) for _, node in nodes)
    enums = [(pointer, node["enum"]) for pointer, node in nodes if "enum" in node]
    constants = [node["const"] for _, node in nodes if "const" in node]
    values = sum(len(enum) for _, enum in enums) + len(constants)
    names = [*schema.get("$defs", ()), *(name for _, node in nodes for name in node.get("properties", ()))]
    texts = [*names, *(value for _, enum in enums for value in enum), *constants]
    depth = max(_depth(node) for node in [schema, *schema.get("$defs", {}).values()])
    for what, found, limit in (
        ("properties", properties, profile.max_properties),
        ("enum values", values, profile.max_enum_values),
        ("characters of names and enum values", sum(len(str(text)) for text in texts), profile.max_name_chars),
        ("levels of objects and lists", depth, profile.max_depth),
    ):
        if found > limit:
            yield ContractProblem("", f"{found} {what}; {profile.name} takes {limit}: split the contract")
    for pointer, enum in enums:
        if len(enum) > LONG_ENUM and sum(len(str(value)) for value in enum) > profile.max_long_enum_chars:
            yield ContractProblem(pointer, f"the enum is longer than {profile.max_long_enum_chars} characters")


def _depth(schema: Mapping[str, Any]) -> int:
    """Count levels inside one definition; references are not followed."""
    inner = [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]
    below = max((_depth(node) for node in inner), default=0) if inner else 0
    beside = max((_depth(node) for node in schema.get("anyOf", ())), default=0)
    return max(below + (schema.get("type") in ("object", "array")), beside)


def _of_recursion(schema: Mapping[str, Any]) -> Iterator[ContractProblem]:
    uses = {
        name: _references(node) for name, node in [*schema.get("$defs", {}).items(), ("#", {**schema, "$defs": {}})]
    }
    for name, used_directly in uses.items():
        reached: set[str] = set()
        pending = list(used_directly)
        while pending:
            used = pending.pop()
            if used not in reached:
                reached.add(used)
                pending.extend(uses.get(used, ()))
        if name in reached:
            yield ContractProblem(
                "" if name == "#" else f"/$defs/{name}", "refers to itself; this endpoint refuses that"
            )


def _references(schema: Mapping[str, Any]) -> set[str]:
    return {str(node["$ref"]).removeprefix("#/$defs/") for _, node in walk(schema) if "$ref" in node}

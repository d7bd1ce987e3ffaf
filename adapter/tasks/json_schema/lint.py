"""Everything that keeps a schema from being a contract, found at once: said when a task is loaded, not when it runs."""

from collections.abc import Iterator, Mapping
from typing import Any

from adapter.tasks.json_schema.compiled import compile_schema, is_pattern, meta_validator
from adapter.tasks.json_schema.keywords import ANNOTATIONS
from adapter.tasks.json_schema.pointer import child, join
from adapter.tasks.json_schema.problem import ContractProblem, ContractRefused
from adapter.tasks.json_schema.source import SchemaSource, walk
from adapter.tasks.json_schema.view import NoValue, flatten, view_of

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DYNAMIC = ("$dynamicRef", "$recursiveRef", "$dynamicAnchor", "$recursiveAnchor", "$vocabulary")


def schema_problems(schema: Mapping[str, Any]) -> tuple[ContractProblem, ...]:
    """Find every problem of a schema that is to be a contract; () = it is one."""
    return tuple(_dialect(schema)) or tuple(_broken(schema)) or tuple(_unusable(schema))


def _dialect(schema: Mapping[str, Any]) -> Iterator[ContractProblem]:
    named = schema.get("$schema", _DIALECT)
    if str(named).removesuffix("#") != _DIALECT:
        message = (
            f'$schema must be "{_DIALECT}"; for an older draft change it, rename `items: [...]` to `prefixItems` '
            "and write exclusiveMinimum and exclusiveMaximum as numbers"
        )
        yield ContractProblem("/$schema", message)


def _broken(schema: Mapping[str, Any]) -> Iterator[ContractProblem]:
    for error in meta_validator().iter_errors(dict(schema)):
        yield ContractProblem(join(error.instance_path), f"not JSON Schema 2020-12: {error.message[:300]}")


def _unusable(schema: Mapping[str, Any]) -> Iterator[ContractProblem]:
    try:
        source = SchemaSource(schema)
    except ContractRefused as exc:
        yield from exc.problems
        return
    found = [problem for pointer, node in walk(schema) for problem in _of_node(source, pointer, node)]
    yield from found
    if found:
        return
    yield from _of_root(source)
    try:
        compile_schema(schema)
    except ValueError as exc:
        yield ContractProblem("", f"the schema does not compile: {str(exc)[:300]}")


def _of_node(source: SchemaSource, pointer: str, node: Mapping[str, Any]) -> Iterator[ContractProblem]:
    yield from _of_references(source, pointer, node)
    if pointer and "$id" in node:
        yield ContractProblem(child(pointer, "$id"), "only the root may have an $id; take this one out")
    patterns = [("pattern", node["pattern"])] if "pattern" in node else []
    patterns += [("patternProperties", pattern) for pattern in node.get("patternProperties", ())]
    for keyword, pattern in patterns:
        if not is_pattern(pattern):
            yield ContractProblem(child(pointer, keyword), "the pattern is not a regular expression (ECMA-262)")


def _of_references(source: SchemaSource, pointer: str, node: Mapping[str, Any]) -> Iterator[ContractProblem]:
    for keyword in _DYNAMIC:
        if keyword in node:
            yield ContractProblem(child(pointer, keyword), f"{keyword} is not supported; use $ref to a place in $defs")
    reference = node.get("$ref")
    if reference is None:
        return
    if not str(reference).startswith("#"):
        fix = "nothing outside the file is read; copy what it names into $defs and refer to it as #/$defs/name"
        yield ContractProblem(child(pointer, "$ref"), fix)
        return
    try:
        if _is_endless(source, reference):
            yield ContractProblem(child(pointer, "$ref"), "leads back to itself and says nothing; refer to a type")
    except LookupError:
        yield ContractProblem(child(pointer, "$ref"), "nothing is there; check the reference against $defs")


def _is_endless(source: SchemaSource, reference: str) -> bool:
    """Follow references of references. Raises LookupError where one leads nowhere."""
    seen: set[str] = set()
    following: str | None = reference
    while following is not None and following not in seen:
        seen.add(following)
        target = source.target(following)
        following = target.get("$ref") if target.keys() - ANNOTATIONS == {"$ref"} else None
    return following is not None


def _of_root(source: SchemaSource) -> Iterator[ContractProblem]:
    try:
        view = view_of(source, (source.root,))
    except NoValue as exc:
        yield ContractProblem(exc.pointer, f"no value satisfies this: {exc}")
        return
    except ContractRefused as exc:
        yield from exc.problems
        return
    states_type = any("type" in part for part in flatten(source, (source.root,)))
    if not states_type or view.types not in ({"object"}, {"array"}):
        fix = (
            "a contract is an object or an array: set `type: object` at the root, and put a scalar, "
            "a nullable value or a union of several shapes into a property of it"
        )
        yield ContractProblem("", fix)
    elif view.unions and view.types == {"object"} and not view.properties:
        fix = "the root may not be a union; put it into a property of an object, for example `result`"
        yield ContractProblem("/anyOf" if "anyOf" in source.root else "/oneOf", fix)

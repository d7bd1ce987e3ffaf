"""A schema as its author wrote it, copied once: every subschema is a dict with an identity and a place."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from adapter.tasks.json_schema.pointer import child, follow, join
from adapter.tasks.json_schema.problem import ContractProblem, ContractRefused

Schema = dict[str, Any]

MAX_SCHEMA_DEPTH = 96
MAX_SCHEMA_NODES = 50_000

MAPS_OF_SCHEMAS = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
LISTS_OF_SCHEMAS = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
SINGLE_SCHEMAS = frozenset(
    {
        "additionalProperties",
        "propertyNames",
        "items",
        "contains",
        "not",
        "if",
        "then",
        "else",
        "unevaluatedItems",
        "unevaluatedProperties",
        "contentSchema",
    }
)
# `false` under these keywords closes a list or an object, and is clearer left as it is.
_CLOSERS = frozenset({"additionalProperties", "items", "unevaluatedItems", "unevaluatedProperties"})


class SchemaSource:
    """A private copy of a schema: `true` became {}, `false` became {"not": {}}; nobody changes it afterwards."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        """Raises ContractRefused when the schema is nested or grown beyond all reason."""
        self._places: dict[int, str] = {}
        self._derived: dict[tuple[int, frozenset[str]], Schema] = {}
        self._adopted: list[Schema] = []
        self.root: Schema = self._copy(schema, "", 0)

    def place_of(self, node: Schema) -> str:
        """Return the pointer of a subschema of this source; "" for anything else."""
        return self._places.get(id(node), "")

    def without(self, node: Schema, keywords: frozenset[str]) -> Schema:
        """Return a subschema without some keywords: the same object each time, at the same place."""
        if not keywords & node.keys():
            return node
        key = (id(node), keywords)
        if key not in self._derived:
            self._derived[key] = self.adopt({k: v for k, v in node.items() if k not in keywords}, self.place_of(node))
        return self._derived[key]

    def adopt(self, node: Schema, place: str) -> Schema:
        """Give a schema that was made of parts of this one a place. It is kept, so that its identity stays its own."""
        self._adopted.append(node)
        self._places[id(node)] = place
        return node

    def subschemas(self) -> Iterator[tuple[str, Schema]]:
        """Yield every subschema with its pointer, parents first."""
        yield from walk(self.root)

    def target(self, reference: str) -> Schema:
        """Return what a local $ref names. Raises LookupError for a remote, dangling or misplaced one."""
        if not reference.startswith("#"):
            raise LookupError(reference)
        fragment = reference[1:]
        if fragment and not fragment.startswith("/"):
            return self._anchored(fragment)
        found = follow(self.root, unquote(fragment))
        if not isinstance(found, dict) or id(found) not in self._places:
            raise LookupError(reference)
        return found

    def _anchored(self, anchor: str) -> Schema:
        for _, node in self.subschemas():
            if node.get("$anchor") == anchor:
                return node
        raise LookupError(anchor)

    def _copy(self, node: Any, pointer: str, depth: int) -> Schema:
        if depth > MAX_SCHEMA_DEPTH or len(self._places) > MAX_SCHEMA_NODES:
            raise ContractRefused([ContractProblem(pointer, "the schema is too deep or too large; split the task")])
        if node is True:
            copied: Schema = {}
        elif isinstance(node, Mapping):
            copied = {key: self._copy_value(key, value, child(pointer, key), depth) for key, value in node.items()}
        else:
            copied = {"not": {}}
        self._places[id(copied)] = pointer
        return copied

    def _copy_value(self, keyword: str, value: Any, pointer: str, depth: int) -> Any:
        if keyword in MAPS_OF_SCHEMAS and isinstance(value, Mapping):
            return {name: self._copy(node, child(pointer, name), depth + 1) for name, node in value.items()}
        if keyword in LISTS_OF_SCHEMAS and isinstance(value, list):
            return [self._copy(node, child(pointer, index), depth + 1) for index, node in enumerate(value)]
        is_closer = value is False and keyword in _CLOSERS
        if keyword in SINGLE_SCHEMAS and isinstance(value, Mapping | bool) and not is_closer:
            return self._copy(value, pointer, depth + 1)
        return value


def walk(root: Mapping[str, Any]) -> Iterator[tuple[str, Schema]]:
    """Yield every schema object inside a schema with its pointer, parents first; references are not followed."""
    stack: list[tuple[tuple[str | int, ...], Any]] = [((), root)]
    while stack:
        path, node = stack.pop()
        if isinstance(node, Mapping):
            yield join(path), dict(node) if not isinstance(node, dict) else node
            stack.extend(reversed(list(_children(path, node))))


def _children(path: tuple[str | int, ...], node: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    for keyword, value in node.items():
        if keyword in MAPS_OF_SCHEMAS and isinstance(value, Mapping):
            yield from (((*path, keyword, name), inner) for name, inner in value.items())
        elif keyword in LISTS_OF_SCHEMAS and isinstance(value, list):
            yield from (((*path, keyword, index), inner) for index, inner in enumerate(value))
        elif keyword in SINGLE_SCHEMAS:
            yield (*path, keyword), value

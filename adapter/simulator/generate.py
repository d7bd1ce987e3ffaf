"""Documents for any strict JSON Schema: valid, plausible, and the same for the same seed.

A schema is compiled once into nodes; a document costs microseconds after that.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from adapter.domain import exact_json
from adapter.simulator.draw import Draw
from adapter.simulator.nodes import (
    ENDLESS,
    NUMBERS,
    UNSAID,
    Array,
    Choice,
    Node,
    Object,
    Reference,
    Union,
    scalar,
    settle,
)
from adapter.simulator.numbers import NumberMaker
from adapter.simulator.strings import StringMaker

_FEW_ITEMS = 3
_ANNOTATIONS = frozenset({"$ref", "title", "description", "default", "examples", "deprecated", "$comment"})


class UnusableSchema(ValueError):
    """No finite document can satisfy the schema, or a $ref of it leads nowhere. A real provider answers with a 400."""


class Generator:
    """Makes documents for one schema."""

    def __init__(self, schema: Mapping[str, Any] | bool) -> None:  # noqa: FBT001 - true and false are schemas
        """Compile. Raises UnusableSchema."""
        compiler = _Compiler(schema)
        self._root = compiler.compile(schema, "")
        settle(compiler.nodes)
        if self._root.height >= ENDLESS:
            raise UnusableSchema("the schema requires itself without end; make the recursive property nullable")

    def document(self, seed: int, message: str = "", given: Any = UNSAID, *, is_short: bool = False) -> Any:
        """Make the document of a seed; words may come from the message; a partial `given` document is completed.

        A short one leaves out what may be left out.
        """
        return self._root.make(Draw(seed, message, is_short=is_short), 0, given)


@dataclass(frozen=True, slots=True)
class CompiledSchema:
    """A generator with what identifies its schema and how long that is as JSON."""

    generator: Generator
    digest: bytes
    bytes: int


class GeneratorCache:
    """Compiled schemas, the least recently used dropped first."""

    def __init__(self, size: int = 256) -> None:
        """Keep at most `size`."""
        self._size = size
        self._compiled: OrderedDict[bytes, CompiledSchema] = OrderedDict()

    def get(self, schema: Mapping[str, Any]) -> CompiledSchema:
        """Compile a schema, or find it compiled. Raises UnusableSchema."""
        text = exact_json.dumps(schema)
        digest = blake2b(text, digest_size=16).digest()
        found = self._compiled.get(digest)
        if found is not None:
            self._compiled.move_to_end(digest)
            return found
        found = self._compiled[digest] = CompiledSchema(Generator(schema), digest, len(text))
        if len(self._compiled) > self._size:
            self._compiled.popitem(last=False)
        return found


def seed_of(*parts: bytes) -> int:
    """Turn what identifies a request into a seed."""
    digest = blake2b(digest_size=8)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return int.from_bytes(digest.digest(), "big")


class _Compiler:
    """Turns one schema into nodes; a $ref met again is the same node."""

    def __init__(self, root: Any) -> None:
        self._root = root
        self._references: dict[tuple[str, str], Reference] = {}
        self.nodes: list[Node] = []

    def compile(self, schema: Any, name: str) -> Node:
        """Compile one place; its property name lends plausibility."""
        node = self._node(schema if isinstance(schema, dict) else {}, name)
        self.nodes.append(node)
        return node

    def _node(self, schema: dict[str, Any], name: str) -> Node:  # noqa: PLR0911 - one return for each kind of schema
        if "$ref" in schema:
            return self._reference(schema, name)
        if "allOf" in schema:
            return self.compile(self._merged(schema), name)
        if "const" in schema:
            return Choice([schema["const"]])
        if "enum" in schema:
            return Choice(schema["enum"])
        for word in ("anyOf", "oneOf"):
            if word in schema:
                rest = {key: value for key, value in schema.items() if key != word}
                return Union([self.compile(_overlaid(rest, branch), name) for branch in schema[word]])
        kind = schema.get("type", _implied_type(schema))
        if isinstance(kind, list):
            return Union([self.compile({**schema, "type": each}, name) for each in kind])
        return self._typed(schema, kind, name)

    def _typed(self, schema: dict[str, Any], kind: str, name: str) -> Node:
        match kind:
            case "object":
                properties = schema.get("properties", {})
                nodes = {key: self.compile(value, key) for key, value in properties.items()}
                return Object(nodes, frozenset(schema.get("required", ())) & nodes.keys())
            case "array":
                return self._array(schema, name)
            case "integer" | "number":
                maker = NumberMaker.of(schema, name, is_integer=kind == "integer")
                return scalar(maker, *((int,) if kind == "integer" else NUMBERS))
            case "boolean":
                return Choice([True, False])
            case "null":
                return Choice([None])
        return scalar(StringMaker.of(schema, name), str)

    def _array(self, schema: dict[str, Any], name: str) -> Node:
        first = [self.compile(item, name) for item in schema.get("prefixItems", ())]
        items = schema.get("items", {})
        closed_at = len(first) if items is False else None
        most = schema.get("maxItems", closed_at)
        least = int(schema.get("minItems", len(first)))
        most = max(least, _FEW_ITEMS) if most is None else min(int(most), max(least, _FEW_ITEMS))
        return Array(self.compile(items, name), first, least, most, bool(schema.get("uniqueItems", False)))

    def _reference(self, schema: dict[str, Any], name: str) -> Node:
        if schema.keys() - _ANNOTATIONS:
            rest = {key: value for key, value in schema.items() if key != "$ref"}
            return self.compile(_overlaid(rest, self._resolved(schema["$ref"])), name)
        key = (schema["$ref"], name)
        if key not in self._references:
            reference = self._references[key] = Reference()
            reference.target = self.compile(self._resolved(schema["$ref"]), name)
        return self._references[key]

    def _resolved(self, reference: str) -> Any:
        found = self._root
        if not reference.startswith("#"):
            raise UnusableSchema(f"$ref {reference[:80]!r} leads out of the schema")
        try:
            for part in reference[1:].split("/")[1:]:
                word = part.replace("~1", "/").replace("~0", "~")
                found = found[int(word)] if isinstance(found, list) else found[word]
        except (KeyError, IndexError, ValueError, TypeError) as exc:
            raise UnusableSchema(f"$ref {reference[:80]!r} leads nowhere") from exc
        return found

    def _merged(self, schema: dict[str, Any]) -> dict[str, Any]:
        merged = {key: value for key, value in schema.items() if key != "allOf"}
        for part in schema["allOf"]:
            resolved = self._resolved(part["$ref"]) if "$ref" in part else part
            merged = _overlaid(merged, resolved)
        return merged


def _overlaid(outer: dict[str, Any], inner: Any) -> dict[str, Any]:
    """Join the keywords of two schemas that both hold: properties and required add up, the inner wins elsewhere."""
    if not isinstance(inner, dict):
        return outer
    joined = {**outer, **inner}
    if "properties" in outer and "properties" in inner:
        joined["properties"] = {**outer["properties"], **inner["properties"]}
    if "required" in outer and "required" in inner:
        joined["required"] = [*outer["required"], *inner["required"]]
    return joined


def _implied_type(schema: Mapping[str, Any]) -> str:
    if "properties" in schema:
        return "object"
    if "items" in schema or "prefixItems" in schema:
        return "array"
    if schema.keys() & {"minimum", "maximum", "multipleOf"}:
        return "number"
    return "string"

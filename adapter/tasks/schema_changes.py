"""What changed between two versions of a contract, and how much that weighs for those who rely on it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Literal

from adapter.tasks.json_schema.pointer import escape, follow

Schema = Mapping[str, Any]
Side = Literal["input", "output"]

_UPPER = ("maxLength", "maxItems", "maximum", "exclusiveMaximum", "maxProperties", "maxContains")
_LOWER = ("minLength", "minItems", "minimum", "exclusiveMinimum", "minProperties", "minContains")
_RULES = ("pattern", "multipleOf", "uniqueItems")
# Keywords without an order of strictness that we know: any change of theirs counts as a break.
_OPAQUE = (
    "not", "if", "then", "else", "contains", "prefixItems", "patternProperties", "propertyNames",
    "dependentRequired", "dependentSchemas", "unevaluatedProperties", "unevaluatedItems", "allOf",
)  # fmt: skip


class Weight(IntEnum):
    """Which number of the version a change has to raise."""

    PATCH = 0
    MINOR = 1
    MAJOR = 2


@dataclass(frozen=True, slots=True)
class Change:
    """One difference, at a JSON Pointer into the document (`/*` = any item)."""

    weight: Weight
    side: Side
    pointer: str
    message: str

    def __str__(self) -> str:
        """Return it as one line."""
        return f"{self.side} {self.pointer or '/'}: {self.message}"


def schema_changes(side: Side, old: Schema, new: Schema) -> Iterator[Change]:
    """Compare two contracts of one side; differences that nobody can notice from outside are not told."""
    yield from _Comparison(side, old, new).compare(old, new, "")


@dataclass(frozen=True, slots=True)
class _Shape:
    """A schema without its null: what else a place may hold."""

    schema: Schema
    nullable: bool
    branches: tuple[Any, ...]


class _Comparison:
    """Walks both schemas side by side; each pair of references is compared once."""

    def __init__(self, side: Side, old: Schema, new: Schema) -> None:
        self.side, self.old, self.new = side, old, new
        self.is_input = side == "input"
        self.seen: set[tuple[str, str]] = {("#", "#")}

    def compare(self, old: Any, new: Any, pointer: str) -> Iterator[Change]:
        pair = (_reference(old), _reference(new))
        if all(pair):
            if pair in self.seen:
                return
            self.seen.add(pair)
        before, after = _shape(self.old, old), _shape(self.new, new)
        yield from self._nullability(before, after, pointer)
        if before.branches or after.branches:
            yield from self._branches(before, after, pointer)
            return
        yield from self._types(before.schema, after.schema, pointer)
        yield from self._enum(before.schema, after.schema, pointer)
        yield from self._format(before.schema, after.schema, pointer)
        yield from self._bounds(before.schema, after.schema, pointer)
        yield from self._properties(before.schema, after.schema, pointer)
        yield from self._openness(before.schema, after.schema, pointer)
        if "items" in before.schema and "items" in after.schema:
            yield from self.compare(before.schema["items"], after.schema["items"], f"{pointer}/*")

    def _change(self, pointer: str, message: str, *, breaks: bool) -> Change:
        return Change(Weight.MAJOR if breaks else Weight.MINOR, self.side, pointer, message)

    def _nullability(self, old: _Shape, new: _Shape, pointer: str) -> Iterator[Change]:
        if old.nullable != new.nullable:
            message = "may be null now" if new.nullable else "may no longer be null"
            yield self._change(pointer, message, breaks=new.nullable is not self.is_input)

    def _branches(self, old: _Shape, new: _Shape, pointer: str) -> Iterator[Change]:
        if len(old.branches) != len(new.branches):
            yield self._change(pointer, "has other alternatives", breaks=True)
            return
        for before, after in zip(old.branches, new.branches, strict=True):
            yield from self.compare(before, after, pointer)

    def _types(self, old: Schema, new: Schema, pointer: str) -> Iterator[Change]:
        before, after = _admitted(old), _admitted(new)
        if gained := after - before:
            yield self._change(pointer, f"may be {_words(gained)} now", breaks=not self.is_input)
        if lost := before - after:
            yield self._change(pointer, f"may no longer be {_words(lost)}", breaks=self.is_input)

    def _enum(self, old: Schema, new: Schema, pointer: str) -> Iterator[Change]:
        before, after = _values(old), _values(new)
        if before is None and after is None:
            return
        if before is None or after is None:
            message = "takes any value now" if after is None else "takes only listed values now"
            yield self._change(pointer, message, breaks=(after is None) is not self.is_input)
            return
        if gained := after - before:
            yield self._change(pointer, f"gains {_words(gained)}", breaks=not self.is_input)
        if lost := before - after:
            yield self._change(pointer, f"loses {_words(lost)}", breaks=True)

    def _format(self, old: Schema, new: Schema, pointer: str) -> Iterator[Change]:
        before, after = old.get("format"), new.get("format")
        if before != after:
            is_break = after is not None if self.is_input else before is not None
            message = f"has format {after or 'none'} instead of {before or 'none'}"
            yield self._change(pointer, message, breaks=is_break)

    def _bounds(self, old: Schema, new: Schema, pointer: str) -> Iterator[Change]:
        for keyword in (*_UPPER, *_LOWER, *_RULES):
            before, after = old.get(keyword), new.get(keyword)
            if before != after:
                message = f"has {keyword} {_said(after)} instead of {_said(before)}"
                stricter = _is_stricter(keyword, before, after)
                yield self._change(pointer, message, breaks=self.is_input and stricter)
        for keyword in _OPAQUE:
            if old.get(keyword) != new.get(keyword):
                yield self._change(pointer, f"has another {keyword}", breaks=True)

    def _properties(self, old: Schema, new: Schema, pointer: str) -> Iterator[Change]:
        before, after = _properties(old), _properties(new)
        needed_before, needed_after = set(old.get("required", ())), set(new.get("required", ()))
        for name in sorted(before.keys() - after.keys()):
            breaks = not self.is_input or new.get("additionalProperties") is False
            yield self._change(f"{pointer}/{escape(name)}", "is gone", breaks=breaks)
        for name in sorted(after.keys() - before.keys()):
            breaks = self.is_input and name in needed_after
            yield self._change(f"{pointer}/{escape(name)}", "is new" + " and required" * breaks, breaks=breaks)
        for name in sorted(before.keys() & after.keys()):
            place = f"{pointer}/{escape(name)}"
            if (name in needed_before) != (name in needed_after):
                required = name in needed_after
                message = "is required now" if required else "may be absent now"
                yield self._change(place, message, breaks=required is self.is_input)
            yield from self.compare(before[name], after[name], place)

    def _openness(self, old: Schema, new: Schema, pointer: str) -> Iterator[Change]:
        before, after = old.get("additionalProperties", True), new.get("additionalProperties", True)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from self.compare(before, after, f"{pointer}/*")
        elif before != after:
            message = "takes no other keys now" if after is False else "takes other keys now"
            yield self._change(pointer, message, breaks=(after is not True) if self.is_input else before is not True)


def _reference(node: Any) -> str:
    return str(node.get("$ref", "")) if isinstance(node, Mapping) else ""


def _resolve(root: Schema, node: Any) -> Schema:
    """Follow local references; what stands beside a $ref wins over its target. No schema object becomes {}."""
    seen: set[str] = set()
    merged: dict[str, Any] = {}
    while isinstance(node, Mapping):
        merged = {**node, **merged}
        reference = _reference(node)
        if not reference or reference in seen:
            break
        seen.add(reference)
        node = follow(root, reference.removeprefix("#"))
    merged.pop("$ref", None)
    return merged


def _types(schema: Schema) -> frozenset[str]:
    declared = schema.get("type", [])
    return frozenset([declared] if isinstance(declared, str) else declared)


def _shape(root: Schema, node: Any) -> _Shape:
    schema = _resolve(root, node)
    branches = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    others = [branch for branch in branches if _types(_resolve(root, branch)) != {"null"}]
    nullable = len(others) < len(branches) or "null" in _types(schema)
    if len(others) == 1:
        inner = _shape(root, others[0])
        return _Shape(inner.schema, nullable or inner.nullable, inner.branches)
    return _Shape(schema, nullable, tuple(others))


_EVERY_TYPE = frozenset({"object", "array", "string", "number", "integer", "boolean"})


def _admitted(schema: Schema) -> frozenset[str]:
    """Types a place may hold, null aside; number includes integer."""
    declared = _types(schema) - {"null"} or _EVERY_TYPE
    return declared | {"integer"} if "number" in declared else declared


def _values(schema: Schema) -> frozenset[str] | None:
    if "const" in schema:
        return frozenset([str(schema["const"])])
    if "enum" in schema:
        return frozenset(str(value) for value in schema["enum"] if value is not None)
    return None


def _properties(schema: Schema) -> Mapping[str, Any]:
    found = schema.get("properties", {})
    return found if isinstance(found, Mapping) else {}


def _is_stricter(keyword: str, old: Any, new: Any) -> bool:
    if new is None or new is False:
        return False
    if old is None or keyword in _RULES:
        return True
    return bool(new < old if keyword in _UPPER else new > old)


def _words(values: frozenset[str]) -> str:
    return ", ".join(sorted(values))


def _said(bound: Any) -> str:
    return "none" if bound is None else str(bound)

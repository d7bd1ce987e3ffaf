"""All that one place of a schema says: `$ref` followed, `allOf` intersected, types inferred where none is given."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from adapter.tasks.json_schema.keywords import ANNOTATIONS, INFERRED, LOWER_BOUNDS, STRUCTURE, UPPER_BOUNDS
from adapter.tasks.json_schema.pointer import child
from adapter.tasks.json_schema.problem import ContractProblem, ContractRefused
from adapter.tasks.json_schema.source import Schema, SchemaSource

Sources = tuple[Schema, ...]
"""Schemas that a value must satisfy all of."""


class NoValue(ValueError):
    """A place that no value satisfies: a `false` schema, or parts that contradict each other."""

    def __init__(self, pointer: str, message: str) -> None:
        self.pointer = pointer
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Choice:
    """An anyOf or oneOf: the value satisfies one of the branches."""

    keyword: str
    owner: Schema
    branches: tuple[Sources, ...]


@dataclass(slots=True)
class View:
    """The intersection of some sources. types empty = nothing says which; additional None = anything goes."""

    pointer: str
    types: frozenset[str] = frozenset()
    enum: list[Any] | None = None
    properties: dict[str, Sources] = field(default_factory=dict)
    required: dict[str, None] = field(default_factory=dict)
    additional: Sources | Literal[False] | None = None
    patterns: list[tuple[str, Sources]] = field(default_factory=list)
    names: Sources = ()
    items: Sources | Literal[False] | None = None
    prefix: list[Sources] = field(default_factory=list)
    unions: list[Choice] = field(default_factory=list)
    keywords: dict[str, Any] = field(default_factory=dict)
    """Everything else, the tightest of each: bounds, pattern, format, annotations."""
    places: dict[str, str] = field(default_factory=dict)
    """Where each of `keywords` stands."""
    clashing: list[tuple[str, str, Any]] = field(default_factory=list)
    """(pointer, keyword, value) of second patterns and the like, which one schema cannot hold beside the first."""
    remarks: dict[str, None] = field(default_factory=dict)
    """Sentences that were added to its description."""

    @property
    def is_map(self) -> bool:
        """True for an object without named properties whose values have a schema."""
        has_value_schema = isinstance(self.additional, tuple) or bool(self.patterns)
        return not self.properties and has_value_schema

    @property
    def is_open_object(self) -> bool:
        """True for an object of which nothing is known."""
        return not self.properties and not self.patterns and self.additional is None

    def take(self, keyword: str) -> Any:
        """Return a keyword's value, None if it is not there."""
        return self.keywords.get(keyword)


def flatten(source: SchemaSource, sources: Sources) -> Sources:
    """Return the schemas that hold at a place, `$ref` and `allOf` followed; each once, referrers before targets."""
    parts: dict[int, Schema] = {}
    pending = list(reversed(sources))
    while pending:
        node = pending.pop()
        if id(node) in parts:
            continue
        parts[id(node)] = node
        following = [checked_target(source, node)] if "$ref" in node else []
        pending.extend(reversed([*following, *node.get("allOf", ())]))
    return tuple(parts.values())


def view_of(source: SchemaSource, sources: Sources) -> View:
    """Intersect everything that is said. Raises NoValue where it cannot be satisfied."""
    parts = flatten(source, sources)
    view = View(pointer=source.place_of(sources[0]) if sources else "")
    for part in parts:
        place = source.place_of(part) or view.pointer
        if part.get("not") == {}:
            raise NoValue(place, "a `false` schema")
        _add_types(view, part, place)
        _add_structure(view, part)
        for keyword, value in part.items():
            if keyword not in STRUCTURE:
                _add_keyword(view, keyword, value, place)
    _add_properties(view, parts)
    _settle_types(view)
    return view


def _add_types(view: View, part: Schema, place: str) -> None:
    if "type" in part:
        declared = part["type"]
        said = frozenset([declared] if isinstance(declared, str) else declared)
        view.types = said if not view.types else _common_types(view.types, said)
        if not view.types:
            raise NoValue(place, "its parts ask for different types")
    for values in ([part["const"]] if "const" in part else None, part.get("enum")):
        if values is not None:
            kept = values if view.enum is None else [one for one in view.enum if _in(one, values)]
            view.enum = list(kept)
            if not kept:
                raise NoValue(place, "its enums have no value in common")


def _common_types(left: frozenset[str], right: frozenset[str]) -> frozenset[str]:
    both = left & right
    if "integer" in left | right and "number" in left | right and "number" not in both:
        both |= {"integer"}
    return both


def _add_structure(view: View, part: Schema) -> None:
    view.required.update(dict.fromkeys(part.get("required", ())))
    view.patterns.extend((pattern, (node,)) for pattern, node in part.get("patternProperties", {}).items())
    if "propertyNames" in part:
        view.names = (*view.names, part["propertyNames"])
    for keyword in ("anyOf", "oneOf"):
        if keyword in part:
            view.unions.append(Choice(keyword, part, tuple((node,) for node in part[keyword])))
    if part.get("prefixItems") and not view.prefix:
        view.prefix = [(node,) for node in part["prefixItems"]]
    items = part.get("items", False if part.get("unevaluatedItems") is False else None)
    if items is False or view.items is False:
        view.items = False
    elif items is not None:
        view.items = (*(view.items or ()), items)


def _add_keyword(view: View, keyword: str, value: Any, place: str) -> None:
    known = view.keywords.get(keyword)
    if known is None:
        better = True
    elif keyword in LOWER_BOUNDS:
        better = value > known
    elif keyword in UPPER_BOUNDS:
        better = value < known
    else:
        better = False
        if keyword not in ANNOTATIONS and not _same(value, known):
            view.clashing.append((place, keyword, value))
    if better:
        view.keywords[keyword] = value
        view.places[keyword] = place


def _add_properties(view: View, parts: Sources) -> None:
    for part in parts:
        for name, node in part.get("properties", {}).items():
            view.properties[name] = (*view.properties.get(name, ()), node)
    for part in parts:
        own, patterns = part.get("properties", {}), part.get("patternProperties", {})
        rest = part.get("additionalProperties")
        foreign = [name for name in view.properties if name not in own and not _matches(name, patterns)]
        if rest is False:
            for name in foreign:
                del view.properties[name]
        elif isinstance(rest, dict):
            for name in foreign:
                view.properties[name] = (*view.properties[name], rest)
        if rest is False or (part.get("unevaluatedProperties") is False and view.additional is None):
            view.additional = False
        elif isinstance(rest, dict) and view.additional is not False:
            # {} says no more than absence
            view.additional = (*(view.additional or ()), rest) if rest else view.additional


def _matches(name: str, patterns: Iterable[str]) -> bool:
    try:
        return any(re.search(pattern, name) for pattern in patterns)
    except re.error:
        return True


def _settle_types(view: View) -> None:
    if view.enum is not None:
        fitting = [value for value in view.enum if not view.types or type_of(value) & view.types]
        if not fitting:
            raise NoValue(view.pointer, "no value of its enum has its type")
        view.enum = fitting
        view.types = frozenset(next(iter(type_of(value) - {"number"} or {"number"})) for value in fitting)
        return
    if view.types or view.unions:
        return
    said = set(view.keywords)
    if view.properties or view.required or view.patterns or view.names or view.additional is not None:
        said.add("properties")
    if view.prefix or view.items is not None:
        said.add("items")
    view.types = frozenset(next(([name] for name, signs in INFERRED if said & signs), []))


def type_of(value: Any) -> frozenset[str]:
    """Return the JSON Schema types of a value; a whole number is a number and an integer."""
    if value is None:
        return frozenset({"null"})
    if isinstance(value, bool):
        return frozenset({"boolean"})
    if isinstance(value, int | float | Decimal):
        return frozenset({"integer", "number"} if _is_whole(value) else {"number"})
    return frozenset({"string" if isinstance(value, str) else "object" if isinstance(value, dict) else "array"})


def _is_whole(value: float | Decimal) -> bool:
    # int() of 1E999999 would take for ever
    return value == value.to_integral_value() if isinstance(value, Decimal) else float(value).is_integer()


def _same(left: Any, right: Any) -> bool:
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def _in(value: Any, values: Iterable[Any]) -> bool:
    return any(_same(value, other) for other in values)


def is_constraint_only(source: SchemaSource, branches: Iterable[Sources]) -> bool:
    """Say whether no branch of a union describes a shape: `anyOf: [{required: [a]}, {required: [b]}]`."""
    shapes = STRUCTURE - {"required"}
    return not any(shapes & set(part) for branch in branches for part in flatten(source, branch))


def checked_target(source: SchemaSource, node: Schema) -> Schema:
    """Follow a `$ref`. Raises ContractRefused where it leads nowhere."""
    try:
        return source.target(node["$ref"])
    except LookupError:
        pointer = child(source.place_of(node), "$ref")
        raise ContractRefused([ContractProblem(pointer, "the reference leads nowhere in this file")]) from None

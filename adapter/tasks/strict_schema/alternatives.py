"""Which shapes a place of a contract can have: unions unfolded, their siblings pushed into each branch, types split."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Any

from adapter.tasks.json_schema.compiled import compile_places
from adapter.tasks.json_schema.keywords import ANNOTATIONS
from adapter.tasks.json_schema.problem import ContractProblem, ContractRefused
from adapter.tasks.json_schema.source import Schema, SchemaSource
from adapter.tasks.json_schema.view import (
    Choice,
    NoValue,
    Sources,
    View,
    flatten,
    is_constraint_only,
    type_of,
    view_of,
)

MAX_ALTERNATIVES = 100
_JOINTS = frozenset({"$ref", "allOf"})
_TYPE_ORDER = ("string", "integer", "number", "boolean", "object", "array", "null")


@dataclass(frozen=True)
class Alternative:
    """One shape of a place: a view with one type ("" = any JSON), and the schemas it came from."""

    sources: Sources
    view: View
    type: str
    is_split: bool = False
    """True when `sources` admit other types too."""

    @cached_property
    def kind(self) -> str:
        """What it is to the strict shape: object, map, tuple, array, open, number, code, or a plain type."""
        if not self.type:
            return "open"
        if self.view.enum is not None and self.type in {"number", "object", "array"}:
            return "code"
        if self.type == "object":
            return "open" if self.view.is_open_object else "map" if self.view.is_map else "object"
        return "tuple" if self.type == "array" and self.view.prefix else self.type

    @property
    def strict_type(self) -> str:
        """JSON type of the strict value, when it is not wrapped."""
        return _STRICT_TYPES.get(self.kind, self.kind)

    def constants(self) -> dict[str, tuple[Any, ...]]:
        """Required properties that can only have certain values."""
        found: dict[str, tuple[Any, ...]] = {}
        for name, sources in self.view.properties.items():
            for node in sources if name in self.view.required else ():
                values = [node["const"]] if "const" in node else node.get("enum", ())
                if values and all(isinstance(value, str) for value in values):
                    found[name] = tuple(values)
        return found


_STRICT_TYPES = {"open": "string", "number": "string", "code": "string", "map": "array", "tuple": "object"}


class Unfolder:
    """Finds the alternatives of places of one schema."""

    def __init__(self, source: SchemaSource, on_dropped: Callable[[View, Choice], None]) -> None:
        self._source = source
        self._on_dropped = on_dropped

    def alternatives(self, sources: Sources) -> list[Alternative]:
        """Return every shape of a place. Raises NoValue if there is none, ContractRefused if there are too many."""
        found = list(islice(self._unfold(sources, frozenset()), MAX_ALTERNATIVES + 1))
        if len(found) > MAX_ALTERNATIVES:
            message = f"more than {MAX_ALTERNATIVES} alternatives; use fewer, or one object with optional properties"
            raise ContractRefused([ContractProblem(self._source.place_of(sources[0]), message)])
        if not found:
            raise NoValue(self._source.place_of(sources[0]), "none of its alternatives can be satisfied")
        return found

    def _unfold(self, sources: Sources, above: frozenset[tuple[int, str]]) -> Iterator[Alternative]:
        view = view_of(self._source, sources)
        choice = self._choice(view)
        if choice is None:
            yield from _by_type(sources, view)
            return
        key = (id(choice.owner), choice.keyword)
        if key in above:
            return
        siblings = self._siblings(sources, choice)
        for branch in choice.branches:
            try:
                yield from self._unfold((*branch, *siblings), above | {key})
            except NoValue:
                continue

    def _choice(self, view: View) -> Choice | None:
        """The first union that describes shapes; the others are told in words, unless they are unfolded further in."""
        for choice in view.unions:
            if view.types and is_constraint_only(self._source, choice.branches):
                self._on_dropped(view, choice)
            else:
                return choice
        return None

    def _siblings(self, sources: Sources, choice: Choice) -> Sources:
        """Everything that holds beside a union, without the union and without annotations: those are the union's."""
        needless = _JOINTS | ANNOTATIONS
        bare = (
            self._source.without(part, needless | {choice.keyword} if part is choice.owner else needless)
            for part in flatten(self._source, sources)
        )
        return tuple(part for part in bare if part)


def _by_type(sources: Sources, view: View) -> Iterator[Alternative]:
    types = [name for name in _TYPE_ORDER if name in view.types]
    if "number" in types and "integer" in types and view.enum is None:
        types.remove("integer")
    if len(types) <= 1:
        yield Alternative(sources, view, types[0] if types else "")
        return
    for name in types:
        enum = None if view.enum is None else [value for value in view.enum if _is_of(value, name)]
        yield Alternative(sources, replace(view, types=frozenset({name}), enum=enum), name, is_split=True)


def _is_of(value: Any, name: str) -> bool:
    types = type_of(value)
    return name in types and not (name == "number" and "integer" in types)


def acceptor(schema: Schema, source: SchemaSource, alternative: Alternative) -> Callable[[Any], bool]:
    """Return a check of contract values against one alternative; compiled when it is first asked."""
    places = sorted({source.place_of(node) for node in alternative.sources})
    compiled: list[Callable[[Any], bool]] = []

    def accepts(value: Any) -> bool:
        if alternative.type and alternative.type not in type_of(value):
            return False
        if not compiled:
            compiled.append(compile_places(schema, places).is_valid)
        return compiled[0](value)

    return accepts

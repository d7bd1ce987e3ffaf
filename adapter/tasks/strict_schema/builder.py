"""Builds the strict schema and the shapes of a contract, place by place; definitions are built once and referred to."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from adapter.tasks.json_schema.keywords import ANNOTATIONS
from adapter.tasks.json_schema.problem import ContractProblem, ContractRefused
from adapter.tasks.json_schema.source import Schema, SchemaSource
from adapter.tasks.json_schema.view import Choice, Sources, View, checked_target, flatten
from adapter.tasks.strict_schema import arrays, objects, scalars, union_schema
from adapter.tasks.strict_schema.alternatives import Alternative, Unfolder
from adapter.tasks.strict_schema.built import Built, annotated, free_name, ref_to
from adapter.tasks.strict_schema.notes import Notes
from adapter.tasks.strict_schema.profile import SchemaProfile
from adapter.tasks.strict_schema.shapes import SAME, JsonText, Reference, Shape

MAX_DEPTH = 48
MAX_PLACES = 20_000
_SOLE_KEYWORDS = frozenset({"$ref"})
_SLUG = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(slots=True)
class _Entry:
    """A place that others refer to. name "" = nobody does so far; "#" = the root."""

    name: str = ""
    reference: Reference = field(default_factory=Reference)


class Builder:
    """Builds one strict schema. Raises ContractRefused for what has none."""

    def __init__(self, source: SchemaSource, profile: SchemaProfile, raw: Schema) -> None:
        self.source = source
        self.profile = profile
        self.raw = raw
        self.notes = Notes()
        self.definitions: dict[str, Schema] = {}
        self.anything: Schema = source.adopt({}, "")
        self.unfolder = Unfolder(source, self._drop_union)
        self.first_keys: list[tuple[Schema, str]] = []
        """Objects of unions with the constant that has to come first in them."""
        self._entries: dict[tuple[int, ...], _Entry] = {}
        self._places = 0

    def build(self, sources: Sources, depth: int) -> Built:
        """Build one place. Raises NoValue where nothing satisfies it."""
        self._places += 1
        if depth > MAX_DEPTH or self._places > MAX_PLACES:
            message = "the contract is nested too deep or unfolds too far to be told to a model; simplify it"
            raise ContractRefused([ContractProblem(self.source.place_of(sources[0]), message)])
        if len(sources) == 1 and "$ref" in sources[0] and sources[0].keys() - ANNOTATIONS == _SOLE_KEYWORDS:
            return self._referred(sources[0], depth)
        return self._once(self.key(sources), sources, depth)

    def build_root(self, alternative: Alternative) -> Built:
        """Build an object that is the root itself: recursion to it is `#`."""
        self._entries[self.key(alternative.sources)] = entry = _Entry(name="#")
        built = self.build_alternative(alternative, 0)
        entry.reference.target = built.shape
        return built

    def build_alternative(self, alternative: Alternative, depth: int, *, raw_number: bool = False) -> Built:
        """Build one shape of a place, with its description."""
        view = alternative.view
        schema, shape = self._build_kind(alternative, depth, raw_number=raw_number)
        if alternative.type != "null":
            self._drop_leftovers(view, alternative.type)
            schema = annotated(schema, view, only_remarks=alternative.is_split)
        return Built(schema, shape, alternative.type == "null")

    def key(self, sources: Sources) -> tuple[int, ...]:
        """Identify a place by what is said there."""
        parts = flatten(self.source, sources)
        return tuple(id(part) for part in parts if part.keys() - ANNOTATIONS - {"$ref", "allOf"}) or (id(parts[0]),)

    def is_nullable(self, sources: Sources) -> bool:
        """Say whether null is among the strict values of a place."""
        return any(alternative.type == "null" for alternative in self.unfolder.alternatives(sources))

    def _referred(self, node: Schema, depth: int) -> Built:
        target = checked_target(self.source, node)
        key = self.key((target,))
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = _Entry(name=self._name_for(target))
            self._define(entry, (target,), depth)
        elif not entry.name:
            entry.name = self._name_for(target)
        own: Schema = {keyword: node[keyword] for keyword in ("title", "description") if keyword in node}
        reference: Schema = {"$ref": ref_to(entry.name)}
        schema = {**own, "anyOf": [reference]} if own else reference
        return Built(schema, entry.reference, self.is_nullable((target,)))

    def _once(self, key: tuple[int, ...], sources: Sources, depth: int) -> Built:
        """Build a place where it stands, unless it is being built further out: then it becomes a definition."""
        outer = self._entries.get(key)
        if outer is not None:
            outer.name = outer.name or self._name_for(sources[0])
            return Built({"$ref": ref_to(outer.name)}, outer.reference, self.is_nullable(sources))
        entry = self._entries[key] = _Entry()
        built = self._unfolded(sources, depth)
        entry.reference.target = built.shape
        if entry.name:
            self.definitions[entry.name] = built.schema
            return Built({"$ref": ref_to(entry.name)}, entry.reference, built.is_nullable)
        del self._entries[key]
        return built

    def _define(self, entry: _Entry, sources: Sources, depth: int) -> None:
        # the name is taken before the body is built, so that definitions keep the order of first use
        self.definitions[entry.name] = {}
        built = self._unfolded(sources, depth)
        entry.reference.target = built.shape
        self.definitions[entry.name] = built.schema

    def _unfolded(self, sources: Sources, depth: int) -> Built:
        found = self.unfolder.alternatives(sources)
        if len(found) == 1:
            return self.build_alternative(found[0], depth)
        return union_schema.build_union(self, sources, found, depth)

    def _build_kind(self, alternative: Alternative, depth: int, *, raw_number: bool) -> tuple[Schema, Shape]:
        view, profile, notes = alternative.view, self.profile, self.notes
        if alternative.type == "number" and raw_number:
            return scalars.raw_number(view, profile, notes)
        if view.enum is not None:
            return scalars.constant(view, alternative.type, profile, notes)
        if alternative.kind in {"null", "boolean"}:
            return {"type": alternative.kind}, SAME
        if alternative.kind == "open":
            notes.say(
                view, "JSON, encoded as a string." if not alternative.type else "A JSON object, encoded as a string."
            )
            return {"type": "string"}, JsonText()
        if alternative.kind in _SCALARS:
            return _SCALARS[alternative.kind](view, profile, notes)
        return _CONTAINERS[alternative.kind](self, view, depth)

    def _drop_leftovers(self, view: View, type_name: str) -> None:
        if "if" in view.keywords:
            self.notes.drop(view, "if", value={key: view.keywords[key] for key in _CONDITION if key in view.keywords})
        for keyword in ("not", *_NEVER_SENT.get(type_name, ())):
            if keyword in view.keywords:
                self.notes.drop(view, keyword)
        for _, keyword, value in view.clashing:
            self.notes.drop(view, keyword, value=value)

    def _drop_union(self, view: View, choice: Choice) -> None:
        self.notes.drop(view, choice.keyword, value=choice.owner[choice.keyword])

    def _name_for(self, node: Schema) -> str:
        place = self.source.place_of(node)
        slug = _SLUG.sub("_", place.rpartition("/")[2])[:48] or "root"
        names = {entry.name for entry in self._entries.values()} | self.definitions.keys()
        return free_name(slug, names)


_Scalar = Callable[[View, SchemaProfile, Notes], tuple[Schema, Shape]]
_Container = Callable[[Builder, View, int], tuple[Schema, Shape]]
_SCALARS: Mapping[str, _Scalar] = {"string": scalars.string, "integer": scalars.integer, "number": scalars.decimal}
_CONTAINERS: Mapping[str, _Container] = {
    "object": objects.build_object,
    "map": objects.build_map,
    "array": arrays.build_array,
    "tuple": arrays.build_tuple,
}
_CONDITION = ("if", "then", "else")
_NEVER_SENT: Mapping[str, tuple[str, ...]] = {
    "object": ("dependentRequired", "dependentSchemas"),
    "array": ("uniqueItems", "contains", "minContains", "maxContains"),
}

"""Puts the keys of a document into the contract's order; changes nothing else."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapter.tasks.json_schema.source import SchemaSource
from adapter.tasks.json_schema.view import NoValue, Sources, View, view_of

_Key = tuple[int, ...]
_CONTAINERS = (dict, list)


@dataclass(frozen=True, slots=True)
class _Place:
    """What ordering needs to know of one place. `branches` are the places its union may lead to, unions unfolded."""

    properties: Mapping[str, Sources]
    fixed: Mapping[str, Any]
    rest: Sources
    items: Sources
    prefix: Sequence[Sources]
    branches: tuple["_Place", ...] = ()


class KeyOrder:
    """Knows the order of keys at each place of a schema; a place is looked at when a document first reaches it."""

    def __init__(self, source: SchemaSource) -> None:
        self._source = source
        self._places: dict[_Key, _Place | None] = {}

    def ordered(self, document: Any) -> Any:
        """Return the document with declared keys first, in the schema's order, then the others as they came."""
        return self._order(document, (self._source.root,))

    def _order(self, value: Any, sources: Sources) -> Any:
        if not sources or not isinstance(value, _CONTAINERS):
            return value
        place = self._place(sources)
        if place is None:
            return value
        if isinstance(value, list):
            return self._list(value, place)
        return self._object(value, (place, _best(place.branches, value)) if place.branches else (place,))

    def _list(self, value: list[Any], place: _Place) -> list[Any]:
        listing = next((one for one in (place, *place.branches) if one.items or one.prefix), place)
        if not any(isinstance(item, _CONTAINERS) for item in value):
            return value
        inner = [*listing.prefix, *[listing.items] * (len(value) - len(listing.prefix))]
        return [self._order(item, sources) for item, sources in zip(value, inner, strict=False)]

    def _object(self, value: Mapping[str, Any], places: Sequence[_Place]) -> dict[str, Any]:
        ordered: dict[str, Any] = {}
        for place in places:
            for name, sources in place.properties.items():
                if name in value and name not in ordered:
                    item = value[name]
                    # asked here too, because most values are scalars and a call costs more than the question
                    ordered[name] = self._order(item, sources) if isinstance(item, _CONTAINERS) else item
        if len(ordered) < len(value):
            rest = next((place.rest for place in places if place.rest), ())
            for name, item in value.items():
                if name not in ordered:
                    ordered[name] = self._order(item, rest)
        return ordered

    def _place(self, sources: Sources) -> _Place | None:
        key = tuple(map(id, sources))
        if key not in self._places:
            try:
                self._places[key] = self._look_at(sources)
            except NoValue:
                self._places[key] = None
        return self._places[key]

    def _look_at(self, sources: Sources) -> _Place:
        view = view_of(self._source, sources)
        own = tuple(map(id, sources))
        return _place_of(view, tuple(self._unfolded(view, {own})))

    def _unfolded(self, view: View, seen: set[_Key]) -> Iterator[_Place]:
        for branch in (branch for choice in view.unions for branch in choice.branches):
            key = tuple(map(id, branch))
            if key in seen:
                continue
            seen.add(key)
            try:
                inner = view_of(self._source, branch)
            except NoValue:
                continue
            yield _place_of(inner, ())
            yield from self._unfolded(inner, seen)


def _place_of(view: View, branches: tuple[_Place, ...]) -> _Place:
    fixed = {name: node["const"] for name, nodes in view.properties.items() for node in nodes if "const" in node}
    rest = view.additional or (view.patterns[0][1] if len(view.patterns) == 1 else ())
    return _Place(view.properties, fixed, rest or (), view.items or (), view.prefix, branches)


def _best(branches: Sequence[_Place], value: Mapping[str, Any]) -> _Place:
    """Choose the branch whose constants are right and that knows most of the keys; the first of equals."""

    def misfit(branch: _Place) -> tuple[bool, int, int]:
        wrong = any(name in value and value[name] != constant for name, constant in branch.fixed.items())
        unknown = sum(name not in branch.properties for name in value)
        absent = sum(name not in value for name in branch.properties)
        return wrong, unknown, absent

    return min(branches, key=misfit)

"""Shapes of objects, maps, lists and tuples."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapter.tasks.json_schema.violations import printable
from adapter.tasks.strict_schema.shapes import ABSENT, DecimalText, Ledger, Path, Shape, as_it_is, copy_json, decimal_of

KEY, VALUE, REST = "key", "value", "_rest"


@dataclass(frozen=True, slots=True)
class Property:
    """One declared property. drops_null: null in the strict shape means that it is absent."""

    name: str
    shape: Shape
    drops_null: bool
    default: Any = ABSENT
    identity: bool = False


def converter_of(prop: Property) -> Callable[[Any], Any] | None:
    """Return what lifts a property without asking where it is; None = its shape has to be asked."""
    if prop.identity:
        return as_it_is
    return decimal_of if isinstance(prop.shape, DecimalText) else None


class ObjectShape:
    """An object with declared properties; `extra` names the property that carries the undeclared ones, if any."""

    def __init__(self, properties: Sequence[Property], extra: str = "", extra_shape: "MapShape | None" = None) -> None:
        self._properties = tuple(properties)
        self._plan = tuple((one.name, converter_of(one), one.shape, one.drops_null, one.default) for one in properties)
        self._extra = extra
        self._extra_shape = extra_shape
        self.identity = not extra and all(
            prop.identity and not prop.drops_null and prop.default is ABSENT for prop in properties
        )

    def lift(self, value: Any, path: Path, ledger: Ledger) -> Any:
        """Take nulls of optional properties out, fill declared defaults in (with a change), lift the rest."""
        if not isinstance(value, dict):
            return value
        lifted: dict[str, Any] = {}
        known = 0
        for name, convert, shape, drops_null, default in self._plan:
            item = value.get(name, ABSENT)
            known += item is not ABSENT
            if item is ABSENT or (item is None and drops_null):
                if default is not ABSENT:
                    lifted[name] = copy_json(default)
                    ledger.change((*path, name), "defaulted", default)
            elif convert is not None:
                lifted[name] = convert(item)
            else:
                lifted[name] = shape.lift(item, (*path, name), ledger)
        if known < len(value):
            self._lift_rest(value, lifted, path, ledger)
        return lifted

    def _lift_rest(self, value: Mapping[str, Any], lifted: dict[str, Any], path: Path, ledger: Ledger) -> None:
        declared = {prop.name for prop in self._properties}
        for name, item in value.items():
            if name == self._extra and self._extra_shape is not None and isinstance(item, list | None):
                entries = self._extra_shape.lift(item or [], path, ledger)
                self._merge(entries, lifted, path, ledger)
            elif name not in declared:
                lifted[name] = item

    def _merge(self, entries: Any, lifted: dict[str, Any], path: Path, ledger: Ledger) -> None:
        if not isinstance(entries, dict):
            lifted[self._extra] = entries
            return
        for name, item in entries.items():
            if name in lifted:
                ledger.violate((*path, name), "duplicateKey", "is given twice; give each key once")
            else:
                lifted[name] = item

    def lower(self, value: Any) -> Any:
        """Write null for what is absent; undeclared keys of an open object are left out."""
        if not isinstance(value, dict):
            return value
        lowered: dict[str, Any] = {}
        for prop in self._properties:
            if prop.name in value:
                lowered[prop.name] = prop.shape.lower(value[prop.name])
            elif prop.drops_null or prop.default is not ABSENT:
                lowered[prop.name] = None
        if self._extra_shape is not None:
            declared = {prop.name for prop in self._properties}
            rest = {name: item for name, item in value.items() if name not in declared}
            lowered[self._extra] = self._extra_shape.lower(rest)
        return lowered


@dataclass(frozen=True, slots=True)
class MapShape:
    """A map, as a list of {key, value}."""

    value: Shape
    identity: bool = False

    def lift(self, value: Any, path: Path, ledger: Ledger) -> Any:
        """Make a dict of the entries; a key that comes twice is a violation. A JSON object is taken as it is."""
        if isinstance(value, dict):
            return {key: self.value.lift(item, (*path, key), ledger) for key, item in value.items()}
        if not isinstance(value, list) or not all(_is_entry(item) for item in value):
            return value
        lifted: dict[str, Any] = {}
        for entry in value:
            key = entry[KEY]
            if key in lifted:
                ledger.violate((*path, printable(key)), "duplicateKey", "is given twice; give each key once")
            lifted[key] = self.value.lift(entry[VALUE], (*path, key), ledger)
        return lifted

    def lower(self, value: Any) -> Any:
        """List the entries."""
        if not isinstance(value, dict):
            return value
        return [{KEY: key, VALUE: self.value.lower(item)} for key, item in value.items()]


def _is_entry(item: Any) -> bool:
    return isinstance(item, dict) and item.keys() == {KEY, VALUE} and isinstance(item[KEY], str)


class ListShape:
    """A list of items of one shape."""

    def __init__(self, item: Shape) -> None:
        self._item = item
        self.identity = item.identity

    def lift(self, value: Any, path: Path, ledger: Ledger) -> Any:
        """Lift each item."""
        if not isinstance(value, list) or self._item.identity:
            return value
        return [self._item.lift(item, (*path, index), ledger) for index, item in enumerate(value)]

    def lower(self, value: Any) -> Any:
        """Lower each item."""
        return [self._item.lower(item) for item in value] if isinstance(value, list) else value


@dataclass(frozen=True, slots=True)
class TupleShape:
    """A list with a shape for each place, as an object _0, _1, … and _rest; places from `needed` on may be null."""

    places: tuple[Shape, ...]
    needed: int
    rest: ListShape | None
    identity: bool = False

    def lift(self, value: Any, path: Path, ledger: Ledger) -> Any:
        """Make a list of the places, up to the first that is missing."""
        if not isinstance(value, dict) or not value.keys() <= {*map(place_name, range(len(self.places))), REST}:
            return self._lift_list(value, path, ledger)
        items = [value.get(place_name(index)) for index in range(len(self.places))]
        while len(items) > self.needed and items[-1] is None and not value.get(REST):
            items.pop()
        return self._lift_list([*items, *(value.get(REST) or [])], path, ledger)

    def _lift_list(self, value: Any, path: Path, ledger: Ledger) -> Any:
        if not isinstance(value, list):
            return value
        split = len(self.places)
        lifted = [
            item if index >= self.needed and item is None else shape.lift(item, (*path, index), ledger)
            for index, (shape, item) in enumerate(zip(self.places, value, strict=False))
        ]
        rest = value[split:]
        return lifted + (self.rest.lift(rest, path, ledger) if self.rest else rest)

    def lower(self, value: Any) -> Any:
        """Name the places."""
        if not isinstance(value, list):
            return value
        lowered = {
            place_name(index): shape.lower(value[index]) if index < len(value) else None
            for index, shape in enumerate(self.places)
        }
        if self.rest is not None:
            lowered[REST] = self.rest.lower(value[len(self.places) :])
        return lowered


def place_name(index: int) -> str:
    """Name a place of a tuple."""
    return f"_{index}"

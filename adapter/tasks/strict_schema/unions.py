"""The shape of a union: which alternative a value is, told by its JSON type, its constants, its keys or a tag."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

from adapter.tasks.strict_schema.containers import VALUE
from adapter.tasks.strict_schema.shapes import Ledger, Path, Shape

KIND = "_kind"


@dataclass(frozen=True, slots=True)
class Branch:
    """One alternative. strict_type is the JSON type it travels as; tag "" = it is not wrapped."""

    shape: Shape
    strict_type: str
    accepts: Callable[[Any], bool]
    """Whether a value of the contract is this alternative."""
    tag: str = ""
    constants: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    keys: frozenset[str] = frozenset()

    def is_meant_by(self, value: Mapping[str, Any]) -> bool:
        """Say whether an object's constants are this alternative's."""
        return all(value.get(name) in values for name, values in self.constants.items())


class UnionShape:
    """Alternatives that can be told apart in the strict shape."""

    def __init__(self, branches: list[Branch]) -> None:
        self._branches = tuple(branches)

    @cached_property
    def identity(self) -> bool:
        """True when no alternative has to be lifted. Asked for once all definitions are built."""
        return all(branch.shape.identity and not branch.tag for branch in self._branches)

    def lift(self, value: Any, path: Path, ledger: Ledger) -> Any:
        """Lift by the alternative that the value is; one that is none of them stays as it is."""
        if isinstance(value, dict):
            return self._lift_object(value, path, ledger)
        wanted = json_types(value)
        for branch in self._branches:
            if not branch.tag and branch.strict_type in wanted:
                return branch.shape.lift(value, path, ledger)
        return value

    def _lift_object(self, value: dict[str, Any], path: Path, ledger: Ledger) -> Any:
        if value.keys() == {KIND, VALUE}:
            for branch in self._branches:
                if branch.tag and branch.tag == value[KIND]:
                    return branch.shape.lift(value[VALUE], path, ledger)
        objects = [branch for branch in self._branches if not branch.tag and branch.strict_type == "object"]
        meant = [branch for branch in objects if branch.is_meant_by(value)] or objects
        if not meant:
            return value
        best = max(meant, key=lambda branch: (branch.keys == value.keys(), len(branch.keys & value.keys())))
        return best.shape.lift(value, path, ledger)

    def lower(self, value: Any) -> Any:
        """Lower by the first alternative that accepts the value."""
        for branch in self._branches:
            if branch.accepts(value):
                lowered = branch.shape.lower(value)
                return {KIND: branch.tag, VALUE: lowered} if branch.tag else lowered
        return value


def json_types(value: Any) -> frozenset[str]:
    """Return the JSON types that a strict value counts as."""
    return _TYPES.get(type(value), frozenset())


_TYPES: Mapping[type, frozenset[str]] = {
    type(None): frozenset({"null"}),
    bool: frozenset({"boolean"}),
    int: frozenset({"integer", "number"}),
    float: frozenset({"number"}),
    Decimal: frozenset({"number"}),
    str: frozenset({"string"}),
    list: frozenset({"array"}),
    dict: frozenset({"object"}),
}

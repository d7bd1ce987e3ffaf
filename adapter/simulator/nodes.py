"""The compiled form of a schema: each node makes one value, and knows how far its shortest end is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from adapter.simulator.draw import Draw

UNSAID: Any = object()
"""No value is given for this place."""
ENDLESS = 1_000_000
"""Height of a node that can never end."""

_LIKELY = 0.75


class Node(Protocol):
    """One place of a document."""

    height: int

    def measure(self) -> int:
        """Levels to the nearest end, from the children's current heights."""

    def fits(self, given: Any) -> bool:
        """Tell whether a given value, perhaps a partial one, belongs here."""

    def lacks(self, given: Any) -> int:
        """Count the required places that a given value which fits says nothing about."""

    def make(self, draw: Draw, depth: int, given: Any) -> Any:
        """Make a value; what is given stays as it is, what is unsaid is made up."""


class Maker(Protocol):
    """Makes a scalar."""

    def make(self, draw: Draw) -> Any:
        """Draw one value."""


@dataclass(slots=True)
class Choice:
    """One of fixed values (enum, const, null, boolean)."""

    values: Sequence[Any]
    height: int = 0

    def measure(self) -> int:
        """Ends here."""
        return 0

    def fits(self, given: Any) -> bool:
        """Equal to one of the values, and of its type."""
        return any(value == given and isinstance(value, bool) == isinstance(given, bool) for value in self.values)

    def lacks(self, _given: Any) -> int:
        """Nothing."""
        return 0

    def make(self, draw: Draw, _depth: int, given: Any) -> Any:
        """Pick one."""
        return draw.random.choice(self.values) if given is UNSAID else given


@dataclass(slots=True)
class Scalar:
    """A string or a number."""

    maker: Maker
    types: tuple[type, ...]
    height: int = 0

    def measure(self) -> int:
        """Ends here."""
        return 0

    def fits(self, given: Any) -> bool:
        """Of the right type."""
        return isinstance(given, self.types) and not isinstance(given, bool)

    def lacks(self, _given: Any) -> int:
        """Nothing."""
        return 0

    def make(self, draw: Draw, _depth: int, given: Any) -> Any:
        """Make one up."""
        draw.made += 1
        return self.maker.make(draw) if given is UNSAID else given


@dataclass(slots=True)
class Object:
    """Properties in the schema's order."""

    properties: Mapping[str, Node]
    required: frozenset[str]
    height: int = ENDLESS

    def measure(self) -> int:
        """One more than the deepest required property."""
        return 1 + max((node.height for key, node in self.properties.items() if key in self.required), default=0)

    def fits(self, given: Any) -> bool:
        """An object whose constants agree, with no other keys."""
        if not isinstance(given, dict) or not given.keys() <= self.properties.keys():
            return False
        return all(node.fits(given[key]) for key, node in self.properties.items() if key in given)

    def lacks(self, given: Any) -> int:
        """Required properties that are missing, here and below."""
        return len(self.required - given.keys()) + sum(self.properties[key].lacks(given[key]) for key in given)

    def make(self, draw: Draw, depth: int, given: Any) -> Any:
        """Every property, optional ones too while there is room."""
        said: Mapping[str, Any] = given if isinstance(given, dict) else {}
        if given is not UNSAID and not isinstance(given, dict):
            return given
        roomy = not draw.is_tight(depth)
        return {
            key: node.make(draw, depth + 1, said.get(key, UNSAID))
            for key, node in self.properties.items()
            if key in self.required or key in said or (roomy and node.height < ENDLESS)
        }


@dataclass(slots=True)
class Array:
    """Items of one kind, after fixed ones if there are any."""

    item: Node
    first: Sequence[Node]
    least: int
    most: int
    are_unique: bool
    height: int = ENDLESS

    def measure(self) -> int:
        """An empty list ends here."""
        return 1 + max([node.height for node in self._nodes(self.least)], default=0)

    def fits(self, given: Any) -> bool:
        """A list whose items fit."""
        if not isinstance(given, list):
            return False
        return all(node.fits(item) for node, item in zip(self._nodes(len(given)), given, strict=True))

    def lacks(self, given: Any) -> int:
        """What the items lack."""
        return sum(node.lacks(item) for node, item in zip(self._nodes(len(given)), given, strict=True))

    def make(self, draw: Draw, depth: int, given: Any) -> Any:
        """A few items, or the given ones completed."""
        if isinstance(given, list):
            nodes = self._nodes(len(given))
            return [node.make(draw, depth + 1, item) for node, item in zip(nodes, given, strict=True)]
        if given is not UNSAID:
            return given
        most = self.least if draw.is_tight(depth) or self.item.height >= ENDLESS else self.most
        count = draw.random.randint(self.least, most)
        items = [node.make(draw, depth + 1, UNSAID) for node in self._nodes(count)]
        return self._distinct(items, draw, depth) if self.are_unique else items

    def _nodes(self, count: int) -> list[Node]:
        return [*self.first[:count], *[self.item] * (count - len(self.first))]

    def _distinct(self, items: list[Any], draw: Draw, depth: int) -> list[Any]:
        distinct: list[Any] = []
        spare = (self.item.make(draw, depth + 1, UNSAID) for _ in range(20 * len(items)))
        for item in (*items, *spare):
            if len(distinct) == len(items):
                break
            if item not in distinct:
                distinct.append(item)
        return distinct


@dataclass(slots=True)
class Union:
    """One of several kinds."""

    branches: Sequence[Node]
    height: int = ENDLESS

    def measure(self) -> int:
        """The shortest branch."""
        return min((node.height for node in self.branches), default=ENDLESS)

    def fits(self, given: Any) -> bool:
        """Any branch."""
        return any(node.fits(given) for node in self.branches)

    def lacks(self, given: Any) -> int:
        """What the branch that fits best lacks."""
        return min(node.lacks(given) for node in self.branches if node.fits(given))

    def make(self, draw: Draw, depth: int, given: Any) -> Any:
        """The branch that a given value fits best; else any, seldom null, and the shortest when there is no room."""
        if given is not UNSAID:
            fitting = [node for node in self.branches if node.fits(given)]
            return min(fitting, key=lambda node: node.lacks(given)).make(draw, depth, given) if fitting else given
        return self._choose(draw, depth).make(draw, depth, UNSAID)

    def _choose(self, draw: Draw, depth: int) -> Node:
        if draw.is_tight(depth):
            return min(self.branches, key=lambda node: node.height)
        ending = [node for node in self.branches if node.height < ENDLESS]
        telling = [node for node in ending if not _is_null(node)]
        if telling and (len(telling) == len(ending) or draw.random.random() < _LIKELY):
            return draw.random.choice(telling)
        return draw.random.choice(ending)


@dataclass(slots=True)
class Reference:
    """A place that is described elsewhere in the schema; the target is set once it is compiled."""

    target: Node | None = None
    height: int = field(default=ENDLESS)

    def measure(self) -> int:
        """As far as the target."""
        return ENDLESS if self.target is None else self.target.height

    def fits(self, given: Any) -> bool:
        """As the target."""
        return self.target is not None and self.target.fits(given)

    def lacks(self, given: Any) -> int:
        """As the target."""
        return 0 if self.target is None else self.target.lacks(given)

    def make(self, draw: Draw, depth: int, given: Any) -> Any:
        """As the target."""
        assert self.target is not None, "a reference is resolved before anything is made"  # noqa: S101 - a bug of the compiler
        return self.target.make(draw, depth, given)


def settle(nodes: Iterable[Node]) -> None:
    """Lower the heights until none changes any more."""
    nodes = list(nodes)
    changed = True
    while changed:
        changed = False
        for node in nodes:
            height = min(node.measure(), ENDLESS)
            changed = changed or height < node.height
            node.height = min(node.height, height)


def scalar(maker: Maker, *types: type) -> Scalar:
    """Wrap a maker; the types are those that a given value may have."""
    return Scalar(maker, types or (str,))


NUMBERS = (int, float, Decimal)


def _is_null(node: Node) -> bool:
    return isinstance(node, Choice) and list(node.values) == [None]

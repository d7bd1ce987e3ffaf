"""How a value travels: `lift` takes it from the strict shape to the contract's, `lower` the other way.

Lifting never judges: what has not the expected strict shape passes as it is, and the contract's check names it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from adapter.domain import exact_json
from adapter.domain.job import Change
from adapter.errors import Violation
from adapter.tasks.json_schema.pointer import join
from adapter.tasks.json_schema.violations import printable

Path = tuple[str | int, ...]

# \Z and [0-9]: neither a trailing newline nor other scripts' digits are part of a decimal
_DECIMAL = re.compile(r"-?[0-9]{1,400}(\.[0-9]{1,400})?\Z")


@dataclass(slots=True)
class Ledger:
    """What lifting did beyond reshaping, and what of the strict shape cannot be lifted."""

    changes: list[Change] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)

    def change(self, path: Path, rule: str, after: Any) -> None:
        """Note a value that was filled in."""
        self.changes.append(Change(join(path), rule, "", exact_json.dumps_text(after)))

    def violate(self, path: Path, rule: str, message: str) -> None:
        """Note something that must be asked for again."""
        self.violations.append(Violation(join(printable(step) for step in path), rule, message))


class Shape(Protocol):
    """One place of the contract. identity = lifting returns every value as it is."""

    @property
    def identity(self) -> bool:
        """True when there is nothing to lift."""

    def lift(self, value: Any, path: Path, ledger: Ledger) -> Any:
        """Take a value from the strict shape to the contract's; path is where it goes in the contract's document."""

    def lower(self, value: Any) -> Any:
        """Take a value that satisfies the contract to the strict shape."""


class Same:
    """The value travels as it is."""

    identity = True

    def lift(self, value: Any, path: Path, ledger: Ledger) -> Any:  # noqa: ARG002 - the protocol's signature
        """Return it."""
        return value

    def lower(self, value: Any) -> Any:
        """Return it."""
        return value


SAME = Same()


class WholeNumber(Same):
    """An integer; 1.0 counts as one, and travels as 1."""

    def lower(self, value: Any) -> Any:
        """Write it without a fraction."""
        return int(value) if isinstance(value, Decimal | float) and value == int(value) else value


def as_it_is(value: Any) -> Any:
    """Return a value."""
    return value


def decimal_of(value: Any) -> Any:
    """Read the digits of a decimal's text; trailing zeros stay. What is no such text passes as it is."""
    return Decimal(value) if isinstance(value, str) and _DECIMAL.match(value) else value


class DecimalText:
    """A number with exact digits, as text. A reply that holds a JSON number instead is as exact: it is taken too."""

    identity = False

    def __init__(self, places: int | None = None) -> None:
        """Places is how many digits after the point the strict schema takes; None = any."""
        self._places = places

    def lift(self, value: Any, path: Path, ledger: Ledger) -> Any:  # noqa: ARG002 - the protocol's signature
        """Read the digits; trailing zeros stay."""
        return decimal_of(value)

    def lower(self, value: Any) -> Any:
        """Write the digits without an exponent, and without zeros past the places that are taken."""
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            return value
        text = format(Decimal(str(value)), "f")
        whole, point, fraction = text.partition(".")
        if self._places is None or len(fraction) <= self._places:
            return text
        kept = fraction[: self._places] + fraction[self._places :].rstrip("0")
        return f"{whole}{point if kept else ''}{kept}"


class JsonText:
    """Any JSON, encoded as a string: the only way to leave a place open in a strict schema."""

    identity = False

    def lift(self, value: Any, path: Path, ledger: Ledger) -> Any:
        """Parse the text by the rules of the whole reply; a value that is no text was not encoded, and is taken."""
        if not isinstance(value, str):
            return value
        try:
            return exact_json.loads(value)
        except exact_json.JsonError as exc:
            ledger.violate(path, "json", f"must be a JSON value encoded as a string: {exc}")
            return value

    def lower(self, value: Any) -> Any:
        """Encode it."""
        return exact_json.dumps_text(value)


class Coded:
    """Constants that travel as text: numbers, objects and lists of an enum."""

    identity = False

    def __init__(self, values: Sequence[Any]) -> None:
        self._by_text = {code_of(value): value for value in values}

    def lift(self, value: Any, path: Path, ledger: Ledger) -> Any:  # noqa: ARG002 - the protocol's signature
        """Return the constant that a text stands for."""
        return self._by_text.get(value, value) if isinstance(value, str) else value

    def lower(self, value: Any) -> Any:
        """Return the text of a constant."""
        return next((text for text, known in self._by_text.items() if known == value), value)


def code_of(value: Any) -> str:
    """Write a constant as text."""
    return exact_json.dumps_text(value)


@dataclass(slots=True)
class Reference:
    """A definition's shape, known once the definition is built: recursion goes through here."""

    target: Shape | None = None

    @property
    def identity(self) -> bool:
        """False while it is not known yet: then somebody is asking from inside of it."""
        return self.target is not None and self.target.identity

    def lift(self, value: Any, path: Path, ledger: Ledger) -> Any:
        """Lift by the definition."""
        return self._built().lift(value, path, ledger)

    def lower(self, value: Any) -> Any:
        """Lower by the definition."""
        return self._built().lower(value)

    def _built(self) -> Shape:
        if self.target is None:
            raise AssertionError("a definition was used before it was built")
        return self.target


@dataclass(frozen=True, slots=True)
class Maybe:
    """A value that may be null, beside its own shape."""

    shape: Shape

    @property
    def identity(self) -> bool:
        """As of the value."""
        return self.shape.identity

    def lift(self, value: Any, path: Path, ledger: Ledger) -> Any:
        """Null stays null."""
        return None if value is None else self.shape.lift(value, path, ledger)

    def lower(self, value: Any) -> Any:
        """Null stays null."""
        return None if value is None else self.shape.lower(value)


class Absent:
    """Stands for "no default"."""


ABSENT = Absent()


def copy_json(value: Any) -> Any:
    """Copy the containers of a JSON value."""
    if isinstance(value, Mapping):
        return {key: copy_json(item) for key, item in value.items()}
    return [copy_json(item) for item in value] if isinstance(value, list) else value

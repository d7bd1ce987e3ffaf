"""Integers and exact decimals within a schema's bounds and steps."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from adapter.simulator.draw import Draw
from adapter.simulator.vocabulary import range_for

_CENT = Decimal("0.01")
_FINEST = 12


@dataclass(frozen=True, slots=True)
class NumberMaker:
    """Makes whole multiples of `step` between two counts of it; exact, as Decimal or int."""

    least: int
    most: int
    step: Decimal
    is_integer: bool

    @classmethod
    def of(cls, schema: Mapping[str, Any], name: str, *, is_integer: bool) -> "NumberMaker":
        """Compile a number schema. With bounds that leave nothing, the nearest multiple to the lower one is made."""
        low, high = _bounds(schema, name)
        step = _step(schema, is_integer=is_integer)
        least, most = _counts(schema, low, high, step)
        while most < least and "multipleOf" not in schema and not is_integer and step.as_tuple().exponent > -_FINEST:  # type: ignore[operator]  # the exponent of a finite number is an int
            step /= 10
            least, most = _counts(schema, low, high, step)
        return cls(least, max(least, most), step, is_integer)

    def make(self, draw: Draw) -> int | Decimal:
        """Draw one number."""
        value = draw.random.randint(self.least, self.most) * self.step
        return int(value) if self.is_integer else value

    @property
    def is_empty(self) -> bool:
        """True when only one value is left."""
        return self.least == self.most


def _exact(value: float | Decimal) -> Decimal:
    return Decimal(str(value))


def _bounds(schema: Mapping[str, Any], name: str) -> tuple[Decimal, Decimal]:
    """Limits of the schema, a missing one taken from what the name suggests or at some distance from the other."""
    lows = [_exact(schema[word]) for word in ("minimum", "exclusiveMinimum") if word in schema]
    highs = [_exact(schema[word]) for word in ("maximum", "exclusiveMaximum") if word in schema]
    likely_low, likely_high = (Decimal(bound) for bound in range_for(name))
    low, high = max(lows, default=None), min(highs, default=None)
    if low is None:
        low = likely_low if high is None or likely_low < high else high - 100
    if high is None:
        high = likely_high if likely_high > low else low + 100
    return low, high


def _step(schema: Mapping[str, Any], *, is_integer: bool) -> Decimal:
    multiple = _exact(schema["multipleOf"]) if schema.get("multipleOf") else None
    if not is_integer:
        return multiple or _CENT
    if multiple is None:
        return Decimal(1)
    numerator, _ = multiple.as_integer_ratio()
    return Decimal(numerator)  # the least integer that is a multiple of a/b in lowest terms is a


def _counts(schema: Mapping[str, Any], low: Decimal, high: Decimal, step: Decimal) -> tuple[int, int]:
    least, most = math.ceil(low / step), math.floor(high / step)
    if "exclusiveMinimum" in schema and least * step == _exact(schema["exclusiveMinimum"]):
        least += 1
    if "exclusiveMaximum" in schema and most * step == _exact(schema["exclusiveMaximum"]):
        most -= 1
    return least, most

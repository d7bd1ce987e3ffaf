"""Bounds and multipleOf, compared exactly.

jsonschema-rs 0.60 compares a fraction with a whole bound as floats: 999.9999999999999999999 would not be less than
1000, and 957.0000000000000000001 would be a multiple of 957. These stand in for its own.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from adapter.domain import exact_json


class _NumberRule:
    """A keyword of jsonschema-rs: built with its value, called with every instance."""

    wording = ""

    def __init__(self, parent_schema: dict[str, Any], value: Any, schema_path: list[str | int]) -> None:  # noqa: ARG002 - what jsonschema-rs calls it with
        self._limit = Decimal(str(value))
        self._message = self.wording.format(exact_json.dumps_text(value))
        self._is_kept = self.comparison(self._limit)

    def validate(self, instance: Any) -> None:
        """Raise ValueError, with what is asked for, when a number breaks the rule."""
        if isinstance(instance, int | Decimal) and not isinstance(instance, bool) and not self._is_kept(instance):
            raise ValueError(self._message)

    def comparison(self, limit: Decimal) -> Callable[[int | Decimal], bool]:
        """Return the check against a limit."""
        raise NotImplementedError


class _Minimum(_NumberRule):
    wording = "must be at least {}"

    def comparison(self, limit: Decimal) -> Callable[[int | Decimal], bool]:
        return lambda number: number >= limit


class _Maximum(_NumberRule):
    wording = "must be at most {}"

    def comparison(self, limit: Decimal) -> Callable[[int | Decimal], bool]:
        return lambda number: number <= limit


class _ExclusiveMinimum(_NumberRule):
    wording = "must be greater than {}"

    def comparison(self, limit: Decimal) -> Callable[[int | Decimal], bool]:
        return lambda number: number > limit


class _ExclusiveMaximum(_NumberRule):
    wording = "must be less than {}"

    def comparison(self, limit: Decimal) -> Callable[[int | Decimal], bool]:
        return lambda number: number < limit


class _MultipleOf(_NumberRule):
    wording = "must be a multiple of {}"

    def comparison(self, limit: Decimal) -> Callable[[int | Decimal], bool]:
        step = Fraction(limit)
        # Fraction, because Decimal's remainder gives up beyond the precision of its context
        return lambda number: (Fraction(number) / step).denominator == 1


EXACT_NUMBER_RULES: Mapping[str, type[_NumberRule]] = {
    "minimum": _Minimum,
    "maximum": _Maximum,
    "exclusiveMinimum": _ExclusiveMinimum,
    "exclusiveMaximum": _ExclusiveMaximum,
    "multipleOf": _MultipleOf,
}

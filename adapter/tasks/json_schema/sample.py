"""The beginning of a huge document: enough to say what is wrong with it, without holding the loop for a minute."""

from collections.abc import Iterator
from itertools import islice, takewhile
from typing import Any

MAX_LISTED_VALUES = 5000
"""A wrong value costs 15 microseconds to report; a list of a million of them must not cost seconds."""

COUNTING_RULES = frozenset({"minItems", "contains", "minContains", "minProperties"})
"""Rules that a shortened list or map may break where the whole does not."""


def shortened(document: Any) -> Any:
    """Return the document itself if it is small, else a copy in which lists end early."""
    if _count(document, MAX_LISTED_VALUES) <= MAX_LISTED_VALUES:
        return document
    return _Cutter(MAX_LISTED_VALUES).cut(document)


def _count(document: Any, enough: int) -> int:
    return sum(1 for _ in islice(_values(document), enough + 1))


def _values(document: Any) -> Iterator[Any]:
    pending = [document]
    while pending:
        value = pending.pop()
        yield value
        if isinstance(value, dict):
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)


class _Cutter:
    """Copies values until the budget is spent; from then on lists, and objects of thousands of keys, end."""

    def __init__(self, budget: int) -> None:
        self._left = budget

    def cut(self, value: Any) -> Any:
        """Copy a value, as far as the budget goes."""
        self._left -= 1
        if isinstance(value, dict):
            kept = value.items() if len(value) <= MAX_LISTED_VALUES else islice(value.items(), max(0, self._left))
            return {key: self.cut(item) for key, item in kept}
        if isinstance(value, list):
            return [self.cut(item) for item in takewhile(lambda _: self._left > 0, value)]
        return value

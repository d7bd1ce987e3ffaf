"""What was spent in a sliding window: each amount counts until it is known that the endpoint has forgotten it."""

import bisect
import itertools
import math
from dataclasses import dataclass

_GONE = -math.inf


@dataclass(slots=True, eq=False)
class Spent:
    """One amount. It counts until `leaves_at`, clock time; inf = nobody knows yet."""

    amount: int
    leaves_at: float = math.inf


class SlidingWindow:
    """The sum of amounts that still count."""

    def __init__(self) -> None:
        self.used = 0
        self._leaving: list[tuple[float, int, Spent]] = []
        self._order = itertools.count()

    def add(self, amount: int) -> Spent:
        """Count an amount until further notice."""
        self.used += amount
        return Spent(amount)

    def change(self, spent: Spent, amount: int) -> None:
        """Count another amount in its place; nothing if it has left already."""
        if spent.leaves_at != _GONE:
            self.used += amount - spent.amount
            spent.amount = amount

    def leave_at(self, spent: Spent, time: float) -> None:
        """Let an amount count until this time, whatever was said before."""
        if spent.leaves_at not in (_GONE, time):
            spent.leaves_at = time
            bisect.insort(self._leaving, (time, next(self._order), spent))

    def drop(self, spent: Spent) -> None:
        """Count an amount no more."""
        if spent.leaves_at != _GONE:
            self.used -= spent.amount
            spent.leaves_at = _GONE

    def pass_to(self, now: float) -> None:
        """Let go of what has left by now."""
        count = bisect.bisect_right(self._leaving, now, key=_time_of)
        for time, _, spent in self._leaving[:count]:
            if spent.leaves_at == time:
                self.drop(spent)
        del self._leaving[:count]

    def time_of_room(self, amount: int, limit: int) -> float:
        """When so much more will fit, as far as is known now; -inf = now, inf = nobody knows."""
        missing = self.used + amount - limit
        if missing <= 0:
            return -math.inf
        for time, _, spent in self._leaving:
            if spent.leaves_at == time:
                missing -= spent.amount
            if missing <= 0:
                return time
        return math.inf


def _time_of(entry: tuple[float, int, Spent]) -> float:
    return entry[0]

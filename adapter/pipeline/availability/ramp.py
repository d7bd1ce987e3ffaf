"""How calls begin again once a model is back: a few at once, then twice as many, until nothing holds them back."""

import math
from typing import Generic, TypeVar

# In flight at once at first. Each reply makes room for one more, and time doubles the room, so that a slow model is
# soon at full speed, too: at 512 after 3 s, when the ramp ends.
FIRST_CALLS = 8
DOUBLE_SECONDS = 0.5
RAMP_SECONDS = 3.0

T = TypeVar("T")


class Ramp(Generic[T]):
    """Bounds the calls in flight for a while after begin(). Before the first begin() there is no bound."""

    def __init__(self) -> None:
        """Nothing is bounded yet."""
        self._begun = -math.inf
        self._replies = 0
        self._in_flight: set[T] = set()

    def begin(self, now: float) -> None:
        """The model is back; what was sent before does not count."""
        self._begun = now
        self._replies = 0
        self._in_flight.clear()

    def has_room(self, now: float) -> bool:
        """Say whether one more call may be made."""
        if self._is_over(now):
            return True
        doubled: int = FIRST_CALLS << int((now - self._begun) / DOUBLE_SECONDS)
        return len(self._in_flight) < max(doubled, FIRST_CALLS + self._replies)

    def enter(self, call: T, now: float) -> None:
        """A call is made."""
        if not self._is_over(now):
            self._in_flight.add(call)

    def leave(self, call: T, *, with_reply: bool = False) -> None:
        """It is over; of one that was made at another time nothing is counted."""
        if call in self._in_flight:
            self._in_flight.discard(call)
            self._replies += with_reply

    def next_step(self, now: float) -> float:
        """When there is more room even if nothing ends."""
        steps = int((now - self._begun) / DOUBLE_SECONDS) + 1
        return self._begun + min(steps * DOUBLE_SECONDS, RAMP_SECONDS)

    def _is_over(self, now: float) -> bool:
        return now >= self._begun + RAMP_SECONDS

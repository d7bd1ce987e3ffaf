"""The lease of this replica, and how long it could not renew it: time that counts against nobody else's."""

import time
from collections.abc import Callable

from adapter.outbound.sql.times import seconds_to_us


class Lease:
    """Who finds the memory after a while must not take others for dead that could not reach it either.

    Once it is back it waits for one lease longer, as they need time to come back too. Read by other threads than the
    one that notes.
    """

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.us = seconds_to_us(seconds)
        self._seconds = seconds
        self._clock = clock
        self._last_beat = clock()
        self._earlier_seconds = 0.0
        self._forget_at = 0.0

    def now(self) -> float:
        """Return the time for note_beat."""
        return self._clock()

    def note_beat(self, begun: float) -> None:
        """The memory has renewed it, which was asked for at this time: nobody knows how long the answer took."""
        if self._is_away(begun):
            self._earlier_seconds, self._forget_at = self._away_seconds(begun), begun + self._seconds
        self._last_beat = begun

    @property
    def away_us(self) -> int:
        """How long others may have been unable to renew theirs; 0 if this one was renewed in time for a lease long."""
        return seconds_to_us(self._away_seconds(self._clock()))

    @property
    def is_late(self) -> bool:
        """Whether it may have lapsed, or soon will, unless it is renewed now."""
        return self._is_away(self._clock())

    def _away_seconds(self, now: float) -> float:
        earlier = self._earlier_seconds if now < self._forget_at else 0.0
        return max(earlier, now - self._last_beat) if self._is_away(now) else earlier

    def _is_away(self, now: float) -> bool:
        return now - self._last_beat >= self._seconds / 2

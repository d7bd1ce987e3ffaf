"""What waits to be sent, by destination: bounded, fair between destinations, and trouble stays in its own lane."""

from collections import OrderedDict, deque
from dataclasses import dataclass, field

from adapter.domain.message import Publication

Destination = tuple[str, str]
"""Exchange and routing key."""


def destination_of(publication: Publication) -> Destination:
    """Where a publication goes."""
    return publication.message.exchange, publication.message.routing_key


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long what failed waits, doubled with each failure in a row."""

    first_seconds: float = 1.0
    most_seconds: float = 60.0

    def seconds(self, failures: int) -> float:
        """First, twice that, four times … the most."""
        return min(self.most_seconds, self.first_seconds * 2.0 ** min(max(failures - 1, 0), 20))


@dataclass(slots=True)
class Lane:
    """One destination."""

    waiting: deque[Publication] = field(default_factory=deque)
    in_flight: int = 0
    failures: int = 0
    """Publishes in a row that its queue did not take; while > 0 one at a time is tried."""
    retry_at: float = 0.0
    """Monotonic seconds; nothing is sent before."""


@dataclass(frozen=True, slots=True)
class LaneLimits:
    """Bounds. What does not fit stays in the database."""

    waiting: int = 10_000
    waiting_bytes: int = 134_217_728
    in_flight: int = 256
    in_flight_per_destination: int = 64
    waiting_in_trouble: int = 20
    """A destination in trouble keeps so many; the rest goes back to the database."""


class Lanes:
    """Publications in memory, each once. An id leaves with done() or give_up()."""

    def __init__(self, limits: LaneLimits, backoff: Backoff) -> None:
        """Start empty."""
        self._limits = limits
        self._backoff = backoff
        self._lanes: OrderedDict[Destination, Lane] = OrderedDict()
        self._ids: set[str] = set()
        self._bytes = 0
        self.in_flight = 0

    def __len__(self) -> int:
        """Publications held, those in flight included."""
        return len(self._ids)

    @property
    def room(self) -> int:
        """How many more would fit."""
        if self._bytes >= self._limits.waiting_bytes:
            return 0
        return max(0, self._limits.waiting - len(self._ids))

    def add(self, publication: Publication) -> bool:
        """Queue it, once; False = no room."""
        if publication.publication_id in self._ids:
            return True
        destination = destination_of(publication)
        lane = self._lanes.get(destination)
        is_crowded = lane is not None and lane.failures and len(lane.waiting) >= self._limits.waiting_in_trouble
        if self.room == 0 or is_crowded:
            return False
        if lane is None:
            lane = self._lanes[destination] = Lane()
        lane.waiting.append(publication)
        self._ids.add(publication.publication_id)
        self._bytes += len(publication.message.body)
        return True

    def take(self, now: float, *, only_one: bool = False) -> Publication | None:
        """Take the next to send, destinations in turn; None = nothing may be sent now."""
        if self.in_flight >= (1 if only_one else self._limits.in_flight):
            return None
        for destination, lane in self._lanes.items():
            if lane.waiting and lane.in_flight < self._width(lane) and lane.retry_at <= now:
                self._lanes.move_to_end(destination)
                lane.in_flight += 1
                self.in_flight += 1
                return lane.waiting.popleft()
        return None

    def _width(self, lane: Lane) -> int:
        return 1 if lane.failures else self._limits.in_flight_per_destination

    def is_sendable(self, now: float) -> bool:
        """True when something waits that may be sent."""
        return any(lane.waiting and lane.retry_at <= now for lane in self._lanes.values())

    def next_retry(self, now: float) -> float | None:
        """Seconds until a destination in trouble may be tried again; None = there is none."""
        waits = [lane.retry_at - now for lane in self._lanes.values() if lane.waiting and lane.retry_at > now]
        return min(waits, default=None)

    def done(self, publication: Publication) -> None:
        """It was in flight and needs nothing more from memory; saying so twice changes nothing."""
        if publication.publication_id not in self._ids:
            return
        lane = self._landed(publication)
        self._forget(publication)
        if not lane.waiting and not lane.in_flight and not lane.failures:
            del self._lanes[destination_of(publication)]

    def put_back(self, publication: Publication) -> None:
        """It was in flight, but nothing left: it goes first next time."""
        self._landed(publication).waiting.appendleft(publication)

    def healthy(self, publication: Publication) -> None:
        """Its destination took it."""
        lane = self._lanes[destination_of(publication)]
        lane.failures, lane.retry_at = 0, 0.0

    def trouble(self, publication: Publication, now: float) -> tuple[Publication, ...]:
        """Its destination did not take it; returns what has to go back to the database.

        What was in flight together fails together: that counts once.
        """
        lane = self._lanes[destination_of(publication)]
        if lane.retry_at <= now:
            lane.failures += 1
            lane.retry_at = now + self._backoff.seconds(lane.failures)
        surplus = []
        while len(lane.waiting) > self._limits.waiting_in_trouble:
            surplus.append(lane.waiting.pop())
            self._forget(surplus[-1])
        return tuple(surplus)

    def retry_in(self, publication: Publication, now: float) -> float:
        """Seconds until its destination is tried again."""
        lane = self._lanes.get(destination_of(publication))
        return max(0.0, lane.retry_at - now) if lane else 0.0

    def forget_idle(self, now: float) -> None:
        """Drop lanes in trouble that nothing came for in a while: the next publication starts afresh."""
        # Longer than the longest backoff: what comes back from the database then meets what is known.
        remembered_seconds = 2 * self._backoff.most_seconds
        idle = [key for key, lane in self._lanes.items() if not lane.waiting and not lane.in_flight]
        for key in idle:
            if self._lanes[key].retry_at + remembered_seconds <= now:
                del self._lanes[key]

    def _landed(self, publication: Publication) -> Lane:
        lane = self._lanes[destination_of(publication)]
        lane.in_flight -= 1
        self.in_flight -= 1
        return lane

    def _forget(self, publication: Publication) -> None:
        self._ids.discard(publication.publication_id)
        self._bytes -= len(publication.message.body)

"""The limits of one model, or one client: reserved before a call, settled after it, the oldest request first.

The sliding windows end later than the endpoint's own, so that no window of theirs ever holds more than the limit.
"""

import asyncio
import heapq
import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from adapter.domain.shares import ShareClaim
from adapter.pipeline.availability.limits import Level, LimitKind, Limits, Meter, Reservation
from adapter.ports import Clock

# A call reaches its endpoint within so many seconds of being sent, or at its end if that comes first.
ARRIVAL_SECONDS = 5.0
# Their clock is not ours: it may be set, run a little faster, or be read in another order.
SLACK_SECONDS = 0.05
_LEAST_DELAY_SECONDS = 0.001
# Of the time in which a share allows one more call: so long is the pause between two while calls are spread.
_SPREAD = 0.9
# Part of a window after which somebody comes back at the latest.
_LONGEST_PAUSE = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class _Ask:
    tokens: int
    answer: asyncio.Future[Reservation]


class Limiter:
    """Admits calls in the order of their requests' age; a large one is not overtaken by small ones."""

    def __init__(self, name: str, limits: Limits, clock: Clock, *, is_shared: bool = False) -> None:
        """`name` is that of the limits on all replicas. Shared ones admit nothing until they were granted a share."""
        self.name = name
        self.limits = limits
        self._clock = clock
        totals = (
            (LimitKind.IN_FLIGHT, limits.in_flight),
            (LimitKind.REQUESTS, limits.requests),
            (LimitKind.TOKENS, limits.tokens),
        )
        self._meters = [Meter(kind, total, 0 if is_shared else total) for kind, total in totals if total is not None]
        self._window_seconds = limits.window_seconds + SLACK_SECONDS
        self._is_paused = False
        self._good_until = -math.inf if is_shared and self._meters else math.inf
        self._queue: list[tuple[float, int, _Ask]] = []
        self._order = itertools.count()
        self._timer: asyncio.TimerHandle | None = None
        self._spreads_until = -math.inf
        self._next_at = -math.inf
        self.on_short: Callable[[], None] = lambda: None
        """Called when somebody waits who would not if this replica held all of the limit."""

    @property
    def waiting(self) -> int:
        """How many calls wait."""
        return sum(not ask.answer.done() for _, _, ask in self._queue)

    @property
    def is_limited(self) -> bool:
        """True if there is any limit."""
        return bool(self._meters)

    @property
    def counts_tokens(self) -> bool:
        """True if calls must say how many tokens they may take."""
        return self.limits.tokens is not None

    def levels(self) -> list[Level]:
        """How each limit stands now."""
        self._pass_time()
        return [Level(meter.kind, meter.total, meter.share, meter.window.used) for meter in self._meters]

    def can_admit(self, tokens: int) -> bool:
        """Say whether a call would be admitted at once."""
        self._pass_time()
        return not self._head() and self._has_room(tokens)

    async def admit(self, tokens: int, since: float) -> Reservation:
        """Return when a call of at most so many tokens may be made; `since` is when its request came, for the order."""
        if self.can_admit(tokens):
            return self._reserve(tokens)
        ask = _Ask(tokens, asyncio.get_running_loop().create_future())
        heapq.heappush(self._queue, (since, next(self._order), ask))
        self._count(ask, 1)
        self._admit_waiting()
        try:
            return await ask.answer
        except asyncio.CancelledError:
            if ask.answer.done() and not ask.answer.cancelled():
                self.abandon(ask.answer.result())
            else:
                ask.answer.cancel()
                self._count(ask, -1)
                self._spreads_until = self._clock.monotonic() + 2 * self._window_seconds
                self._admit_waiting()
            raise

    def wait_seconds(self, tokens: int, since: float) -> float:
        """Guess after how long a call that joins the line now would be admitted; a window at most."""
        now, longest, head = self._clock.monotonic(), 0.0, self._head()
        is_first = head is None or since <= head[0]
        for meter in self._meters:
            rounds, rest = divmod((0 if is_first else meter.waiting) + meter.amount(tokens) - 1, max(1, meter.share))
            at = meter.window.time_of_room(rest + 1, max(rest + 1, meter.share))
            first = max(0.0, at - now) if at < math.inf else self.limits.window_seconds / 2
            longest = max(longest, first + rounds * self.limits.window_seconds)
        return min(max(1.0, longest), self.limits.window_seconds)

    def pause_seconds(self, tokens: int, since: float) -> float:
        """After how long one who does not wait should come back: early, for its place counts only while it is here."""
        return min(self.wait_seconds(tokens, since), self.limits.window_seconds * _LONGEST_PAUSE)

    def admit_now(self, tokens: int) -> Reservation:
        """Give the leave that can_admit promised."""
        return self._reserve(tokens)

    def is_good(self) -> bool:
        """Say whether a call that was admitted earlier may still be sent: the share may have lapsed since."""
        return self._clock.monotonic() < self._good_until

    def sent(self, reservation: Reservation) -> None:
        """The call is sent now."""
        reservation.is_sent = True
        requests = reservation.spent.get(LimitKind.REQUESTS)
        if requests is not None:
            leaves_at = self._clock.monotonic() + ARRIVAL_SECONDS + self._window_seconds
            self._meter(LimitKind.REQUESTS).window.leave_at(requests, leaves_at)

    def settle(self, reservation: Reservation, tokens: int | None) -> None:
        """The call has ended, and took so many tokens; None = nobody knows, so what was reserved counts."""
        if reservation.is_over:
            return
        reservation.is_over = True
        leaves_at = self._clock.monotonic() + self._window_seconds
        for kind, spent in reservation.spent.items():
            window = self._meter(kind).window
            if kind is LimitKind.IN_FLIGHT:
                window.drop(spent)
                continue
            if kind is LimitKind.TOKENS and tokens is not None:
                window.change(spent, tokens)
            window.leave_at(spent, min(spent.leaves_at, leaves_at))
        self._admit_waiting()

    def abandon(self, reservation: Reservation) -> None:
        """The call was given up: what was not sent counts for nothing, of the rest nobody knows."""
        if reservation.is_sent:
            self.settle(reservation, None)
        elif not reservation.is_over:
            reservation.is_over = True
            for kind, spent in reservation.spent.items():
                self._meter(kind).window.drop(spent)
            self._admit_waiting()

    def why_waiting(self, tokens: int) -> str:
        """Say which limit has no room."""
        short = [meter for meter in self._meters if not meter.has_room(tokens)] or self._meters
        return " and ".join(f"its limit of {self.limits.described(meter.kind)} is used up" for meter in short)

    # shares

    def pause(self) -> list[ShareClaim]:
        """Say what is used and wanted, and admit nothing until the next grant."""
        self._is_paused = True
        self._pass_time()
        head = self._head()
        return [self._claim(meter, head) for meter in self._meters]

    def grant(self, shares: Mapping[str, int], good_until: float) -> None:
        """Take the shares, by name of limit; they are good until that time of the clock."""
        for meter in self._meters:
            meter.share = shares[self._limit_name(meter)]
        self._good_until = good_until
        self._is_paused = False
        self._admit_waiting()

    def _claim(self, meter: Meter, head: tuple[float, int, _Ask] | None) -> ShareClaim:
        return ShareClaim(
            limit=self._limit_name(meter),
            total=meter.total,
            used=meter.window.used,
            wanted=meter.window.used + meter.waiting,
            next_amount=meter.amount(head[2].tokens) if head else 0,
            waiting_since=head[0] if head else 0.0,
            keep_seconds=ARRIVAL_SECONDS + (self._window_seconds if meter.is_window else 0.0),
        )

    def _limit_name(self, meter: Meter) -> str:
        return f"{self.name}/{meter.kind.value}"

    def _meter(self, kind: LimitKind) -> Meter:
        return next(meter for meter in self._meters if meter.kind is kind)

    def _pass_time(self) -> None:
        now = self._clock.monotonic()
        for meter in self._meters:
            meter.window.pass_to(now)

    def _has_room(self, tokens: int) -> bool:
        return not self._is_paused and self.is_good() and all(meter.has_room(tokens) for meter in self._meters)

    def _reserve(self, tokens: int) -> Reservation:
        parts = [meter.amount(tokens) / max(1, meter.share) for meter in self._meters if meter.is_window]
        self._next_at = self._clock.monotonic() + max(parts, default=0.0) * _SPREAD * self._window_seconds
        return Reservation({meter.kind: meter.window.add(meter.amount(tokens)) for meter in self._meters})

    def _count(self, ask: _Ask, sign: int) -> None:
        for meter in self._meters:
            meter.waiting += sign * meter.amount(ask.tokens)

    def _head(self) -> tuple[float, int, _Ask] | None:
        while self._queue and self._queue[0][2].answer.done():
            heapq.heappop(self._queue)
        return self._queue[0] if self._queue else None

    def _admit_waiting(self) -> None:
        """Admit as many as there is room for, in order; else come back when there is."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._pass_time()
        while (head := self._head()) is not None and self._is_due() and self._has_room(head[2].tokens):
            ask = head[2]
            self._count(ask, -1)
            ask.answer.set_result(self._reserve(ask.tokens))
        if head is not None:
            self._come_back(head[2].tokens)

    def _is_due(self) -> bool:
        """False while calls are spread and the last was just now.

        Once somebody left the line, to come back later, a window that fills and empties at once would be missed by all
        who are away just then; spread, there is soon a place for whoever comes back.
        """
        now = self._clock.monotonic()
        return now >= self._next_at or now >= self._spreads_until

    def _come_back(self, tokens: int) -> None:
        if any(meter.share < meter.total and not meter.has_room(tokens) for meter in self._meters):
            self.on_short()
        room_at = max(meter.window.time_of_room(meter.amount(tokens), meter.share) for meter in self._meters)
        room_at = room_at if self._is_due() else max(room_at, self._next_at)
        if math.isfinite(room_at):
            delay = max(_LEAST_DELAY_SECONDS, room_at - self._clock.monotonic())
            self._timer = asyncio.get_running_loop().call_later(delay, self._admit_waiting)

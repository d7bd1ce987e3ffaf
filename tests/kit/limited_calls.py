"""Calls through a limiter in virtual time, and the endpoint's own view of them: no window holds too much."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from adapter.pipeline.availability.limiter import Limiter


@dataclass(frozen=True, slots=True)
class Call:
    """What one request does: when it comes, what is reserved and then used, how long its way and its call take."""

    comes_at: float
    reserved: int = 1
    used: int = 1
    arrives_after: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Seen:
    """One call as the endpoint saw it."""

    arrived: float
    ended: float
    tokens: int
    comes_at: float


async def make(limiter: Limiter, call: Call, seen: list[Seen]) -> None:
    """Make one call when its time has come."""
    loop = asyncio.get_running_loop()
    await asyncio.sleep(call.comes_at - loop.time())
    reservation = await limiter.admit(call.reserved, call.comes_at)
    limiter.sent(reservation)
    arrived = loop.time() + min(call.arrives_after, call.seconds)
    await asyncio.sleep(call.seconds)
    seen.append(Seen(arrived, loop.time(), call.used, call.comes_at))
    limiter.settle(reservation, call.used)


async def make_all(limiter: Limiter, calls: Iterable[Call]) -> list[Seen]:
    """Make them all, and return what the endpoint saw."""
    seen: list[Seen] = []
    async with asyncio.TaskGroup() as group:
        for call in calls:
            group.create_task(make(limiter, call, seen))
    return seen


def largest_window(events: Sequence[tuple[float, int]], window_seconds: float) -> int:
    """The largest sum of amounts in any half-open window of so many seconds."""
    ordered, largest, begin, total = sorted(events), 0, 0, 0
    for time, amount in ordered:
        total += amount
        while ordered[begin][0] <= time - window_seconds:
            total -= ordered[begin][1]
            begin += 1
        largest = max(largest, total)
    return largest


def largest_concurrency(seen: Sequence[Seen]) -> int:
    """How many calls were in flight at once at most."""
    edges = sorted([(call.arrived, 1) for call in seen] + [(call.ended, -1) for call in seen])
    most = running = 0
    for _, change in edges:
        running += change
        most = max(most, running)
    return most


def check_windows(seen: Sequence[Seen], *, requests: int, tokens: int, window_seconds: float) -> None:
    """Fail if any window held more, whenever the endpoint counts: at a call's arrival or at its end."""
    when: tuple[Callable[[Seen], float], ...] = (lambda call: call.arrived, lambda call: call.ended)
    assert largest_window([(call.arrived, 1) for call in seen], window_seconds) <= requests
    for time_of in when:
        assert largest_window([(time_of(call), call.tokens) for call in seen], window_seconds) <= tokens

"""Callers that wait a little, are told when to come back, and do: as RunJob does. None of them starves."""

import asyncio
import random
from dataclasses import dataclass, field

import pytest

from adapter.pipeline.availability.limits import Limits
from tests.kit.fake_shares import ShareTable
from tests.kit.limited_calls import largest_window
from tests.kit.limited_replica import LEASE, Replica
from tests.kit.virtual_time import VirtualClock

WINDOW = 60.0
PATIENCE = 10.0
MINUTES = 20


@dataclass(slots=True)
class Crowd:
    """A hundred callers, each with one request after the other; every third stays in line until it is served."""

    replicas: list[Replica]
    random: random.Random
    waits: list[float] = field(default_factory=list)
    sent: list[tuple[float, int]] = field(default_factory=list)
    open: dict[int, float] = field(default_factory=dict)

    async def call(self, number: int) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self.open[number] = loop.time()
            while not await self._served(number):
                pass
            self.waits.append(loop.time() - self.open[number])

    async def _served(self, number: int) -> bool:
        loop, limiter = asyncio.get_running_loop(), self.random.choice(self.replicas).limiter
        pause = limiter.pause_seconds(1, self.open[number])
        try:
            async with asyncio.timeout(PATIENCE if number % 3 else None):
                reservation = await limiter.admit(1, self.open[number])
        except TimeoutError:
            # Callers are late, each a little otherwise: a window that fills at once would be missed again and again.
            await asyncio.sleep(max(0.5, pause - PATIENCE) * self.random.uniform(1.0, 1.3))
            return False
        limiter.sent(reservation)
        self.sent.append((loop.time(), 1))
        await asyncio.sleep(self.random.lognormvariate(-0.5, 0.4))
        limiter.settle(reservation, 1)
        return True


@pytest.mark.parametrize("count", [1, 3])
async def test_callers_that_come_back_when_they_are_told_to_wait_no_longer_than_their_turn(
    clock: VirtualClock, count: int
) -> None:
    meeting = ShareTable(clock, LEASE)
    replicas = [Replica(meeting, f"replica-{number}", Limits(requests=60)) for number in range(count)]
    for replica in replicas:
        await replica.start()
    crowd = Crowd(replicas, random.Random(7))
    callers = [asyncio.create_task(crowd.call(number)) for number in range(100)]

    await asyncio.sleep(MINUTES * 60.0)

    waiting = [clock.monotonic() - begun for begun in crowd.open.values()]
    turn = 100 / 60 * WINDOW
    assert max(crowd.waits + waiting) < 2 * turn
    assert len(crowd.sent) > 0.9 * 60 * MINUTES
    assert largest_window(crowd.sent, WINDOW) <= 60
    for task in callers:
        task.cancel()
    await asyncio.gather(*callers, return_exceptions=True)
    for replica in replicas:
        await replica.die()

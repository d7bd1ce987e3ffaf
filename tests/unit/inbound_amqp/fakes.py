"""Fakes: a service that remembers, a clock that is told, a source of deliveries without a broker."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from adapter.broker.errors import SubscriptionEnded
from adapter.broker.subscription import Settlement
from adapter.domain.job import JobRequest, Route
from adapter.domain.message import ReceivedMessage
from adapter.errors import AdapterError
from adapter.service.api import Disposition

DEADLINE_SECONDS = 5.0


class FakeQueueService:
    """Answers every use case as told, and remembers what it was asked."""

    def __init__(self, disposition: Disposition = Disposition.ACK) -> None:
        self.disposition = disposition
        self.calls: list[tuple[str, Any]] = []
        self.on_work: Callable[[JobRequest], Awaitable[Disposition]] | None = None
        self.takable = asyncio.Event()
        self.takable.set()

    async def wait_until_takable(self, task: str) -> None:
        del task
        await self.takable.wait()

    async def work(self, request: JobRequest, message: ReceivedMessage) -> Disposition:
        del message
        self.calls.append(("work", request))
        return await self.on_work(request) if self.on_work else self.disposition

    async def work_ticket(self, job_id: str, message: ReceivedMessage) -> Disposition:
        del message
        self.calls.append(("work_ticket", job_id))
        return self.disposition

    async def refuse(
        self, message: ReceivedMessage, error: AdapterError, *, task: str, client: str, route: Route | None
    ) -> Disposition:
        del message
        self.calls.append(("refuse", (error, task, client, route)))
        return self.disposition

    async def park(self, message: ReceivedMessage, reason: str, detail: str) -> Disposition:
        del message, detail
        self.calls.append(("park", reason))
        return self.disposition

    async def dead_letter(
        self, message: ReceivedMessage, request: JobRequest | None, *, expired: bool, detail: str
    ) -> Disposition:
        del detail
        self.calls.append(("dead_letter", (message, request, expired)))
        return self.disposition


class FakeClock:
    """Time that passes only while somebody sleeps; sleeping gives the others a turn."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.sleeps: list[float] = []
        self.ids = 0

    def now(self) -> datetime:
        return datetime.fromtimestamp(1_790_000_000 + self.seconds, UTC)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.seconds += seconds
        await asyncio.sleep(0)

    def new_id(self) -> str:
        self.ids += 1
        return f"id-{self.ids}"


class FakeDelivery:
    """A delivery that remembers how it was settled."""

    def __init__(self, message: ReceivedMessage) -> None:
        self.message = message
        self.settled = asyncio.Event()
        self.how = ""

    def ack(self) -> Settlement:
        return self._settle("ack")

    def release(self) -> Settlement:
        return self._settle("release")

    def _settle(self, how: str) -> Settlement:
        assert not self.how, f"settled twice: {self.how}, {how}"
        self.how = how
        self.settled.set()
        return Settlement.SETTLED


class FakeSource:
    """A subscription without a broker."""

    def __init__(self) -> None:
        self.consuming = True
        self.proven = True
        self.problem = ""
        self.waiting_since: float | None = None
        self.log: list[str] = []
        self._queue: asyncio.Queue[FakeDelivery | None] = asyncio.Queue()
        self._worn: asyncio.Queue[FakeDelivery | None] = asyncio.Queue()
        self._closed = asyncio.Event()

    def deliver(self, message: ReceivedMessage, *, is_worn: bool = False) -> FakeDelivery:
        delivery = FakeDelivery(message)
        (self._worn if is_worn else self._queue).put_nowait(delivery)
        return delivery

    async def run(self) -> None:
        await self._closed.wait()

    async def get(self) -> FakeDelivery:
        return await self._next(self._queue)

    async def get_worn(self) -> FakeDelivery:
        return await self._next(self._worn)

    async def _next(self, line: asyncio.Queue[FakeDelivery | None]) -> FakeDelivery:
        delivery = await line.get()
        if delivery is None:
            raise SubscriptionEnded
        return delivery

    async def pause(self) -> None:
        self.log.append("pause")

    async def resume(self) -> None:
        self.log.append("resume")

    async def drain(self) -> None:
        self.log.append("drain")
        self._queue.put_nowait(None)
        self._worn.put_nowait(None)

    async def close(self) -> None:
        self.log.append("close")
        self._closed.set()


async def until(condition: Callable[[], object]) -> None:
    """Wait for a condition, at most DEADLINE_SECONDS."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not condition():  # noqa: ASYNC110 - any condition can be waited for, also one without an event
            await asyncio.sleep(0.001)


async def turns(count: int = 20) -> None:
    """Give everything that could happen without time passing the chance to."""
    for _ in range(count):
        await asyncio.sleep(0)

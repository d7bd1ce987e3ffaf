"""Taking deliveries of one queue, each handled in a task of its own, settled by what the handler says."""

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from adapter.broker.errors import SubscriptionEnded
from adapter.broker.subscription import Settlement
from adapter.domain.message import ReceivedMessage
from adapter.failpoints import Failpoint, reach
from adapter.ports import Clock
from adapter.service.api import Disposition

log = structlog.get_logger()

Handle = Callable[[ReceivedMessage], Awaitable[Disposition]]


class HeldDelivery(Protocol):
    """A message in our hands; broker.Delivery is one."""

    @property
    def message(self) -> ReceivedMessage:
        """What came."""

    def ack(self) -> Settlement:
        """It is answered for."""

    def release(self) -> Settlement:
        """Not now."""


class Source(Protocol):
    """Where deliveries come from; broker.Subscription is one, and says what each method does."""

    @property
    def consuming(self) -> bool:
        """True while the broker has our consumer."""

    @property
    def proven(self) -> bool:
        """True while a message came by that consumer."""

    @property
    def problem(self) -> str:
        """Why not."""

    async def run(self) -> None:
        """Consume until close()."""

    @property
    def waiting_since(self) -> float | None:
        """Clock time at which the oldest delivery came that nobody took."""

    async def get(self) -> HeldDelivery:
        """Next delivery; SubscriptionEnded after drain()."""

    async def get_worn(self) -> HeldDelivery:
        """Next of those that came back too often."""

    async def pause(self) -> None:
        """Give back what nobody took, take nothing more."""

    async def resume(self) -> None:
        """Take again."""

    async def drain(self) -> None:
        """Pause for good."""

    async def close(self) -> None:
        """Give back all that is held, and end."""


@dataclass(frozen=True, slots=True)
class QueueHealth:
    """How one queue is served."""

    queue: str
    is_consuming: bool
    is_proven: bool
    """True while it is consuming and a message came by the consumer of now: it works."""
    is_paused: bool
    """True while its task has no model, or this process no room: nothing is taken on purpose."""
    problem: str
    running: int
    bugs: int


async def always_ready() -> None:
    """Readiness of a queue that no model is needed for."""


class QueueConsumer:
    """Consumes one queue until drained. A bug in handling one delivery harms only that delivery."""

    def __init__(
        self,
        queue: str,
        source: Source,
        handle: Handle,
        *,
        clock: Clock,
        ready: Callable[[], Awaitable[None]] = always_ready,
        pause_after_seconds: float = 30.0,
        pause_after_bug_seconds: float = 5.0,
    ) -> None:
        """`ready` returns when a delivery may be started; what waits for it pause_after_seconds is given back.

        What came back too often is started in any case: it is about to be lost.
        """
        self.queue = queue
        self.bugs = 0
        self._source = source
        self._handle = handle
        self._clock = clock
        self._ready = ready
        self._pause_after_seconds = pause_after_seconds
        self._pause_after_bug_seconds = pause_after_bug_seconds
        self._handlers: set[asyncio.Task[None]] = set()
        self._taking: set[asyncio.Task[None]] = set()
        self._is_paused = False

    @property
    def running(self) -> int:
        """Deliveries being handled."""
        return len(self._handlers)

    def health(self) -> QueueHealth:
        """How it goes."""
        source = self._source
        return QueueHealth(
            self.queue, source.consuming, source.proven, self._is_paused, source.problem, self.running, self.bugs
        )

    async def run(self) -> None:
        """Take and handle until drain(). Cancellation gives everything back at once."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._source.run(), name=f"consume {self.queue}")
            for get, ready in ((self._source.get, self._until_ready), (self._source.get_worn, always_ready)):
                self._taking.add(group.create_task(self._take(group, get, ready), name=f"take {self.queue}"))

    async def stop_taking(self) -> None:
        """Take nothing more; what was taken goes on."""
        for taking in self._taking:
            taking.cancel()
        if self._taking:
            await asyncio.wait(self._taking)
        await self._source.drain()

    async def drain(self, timeout_seconds: float) -> None:
        """Take nothing more, wait for what is running, then give the rest back and end run()."""
        await self.stop_taking()
        if self._handlers and timeout_seconds > 0:
            await asyncio.wait(self._handlers, timeout=timeout_seconds)
        left = set(self._handlers)
        for handler in left:
            handler.cancel()
        if left:
            await asyncio.wait(left)
            log.info("deliveries_released_at_drain", queue=self.queue, count=len(left))
        await self._source.close()

    async def _take(
        self,
        group: asyncio.TaskGroup,
        get: Callable[[], Awaitable[HeldDelivery]],
        ready: Callable[[], Awaitable[None]],
    ) -> None:
        while True:
            await ready()
            try:
                delivery = await get()
            except SubscriptionEnded:
                return
            handler = group.create_task(self._settle(delivery), name=f"handle {self.queue}")
            self._handlers.add(handler)
            handler.add_done_callback(self._handlers.discard)

    async def _until_ready(self) -> None:
        """Wait; a long wait leaves the messages to the broker, where none of them reaches its consumer timeout."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._patience_seconds()):
                await self._ready()
                return
        self._is_paused = True
        log.warning("queue_paused", queue=self.queue, waited_seconds=self._pause_after_seconds)
        await self._source.pause()
        await self._ready()
        await self._source.resume()
        self._is_paused = False
        log.info("queue_resumed", queue=self.queue)

    def _patience_seconds(self) -> float:
        """How long the oldest that nobody took may still wait."""
        since = self._source.waiting_since
        waited = 0.0 if since is None else self._clock.monotonic() - since
        return max(0.0, self._pause_after_seconds - waited)

    async def _settle(self, delivery: HeldDelivery) -> None:
        disposition = Disposition.RELEASE
        try:
            disposition = await self._handle(delivery.message)
            await reach(Failpoint.BEFORE_ACK)
        except Exception:
            self.bugs += 1
            log.exception("delivery_failed", queue=self.queue, error_id=secrets.token_hex(6))
            await self._clock.sleep(self._pause_after_bug_seconds)
        finally:
            if disposition is Disposition.ACK:
                delivery.ack()
            else:
                delivery.release()

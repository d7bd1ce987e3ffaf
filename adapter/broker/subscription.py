"""Consuming one queue: a channel of its own, rebuilt whenever it dies, and deliveries bound to that channel."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from adapter.broker.backoff import Backoff
from adapter.broker.close_rules import CloseAction, rule_of
from adapter.broker.closes import CloseReason, Cut, Scope
from adapter.broker.consumer import Consumer
from adapter.broker.delivery import Delivery, Settlement
from adapter.broker.errors import BrokerError, BrokerTimeout, ChannelLost, LinkDown, SubscriptionEnded
from adapter.broker.events import EventField, EventHook, Events, ignore_event
from adapter.broker.intake import Intake
from adapter.broker.link import Link
from adapter.broker.proof import Prover
from adapter.broker.times import RebuildTimes
from adapter.ports import Publisher

__all__ = ["Delivery", "RebuildTimes", "Settlement", "Subscription"]

_ENDS = {
    Cut.CONSUMER: "The broker ended our consumer.",
    Cut.SILENT: "The consumer got nothing, though its queue took what was sent to it.",
}


class Subscription:
    """Deliveries of one queue. Probes of `verify` are rejected here and never come out.

    Held at most: `prefetch` deliveries (twice that for a moment after resume(), since the broker counts per consumer)
    and about `max_bytes` of bodies: above it the consumer is cancelled until half of them are settled.
    """

    def __init__(
        self,
        link: Link,
        queue: str,
        *,
        prefetch: int,
        max_bytes: int,
        worn_at: int | None = None,
        times: RebuildTimes | None = None,
        prober: Publisher | None = None,
        on_event: EventHook = ignore_event,
    ) -> None:
        """Nothing happens before run(). What came back `worn_at` times is for get_worn() alone.

        prober: sends probes until a message came; None = the broker is trusted.
        """
        self.queue = queue
        self.generation = 0
        """Counts the channels; a delivery of an earlier one is stale."""
        self.problem = "The subscription is not started."
        """Why it is not consuming, and what to do about it; "" while it is, or was asked to pause."""
        self._link = link
        self._times = times or RebuildTimes()
        self._events = Events(on_event, queue=queue)
        self._prover = Prover(queue, prober, self._times.proof, self._events)
        self._intake = Intake(prefetch, max_bytes, worn_at)
        self._backoff = Backoff(self._times.first_backoff_seconds, self._times.max_backoff_seconds)
        self._consumer: Consumer | None = None
        self._wanted = True
        self._closing = False
        self._wake = asyncio.Event()
        self._moved = asyncio.Event()
        self._run_ended = asyncio.Event()
        self._run_ended.set()

    @property
    def consuming(self) -> bool:
        """True while the broker really has our consumer."""
        return self._consumer is not None and self._consumer.is_consuming

    @property
    def proven(self) -> bool:
        """True while it is consuming, and a message came by this consumer: it works, and is not only said to."""
        return self._consumer is not None and self._consumer.is_consuming and self._consumer.proven.is_set()

    @property
    def held(self) -> int:
        """Deliveries that are not settled, the ones that nobody took yet included."""
        return len(self._consumer.held) if self._consumer else 0

    @property
    def held_bytes(self) -> int:
        """Bytes of their bodies."""
        return self._consumer.held_bytes if self._consumer else 0

    async def run(self) -> None:
        """Consume for ever; ends after close(). Cancellation releases what is held and closes the channel."""
        self._run_ended.clear()
        try:
            while not self._closing:
                await self._live_once()
        finally:
            self._intake.end()
            self._run_ended.set()
            self._tell_moved()

    @property
    def waiting_since(self) -> float | None:
        """Monotonic clock time at which the oldest delivery came that nobody took; None = there is none."""
        return self._intake.waiting_since

    async def get(self) -> Delivery:
        """Wait for the next delivery. Raises SubscriptionEnded after drain()."""
        return await self._next(self._intake.take)

    async def get_worn(self) -> Delivery:
        """Wait for the next that came back so often that the broker may give it up. Raises as get()."""
        return await self._next(self._intake.take_worn)

    async def _next(self, take: Callable[[], Awaitable[Delivery | None]]) -> Delivery:
        while True:
            delivery = await take()
            if delivery is None:
                raise SubscriptionEnded(f"The subscription of {self.queue} is drained.")
            if delivery.generation == self.generation and delivery.settlement is None:
                return delivery

    async def __aiter__(self) -> AsyncIterator[Delivery]:
        """Yield deliveries until drain()."""
        while True:
            try:
                delivery = await self.get()
            except SubscriptionEnded:
                return
            yield delivery

    async def wait_consuming(self, timeout_seconds: float | None = None) -> None:
        """Wait until the broker has our consumer. Raises LinkDown with the problem when the time has passed."""
        try:
            async with asyncio.timeout(timeout_seconds):
                while not self.consuming:
                    await self._moved.wait()
        except TimeoutError:
            raise LinkDown(self.problem or self._link.problem or "The subscription is paused.") from None

    async def pause(self) -> None:
        """Stop taking: cancel the consumer and release what nobody took. What was taken stays held."""
        self._wanted = False
        await self._wait_stopped()

    async def resume(self) -> None:
        """Take again; returns at once, see wait_consuming()."""
        self._wanted = not self._closing and not self._intake.has_ended
        self._wake.set()

    async def drain(self) -> None:
        """Pause for good: get() ends. Deliveries taken before can still be settled until close()."""
        self._intake.end()
        await self.pause()

    async def close(self) -> None:
        """Drain, release what is still held, prove that the broker read it (fence), close the channel; run() ends."""
        await self.drain()
        self._closing = True
        self._wake.set()
        await self._run_ended.wait()

    # --- one channel's life --------------------------------------------------------------------------

    async def _live_once(self) -> None:
        """Wait for the link, open a channel, keep the consumer as wanted until something ends it, wait a little."""
        if not await self._link_opened():
            return
        started_at = asyncio.get_running_loop().time()
        try:
            channel = await self._link.open_channel()
            self.generation += 1
            self._consumer = Consumer(
                channel,
                self.queue,
                generation=self.generation,
                on_delivery=self._intake.put,
                on_held=self._on_held,
                on_ended=self._wake.set,
                events=self._events,
            )
            proving = asyncio.create_task(self._prover.prove(self._consumer), name=f"prove {self.queue}")
            try:
                await self._keep(self._consumer)
            finally:
                proving.cancel()
                await self._leave(self._consumer)
                await _ended(proving)
        except ChannelLost as lost:
            await self._wait_after(lost.reason, started_at)
        except (LinkDown, BrokerTimeout) as error:
            self._tell_problem(str(error), "subscription_lost", action=CloseAction.REBUILD.value, code=0)
            await self._sleep(self._backoff.next_seconds())

    async def _link_opened(self) -> bool:
        """Wait until the link is open or the subscription closes; True if it is open."""
        waits = {asyncio.ensure_future(self._link.wait_open()), asyncio.ensure_future(self._wait_closing())}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        return self._link.is_open and not self._closing

    async def _wait_closing(self) -> None:
        while not self._closing:
            self._wake.clear()
            await self._wake.wait()

    async def _keep(self, consumer: Consumer) -> None:
        """Start and stop the consumer as wanted. Raises ChannelLost when the channel closes; returns when closing."""
        consumer.channel.closed.add_done_callback(lambda _: self._wake.set())
        while not self._closing:
            self._wake.clear()
            if not consumer.channel.is_open:
                raise ChannelLost(await consumer.channel.closed)
            if consumer.end is not None:
                raise ChannelLost(CloseReason(0, consumer.end, _ENDS[consumer.end], Scope.CHANNEL))
            await self._adjust(consumer)
            await self._wake.wait()

    async def _adjust(self, consumer: Consumer) -> None:
        may_take = self._wanted and not self._intake.is_full
        if may_take and not consumer.is_consuming:
            await consumer.start(self._intake.prefetch)
            self.problem = ""
            self._events.emit("subscription_consuming", generation=self.generation, prefetch=self._intake.prefetch)
        elif not may_take and consumer.is_consuming:
            await consumer.stop()
            self._events.emit("subscription_stopped", held=len(consumer.held), held_bytes=consumer.held_bytes)
        if not self._wanted:
            self._intake.release_untaken()
        self._tell_moved()

    async def _leave(self, consumer: Consumer) -> None:
        """Release what is held, let the broker read that, and close the channel; in whatever state it is."""
        try:
            async with asyncio.timeout(self._times.close_timeout_seconds):
                if consumer.channel.is_open:
                    await consumer.stop()
                    consumer.release_all()
                    await consumer.channel.fence()
                    await consumer.channel.close()
        except (BrokerError, TimeoutError) as error:
            self._events.emit("subscription_not_closed_cleanly", problem=str(error))
        finally:
            self._consumer = None
            self._prover.lost()
            self._intake.forget()
            self._tell_moved()

    async def _wait_after(self, reason: CloseReason, started_at: float) -> None:
        rule = rule_of(reason)
        if asyncio.get_running_loop().time() - started_at >= self._times.healthy_after_seconds:
            self._backoff.reset()
        problem = f"Queue {self.queue}: {rule.told(reason)}"
        if reason.scope is Scope.CONNECTION:
            self.problem = problem
            return  # the link has its own backoff, and says what happened
        self._tell_problem(problem, rule.event, action=rule.action.value, code=reason.code)
        is_personal = rule.action is CloseAction.NEEDS_PERSON
        await self._sleep(self._times.failed_retry_seconds if is_personal else self._backoff.next_seconds())

    # --- small parts ---------------------------------------------------------------------------------

    def _on_held(self) -> None:
        consumer = self._consumer
        if consumer is not None and self._intake.note_held(len(consumer.held), consumer.held_bytes):
            self._wake.set()

    async def _wait_stopped(self) -> None:
        self._wake.set()
        while self.consuming or self._intake.has_untaken:
            await self._moved.wait()

    async def _sleep(self, seconds: float) -> None:
        """Wait, but not through a close()."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wait_closing()

    def _tell_problem(self, problem: str, event: str, **fields: EventField) -> None:
        if problem != self.problem:
            self._events.emit(event, problem=problem, **fields)
        self.problem = problem

    def _tell_moved(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()


async def _ended(task: asyncio.Task[None]) -> None:
    """Wait for a task that was cancelled. Raises what else ended it, which is a bug."""
    await asyncio.wait({task})
    if not task.cancelled():
        task.result()

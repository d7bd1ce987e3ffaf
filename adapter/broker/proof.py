"""Proof that a consumer works: the first message that comes; where none comes, an empty one is sent to its queue."""

import asyncio
import contextlib

from adapter.broker.consumer import Consumer
from adapter.broker.events import Events
from adapter.broker.probes import sign_of_life
from adapter.broker.times import ProofTimes
from adapter.domain.message import PublishStatus
from adapter.ports import Publisher


class Prover:
    """Proves the consumers of one queue, one after the other, and says when one works again that was lost."""

    def __init__(self, queue: str, publisher: Publisher | None, times: ProofTimes, events: Events) -> None:
        """Without a publisher the broker is believed."""
        self._queue = queue
        self._publisher = publisher
        self._times = times
        self._events = events
        self._lost_at: float | None = None

    def lost(self) -> None:
        """The consumer of now is over."""
        self._lost_at = self._lost_at or asyncio.get_running_loop().time()

    async def prove(self, consumer: Consumer) -> None:
        """Wait until a message came by it. Lost is recovered when a fresh message came, not when a socket opened."""
        if self._publisher is None:
            consumer.proven.set()
            return
        if await self._seek(consumer, self._publisher) and self._lost_at is not None:
            seconds = asyncio.get_running_loop().time() - self._lost_at
            self._lost_at = None
            self._events.emit("subscription_recovered", after_seconds=round(seconds, 3))

    async def _seek(self, consumer: Consumer, publisher: Publisher) -> bool:
        """Send probes until a message came: True; False when the consumer is given up, or nobody can tell.

        Where we may not write to the queue by its name nothing can be proven: then the broker's word has to do.
        """
        taken = 0
        while not consumer.proven.is_set():
            await consumer.started.wait()
            outcome = await publisher.publish(sign_of_life(self._queue))
            if outcome.status is PublishStatus.REFUSED:
                self._events.emit("probe_refused", problem=outcome.detail)
                consumer.proven.set()
                return False
            taken += outcome.status is PublishStatus.CONFIRMED
            if taken >= self._times.silent_after_probes:
                consumer.give_up()
                return False
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._times.probe_seconds):
                    await consumer.proven.wait()
        return True

"""Consuming one queue: a channel of its own, rebuilt whenever it dies, and deliveries bound to that channel."""

from collections.abc import AsyncIterator
from enum import StrEnum

from adapter.broker.events import EventHook, ignore_event
from adapter.broker.link import Link
from adapter.domain.message import ReceivedMessage


class Settlement(StrEnum):
    """What became of an ack, release or reject."""

    SETTLED = "settled"
    STALE = "stale"
    """The channel it came by is gone; the broker gives the message out again."""


class Delivery:
    """One message in our hands until it is settled, once. Settling never raises; a second settling changes nothing."""

    message: ReceivedMessage
    generation: int

    def ack(self) -> Settlement:
        """It is answered for: the broker forgets it."""
        raise NotImplementedError

    def release(self) -> Settlement:
        """Not now: back to the queue (basic.nack with requeue)."""
        raise NotImplementedError

    def reject(self) -> Settlement:
        """It failed: to the dead letters (basic.reject without requeue)."""
        raise NotImplementedError


class Subscription:
    """Deliveries of one queue. Probes of `verify` are rejected here and never come out."""

    def __init__(
        self, link: Link, queue: str, *, prefetch: int, max_bytes: int, on_event: EventHook = ignore_event
    ) -> None:
        """Hold at most `prefetch` deliveries and about `max_bytes` of bodies."""
        raise NotImplementedError

    consuming: bool
    """True while the broker really has our consumer."""
    problem: str
    """Why it is not consuming, and what to do about it."""

    async def run(self) -> None:
        """Consume for ever; ends after close(). Cancellation releases what is held and closes the channel."""
        raise NotImplementedError

    async def get(self) -> Delivery:
        """Wait for the next delivery. Raises SubscriptionEnded after drain()."""
        raise NotImplementedError

    def __aiter__(self) -> AsyncIterator[Delivery]:
        """Yield deliveries until drain()."""
        raise NotImplementedError

    async def wait_consuming(self, timeout_seconds: float) -> None:
        """Wait until the broker has our consumer. Raises LinkDown with the problem when the time has passed."""
        raise NotImplementedError

    async def pause(self) -> None:
        """Stop taking: cancel the consumer and release what nobody took. What was taken stays held."""
        raise NotImplementedError

    async def resume(self) -> None:
        """Take again."""
        raise NotImplementedError

    async def drain(self) -> None:
        """Pause for good: get() ends. Deliveries taken before can still be settled until close()."""
        raise NotImplementedError

    async def close(self) -> None:
        """Drain, release what is still held, prove that the broker read it (fence), close the channel; run() ends."""
        raise NotImplementedError

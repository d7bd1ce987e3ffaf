"""One consumer on one channel, for as long as that channel lives: starts, stops, and knows what is held."""

import asyncio
from collections.abc import Callable

from adapter.broker.channel import Channel, Settle
from adapter.broker.closes import Cut
from adapter.broker.delivery import Delivery
from adapter.broker.events import Events
from adapter.broker.probes import is_probe, is_sign_of_life
from adapter.domain.message import ReceivedMessage

MAX_PREFETCH = 2000
"""Quorum queues take no more per consumer."""


class Consumer:
    """Deliveries of one queue over one channel."""

    def __init__(
        self,
        channel: Channel,
        queue: str,
        *,
        generation: int,
        on_delivery: Callable[[Delivery], None],
        on_held: Callable[[], None],
        on_ended: Callable[[], None],
        events: Events,
    ) -> None:
        """Callbacks run inside the socket reader and must only hand on; `on_held` follows a change of what is held."""
        self.channel = channel
        self.end: Cut | None = None
        """Why this consumer is over, though its channel is open: the broker ended it, or it gets nothing."""
        self.started = asyncio.Event()
        """Set while the broker was asked for it, and agreed."""
        self.proven = asyncio.Event()
        """Set once a message came by it."""
        self.held: dict[int, Delivery] = {}
        self.held_bytes = 0
        self._queue = queue
        self._generation = generation
        self._hand_on = on_delivery
        self._on_held = on_held
        self._tell_ended = on_ended
        self._events = events
        self._tag = ""

    @property
    def is_consuming(self) -> bool:
        """True while the broker has our consumer."""
        return bool(self._tag) and self.channel.is_open and self.end is None

    async def start(self, prefetch: int) -> None:
        """Consume. Raises ChannelLost, BrokerTimeout."""
        # Prefetch holds for consumers started after it, so it is set each time, and first.
        await self.channel.qos(min(prefetch, MAX_PREFETCH))
        self._tag = await self.channel.consume(self._queue, self._on_delivery, lambda: self._end(Cut.CONSUMER))
        self.started.set()

    async def stop(self) -> None:
        """Stop taking; what is held stays held. Raises ChannelLost, BrokerTimeout."""
        if self._tag:
            await self.channel.cancel(self._tag)
        self._tag = ""
        self.started.clear()

    def release_all(self) -> None:
        """Give back everything that is held, one by one: a channel closed over held messages counts against them."""
        for delivery in tuple(self.held.values()):
            delivery.release()

    def give_up(self) -> None:
        """End it: the broker says that it is there, and gives it nothing."""
        self._end(Cut.SILENT)

    def _on_delivery(self, tag: int, message: ReceivedMessage) -> None:
        self.proven.set()
        if is_probe(message):
            self._on_probe(tag, message)
            return
        delivery = Delivery(message, tag=tag, generation=self._generation, settle=self._settle)
        self.held[tag] = delivery
        self.held_bytes += len(message.body)
        self._hand_on(delivery)
        self._on_held()

    def _on_probe(self, tag: int, probe: ReceivedMessage) -> None:
        if is_sign_of_life(probe):
            self.channel.settle(tag, Settle.ACK)
            return
        self._events.emit("probe_seen")
        self.channel.settle(tag, Settle.REJECT)

    def _end(self, end: Cut) -> None:
        self.end = end
        self._tell_ended()

    def _settle(self, delivery: Delivery, how: Settle) -> bool:
        if self.held.pop(delivery.tag, None) is not None:
            self.held_bytes -= len(delivery.message.body)
            self._on_held()
        settled = self.channel.settle(delivery.tag, how)
        if not settled:
            self._events.emit("delivery_stale", how=how.value)
        return settled

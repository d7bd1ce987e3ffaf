"""Direct replies leave by a connection of their own: one to a forged address ends the connection that it goes by."""

import asyncio
import contextlib

from adapter.broker.errors import LinkDown
from adapter.broker.link import Link, LinkState
from adapter.broker.publisher import BrokerPublisher
from adapter.domain.message import OutgoingMessage, PublishOutcome

DIRECT_REPLY_TO = "amq.rabbitmq.reply-to."
_OPENING = frozenset({LinkState.CLOSED, LinkState.CONNECTING})
_OPENING_SECONDS = 2.0


def is_direct_reply(message: OutgoingMessage) -> bool:
    """True where nobody can tell whether it arrives: the requester is there, or it is gone for good."""
    return not message.exchange and message.routing_key.startswith(DIRECT_REPLY_TO)


class DividedPublisher:
    """Implements ports.Publisher over two; the link of the second is opened when the first direct reply is sent."""

    def __init__(self, publisher: BrokerPublisher, replies: BrokerPublisher, replies_link: Link) -> None:
        """Take the publisher for everything else, and the one for direct replies with its link."""
        self._publisher = publisher
        self._replies = replies
        self._replies_link = replies_link
        self._wanted = asyncio.Event()

    @property
    def has_replies(self) -> bool:
        """True once a direct reply was sent: its link is kept open from then on."""
        return self._wanted.is_set()

    @property
    def in_flight(self) -> int:
        """Messages whose confirms are awaited."""
        return self._publisher.in_flight + self._replies.in_flight

    async def run(self) -> None:
        """Keep the link of direct replies open once it is wanted; never returns but by cancellation."""
        await self._wanted.wait()
        await self._replies_link.run()

    async def publish(self, message: OutgoingMessage) -> PublishOutcome:
        """Publish and wait for the confirm. Never raises for the link's troubles."""
        if not is_direct_reply(message):
            return await self._publisher.publish(message)
        self._wanted.set()
        if self._replies_link.state in _OPENING:
            with contextlib.suppress(LinkDown):
                await self._replies_link.wait_open(_OPENING_SECONDS)
        return await self._replies.publish(message)

    async def close(self, timeout_seconds: float = 5.0) -> None:
        """Take nothing more, wait for the confirms still out, then close the channels."""
        await asyncio.gather(self._publisher.close(timeout_seconds), self._replies.close(timeout_seconds))

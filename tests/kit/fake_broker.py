"""A broker that does as a test says: AMQP 0-9-1 by pika's own codec, for what a real broker cannot be made to do.

It opens connections, channels and objects by itself, gives publishes to consumers and confirms them, until told
otherwise; `tests/integration/broker/test_fake_broker.py` holds it to the real one.
"""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from pika import spec

from tests.kit.fake_peer import Peer, Published
from tests.kit.rabbitmq import eventually

OnPublish = Callable[[Peer, Published], None]


def confirm(peer: Peer, published: Published) -> None:
    """Take it: to the consumer of the queue it is for, if there is one; then confirm it."""
    if not published.exchange and published.routing_key in peer.broker.queues():
        peer.broker.deliver(published.routing_key, published.body, published.properties)
    peer.ack(published)


def say_nothing(_peer: Peer, _published: Published) -> None:
    """Take it, and never confirm it."""


def give_back(peer: Peer, published: Published) -> None:
    """No queue takes it."""
    peer.give_back(published)
    peer.ack(published)


def refuse(peer: Peer, published: Published) -> None:
    """No queue has room for it."""
    peer.nack(published)


class FakeBroker:
    """Listens on a free port of the loopback."""

    def __init__(self) -> None:
        """Take everything, until told otherwise."""
        self.peers: list[Peer] = []
        """Every connection there ever was, in their order."""
        self.on_publish: OnPublish = confirm
        self.unanswered: set[type[object]] = set()
        """Methods of clients that get no answer."""
        self.refused_login: tuple[int, str] | None = None
        """Code and text with which new connections are closed."""
        self.refused_queues: dict[str, tuple[int, str]] = {}
        """Queues that cannot be consumed: code and text that the channel is closed with."""
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Cut everything. Raises what went wrong while serving."""
        assert self._server is not None
        self._server.close()
        for peer in self.peers:
            peer.reset()
        await asyncio.gather(*self._tasks)

    @property
    def url(self) -> str:
        """AMQP URL of it."""
        assert self._server is not None
        return f"amqp://guest:guest@127.0.0.1:{self._server.sockets[0].getsockname()[1]}/%2F"

    @property
    def open_peers(self) -> list[Peer]:
        """Connections that are up."""
        return [peer for peer in self.peers if not peer.is_closed]

    @property
    def published(self) -> list[Published]:
        """Every message that clients sent, in their order."""
        return sorted((one for peer in self.peers for one in peer.published), key=lambda one: one.order)

    def queues(self) -> set[str]:
        """Queues that have a consumer now."""
        return {queue for peer in self.open_peers for queue in peer.consumers}

    async def saw(self, count: int) -> list[Published]:
        """Wait for so many messages of clients."""
        await eventually(lambda: len(self.published) >= count)
        return self.published

    async def consumer(self, queue: str) -> Peer:
        """Wait until a client consumes a queue, and return its connection."""
        await eventually(lambda: queue in self.queues())
        return next(peer for peer in self.open_peers if queue in peer.consumers)

    def deliver(
        self, queue: str, body: bytes, properties: spec.BasicProperties | None = None, *, redelivered: bool = False
    ) -> int:
        """Give a message to the consumer of a queue; returns its delivery tag."""
        peer = next(peer for peer in self.open_peers if queue in peer.consumers)
        return peer.deliver(queue, body, properties or spec.BasicProperties(), redelivered=redelivered)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(self, writer)
        self.peers.append(peer)
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        await peer.listen(reader)

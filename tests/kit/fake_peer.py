"""One client's connection to the fake broker: what it sent, and what a test sends to it."""

import asyncio
import contextlib
import socket
import struct
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pika import frame, spec

if TYPE_CHECKING:
    from tests.kit.fake_broker import FakeBroker

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_CAPABILITIES = {
    "basic.nack": True,
    "consumer_cancel_notify": True,
    "publisher_confirms": True,
    "connection.blocked": True,
}
_ANSWERS: dict[type[object], Any] = {
    spec.Connection.StartOk: lambda _: spec.Connection.Tune(channel_max=2047, frame_max=131072, heartbeat=60),
    spec.Connection.Open: lambda _: spec.Connection.OpenOk(),
    spec.Connection.Close: lambda _: spec.Connection.CloseOk(),
    spec.Channel.Open: lambda _: spec.Channel.OpenOk(),
    spec.Channel.Close: lambda _: spec.Channel.CloseOk(),
    spec.Confirm.Select: lambda _: spec.Confirm.SelectOk(),
    spec.Exchange.Declare: lambda _: spec.Exchange.DeclareOk(),
    spec.Queue.Declare: lambda asked: spec.Queue.DeclareOk(queue=asked.queue, message_count=0, consumer_count=0),
    spec.Queue.Bind: lambda _: spec.Queue.BindOk(),
    spec.Basic.Qos: lambda _: spec.Basic.QosOk(),
    spec.Basic.Consume: lambda asked: spec.Basic.ConsumeOk(consumer_tag=asked.consumer_tag),
    spec.Basic.Cancel: lambda asked: spec.Basic.CancelOk(consumer_tag=asked.consumer_tag),
}
_SETTLEMENTS = (spec.Basic.Ack, spec.Basic.Nack, spec.Basic.Reject)
_order = iter(range(1_000_000_000))


@dataclass(frozen=True)
class Published:
    """A message that a client sent; `number` counts those of its channel, as confirms do."""

    channel: int
    number: int
    exchange: str
    routing_key: str
    properties: spec.BasicProperties
    body: bytes
    order: int = field(default_factory=lambda: next(_order))


@dataclass(frozen=True)
class Settled:
    """What a client said of a delivery: Ack, Nack or Reject of spec.Basic, and the body it was about."""

    how: type[object]
    body: bytes


@dataclass
class _Incoming:
    """A message whose frames are still coming."""

    method: Any
    properties: spec.BasicProperties = field(default_factory=spec.BasicProperties)
    size: int = -1
    body: bytes = b""

    @property
    def is_complete(self) -> bool:
        return len(self.body) == self.size


class Peer:
    """Answers as a broker does, unless the fake broker was told otherwise."""

    def __init__(self, broker: "FakeBroker", writer: asyncio.StreamWriter) -> None:
        """Made by the fake broker."""
        self.broker = broker
        self.is_closed = False
        self.is_mute = False
        """Sends nothing any more, not even heartbeats, and does not hang up."""
        self.methods: list[Any] = []
        """Every method of the client."""
        self.published: list[Published] = []
        self.settled: list[Settled] = []
        """What the client said of deliveries."""
        self.consumers: dict[str, tuple[int, str]] = {}
        """Queue → channel and consumer tag."""
        self._writer = writer
        self._incoming: dict[int, _Incoming] = {}
        self._closing: set[int] = set()
        """Channels that we closed; what the client still sends on them is not read until it agrees."""
        self._numbers: dict[int, int] = defaultdict(int)
        self._tags: dict[int, int] = defaultdict(int)
        self._unsettled: dict[tuple[int, int], bytes] = {}

    def count(self, kind: type[object]) -> int:
        """How many methods of a kind the client sent."""
        return sum(isinstance(method, kind) for method in self.methods)

    # --- what a test sends ------------------------------------------------------------------------------

    def send(self, channel: int, method: Any) -> None:
        """Send a method."""
        self.raw(frame.Method(channel, method).marshal())

    def ack(self, published: Published, *, multiple: bool = False) -> None:
        """Confirm a message, or it and all before it on its channel."""
        self.send(published.channel, spec.Basic.Ack(published.number, multiple))

    def nack(self, published: Published, *, multiple: bool = False) -> None:
        """Say that it was not kept."""
        self.send(published.channel, spec.Basic.Nack(published.number, multiple, requeue=False))

    def give_back(self, published: Published) -> None:
        """Return a message that no queue takes."""
        method = spec.Basic.Return(312, "NO_ROUTE", published.exchange, published.routing_key)
        self._send_content(published.channel, method, published.properties, published.body)

    def deliver(self, queue: str, body: bytes, properties: spec.BasicProperties, *, redelivered: bool) -> int:
        """Give a message to the consumer of a queue; returns its delivery tag."""
        channel, consumer_tag = self.consumers[queue]
        self._tags[channel] += 1
        tag = self._tags[channel]
        self._unsettled[channel, tag] = body
        method = spec.Basic.Deliver(consumer_tag, tag, redelivered, exchange="", routing_key=queue)
        self._send_content(channel, method, properties, body)
        return tag

    def cancel(self, queue: str) -> None:
        """End a consumer, as when its queue is deleted or moves."""
        channel, consumer_tag = self.consumers.pop(queue)
        self.send(channel, spec.Basic.Cancel(consumer_tag, nowait=True))

    def close_channel(self, channel: int, code: int, text: str) -> None:
        """Close a channel over what the client did."""
        self._forget_channel(channel)
        self._closing.add(channel)
        self.send(channel, spec.Channel.Close(code, text, 0, 0))

    def close(self, code: int, text: str) -> None:
        """Close the connection."""
        self.consumers.clear()
        self.send(0, spec.Connection.Close(code, text, 0, 0))

    def block(self) -> None:
        """An alarm is on: publishes are not read any more."""
        self.send(0, spec.Connection.Blocked("low on memory"))

    def unblock(self) -> None:
        """The alarm is over."""
        self.send(0, spec.Connection.Unblocked())

    def raw(self, data: bytes) -> None:
        """Send bytes."""
        if not self.is_mute and not self.is_closed:
            self._writer.write(data)

    def reset(self) -> None:
        """Cut the connection with a TCP reset."""
        self.is_closed = True
        self.consumers.clear()
        sock = self._writer.get_extra_info("socket")
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._writer.transport.abort()

    def _send_content(self, channel: int, method: Any, properties: spec.BasicProperties, body: bytes) -> None:
        self.raw(
            frame.Method(channel, method).marshal()
            + frame.Header(channel, len(body), properties).marshal()
            + (frame.Body(channel, body).marshal() if body else b"")
        )

    # --- what the client sends --------------------------------------------------------------------------

    async def listen(self, reader: asyncio.StreamReader) -> None:
        """Read and answer until the connection ends."""
        buffer = b""
        with contextlib.suppress(OSError):
            while chunk := await reader.read(65536):
                buffer += chunk
                while True:
                    consumed, one = frame.decode_frame(buffer)
                    if not consumed:
                        break
                    buffer = buffer[consumed:]
                    self._on_frame(one)
        self.is_closed = True
        self.consumers.clear()
        self._writer.close()

    def _on_frame(self, one: Any) -> None:
        if isinstance(one, frame.ProtocolHeader):
            self.send(0, spec.Connection.Start(server_properties={"capabilities": _CAPABILITIES}))
        elif isinstance(one, frame.Heartbeat):
            self.raw(frame.Heartbeat().marshal())
        elif one.channel_number in self._closing:
            if isinstance(one, frame.Method) and isinstance(one.method, spec.Channel.CloseOk):
                self._closing.discard(one.channel_number)
        elif isinstance(one, frame.Method):
            self._on_method(one.channel_number, one.method)
        else:
            self._on_content(one)

    def _on_method(self, channel: int, method: Any) -> None:
        self.methods.append(method)
        if isinstance(method, spec.Basic.Publish):
            self._incoming[channel] = _Incoming(method)
        elif isinstance(method, _SETTLEMENTS):
            self._on_settled(channel, method)
        elif isinstance(method, spec.Connection.Open) and self.broker.refused_login:
            self.close(*self.broker.refused_login)
        elif isinstance(method, spec.Basic.Consume) and method.queue in self.broker.refused_queues:
            self.close_channel(channel, *self.broker.refused_queues[method.queue])
        elif type(method) in _ANSWERS and type(method) not in self.broker.unanswered:
            self._on_request(channel, method)

    def _on_request(self, channel: int, method: Any) -> None:
        if isinstance(method, spec.Basic.Consume):
            self.consumers[method.queue] = channel, method.consumer_tag
        elif isinstance(method, spec.Basic.Cancel):
            self.consumers = {queue: one for queue, one in self.consumers.items() if one[1] != method.consumer_tag}
        elif isinstance(method, spec.Channel.Close):
            self._forget_channel(channel)
        if not getattr(method, "nowait", False):
            self.send(channel, _ANSWERS[type(method)](method))

    def _on_content(self, one: Any) -> None:
        incoming = self._incoming[one.channel_number]
        if isinstance(one, frame.Header):
            incoming.properties, incoming.size = one.properties, one.body_size
        else:
            incoming.body += one.fragment
        if incoming.is_complete:
            self._on_published(one.channel_number, incoming)

    def _on_published(self, channel: int, incoming: _Incoming) -> None:
        del self._incoming[channel]
        self._numbers[channel] += 1
        method = incoming.method
        published = Published(
            channel, self._numbers[channel], method.exchange, method.routing_key, incoming.properties, incoming.body
        )
        self.published.append(published)
        self.broker.on_publish(self, published)

    def _on_settled(self, channel: int, method: Any) -> None:
        """Note it; a tag that is not of this channel closes it, as the real broker does."""
        body = self._unsettled.pop((channel, method.delivery_tag), None)
        if body is None:
            self.close_channel(channel, 406, f"PRECONDITION_FAILED - unknown delivery tag {method.delivery_tag}")
            return
        self.settled.append(Settled(type(method), body))

    def _forget_channel(self, channel: int) -> None:
        self.consumers = {queue: one for queue, one in self.consumers.items() if one[0] != channel}
        self._unsettled = {one: body for one, body in self._unsettled.items() if one[0] != channel}
        self._numbers.pop(channel, None)
        self._tags.pop(channel, None)

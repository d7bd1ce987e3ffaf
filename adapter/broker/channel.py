"""One channel with awaitable requests that fail when it closes and time out; it dies once and is never reopened."""

import asyncio
import contextlib
import functools
import logging
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from pika import exceptions
from pika.channel import Channel as PikaChannel
from pika.spec import Basic, BasicProperties

from adapter.broker.closes import CloseReason, Scope, reason_of
from adapter.broker.connection import OpenConnection
from adapter.broker.errors import BadPropertyError, BrokerTimeout, ChannelLost
from adapter.broker.events import Events
from adapter.broker.properties import received_message, returned_message, text_of
from adapter.domain.message import OutgoingMessage, ReceivedMessage

OnDelivery = Callable[[int, ReceivedMessage], None]
"""(delivery tag, message)"""
OnReturn = Callable[[OutgoingMessage, str], None]
"""(the message that came back, the broker's words)"""
OnConfirm = Callable[[int, bool, bool], None]
"""(delivery tag, multiple, is an ack)"""

MOST_ABANDONED_CHANNELS = 16
"""So many without an answer, and the connection itself is taken for dead."""
_LOG = logging.getLogger(__name__)


class Settle(StrEnum):
    """What to tell the broker of a delivery."""

    ACK = "ack"
    RELEASE = "release"
    REJECT = "reject"


class Channel:
    """A channel of one connection. Callbacks run inside pika's socket reader and are guarded: none can kill it."""

    def __init__(
        self, connection: OpenConnection, *, generation: int, rpc_timeout_seconds: float, events: Events
    ) -> None:
        """Use `open_channel`."""
        self.generation = generation
        self.closed: asyncio.Future[CloseReason] = asyncio.get_running_loop().create_future()
        self._published = 0
        self._connection = connection
        self._rpc_timeout_seconds = rpc_timeout_seconds
        self._events = events
        self._pending: set[asyncio.Future[Any]] = set()
        self._pika: PikaChannel

    @property
    def is_open(self) -> bool:
        """True until it closes or starts to."""
        return self._pika.is_open

    @property
    def pending_requests(self) -> int:
        """Requests that wait for the broker's answer."""
        return len(self._pending)

    async def open(self) -> None:
        """Open it. Raises ChannelLost, BrokerTimeout."""

        def start(opened: Callable[[object], None]) -> None:
            self._pika = self._connection.pika.channel(on_open_callback=opened)
            self._pika.add_on_close_callback(self._guard(self._on_closed))

        try:
            await self._request("channel.open", start)
        except asyncio.CancelledError:
            await self.close()
            raise

    # --- requests ------------------------------------------------------------------------------------

    async def qos(self, prefetch: int) -> None:
        """Bound what consumers started from now on are given unsettled."""
        await self._request("basic.qos", lambda done: self._pika.basic_qos(prefetch_count=prefetch, callback=done))

    async def fence(self) -> None:
        """Wait until the broker has read everything sent before: it may close on us with acks unread."""
        await self.qos(1)

    async def declare_exchange(
        self, name: str, kind: str = "topic", *, passive: bool = False, arguments: Mapping[str, Any] | None = None
    ) -> None:
        """Declare a durable exchange; passive only asks whether it exists (404 closes the channel)."""
        await self._request(
            "exchange.declare",
            lambda done: self._pika.exchange_declare(
                name, kind, passive=passive, durable=True, arguments=arguments, callback=done
            ),
        )

    async def declare_queue(
        self, name: str, *, passive: bool = False, private: bool = False, arguments: Mapping[str, Any] | None = None
    ) -> int:
        """Declare a durable queue (private: exclusive, goes with the connection); return the messages ready in it."""
        declared = await self._request(
            "queue.declare",
            lambda done: self._pika.queue_declare(
                name,
                passive=passive,
                durable=not private,
                exclusive=private,
                auto_delete=private,
                arguments=arguments,
                callback=done,
            ),
        )
        return int(declared.method.message_count)

    async def bind(self, queue: str, exchange: str, routing_key: str) -> None:
        """Bind a queue to an exchange."""
        await self._request(
            "queue.bind", lambda done: self._pika.queue_bind(queue, exchange, routing_key, callback=done)
        )

    async def delete_queue(self, name: str) -> None:
        """Delete a queue."""
        await self._request("queue.delete", lambda done: self._pika.queue_delete(name, callback=done))

    async def consume(self, queue: str, on_delivery: OnDelivery, on_cancelled: Callable[[], None]) -> str:
        """Start a consumer and return its tag; `on_cancelled` is called when the broker ends it."""
        tag = ""
        self._pika.add_on_cancel_callback(self._guard(lambda _frame: on_cancelled()))

        def delivered(_channel: object, method: Basic.Deliver, properties: BasicProperties, body: bytes) -> None:
            on_delivery(method.delivery_tag or 0, received_message(queue, method, properties, body))

        guarded = self._guard(delivered)

        def start(done: Callable[[object], None]) -> None:
            nonlocal tag
            tag = self._pika.basic_consume(queue, guarded, callback=done)

        await self._request("basic.consume", start)
        return tag

    async def cancel(self, tag: str) -> None:
        """End a consumer. What races in until the broker agrees is returned to the queue by pika."""
        if self.is_open and tag in self._pika.consumer_tags:
            await self._request("basic.cancel", lambda done: self._pika.basic_cancel(tag, callback=done))

    async def confirm_select(self, on_confirm: OnConfirm, on_return: OnReturn) -> None:
        """Ask for confirms of what is published here; once a channel."""

        def confirmed(frame: Any) -> None:
            method = frame.method
            on_confirm(method.delivery_tag, method.multiple, isinstance(method, Basic.Ack))

        def returned(_channel: object, method: Basic.Return, properties: BasicProperties, body: bytes) -> None:
            on_return(returned_message(method, properties, body), f"{method.reply_code} {text_of(method.reply_text)}")

        self._pika.add_on_return_callback(self._guard(returned))
        await self._request(
            "confirm.select", lambda done: self._pika.confirm_delivery(self._guard(confirmed), callback=done)
        )

    async def close(self, timeout_seconds: float = 5.0) -> None:
        """Close it, if it is not closed already, and wait a moment for the broker's consent."""
        try:
            self._pika.close()
        except exceptions.AMQPError:
            return
        await asyncio.wait({self.closed}, timeout=timeout_seconds)
        if not self.closed.done():
            self._events.emit("channel_close_unanswered")

    # --- without an answer ---------------------------------------------------------------------------

    def publish(
        self, exchange: str, routing_key: str, body: bytes, properties: BasicProperties, *, mandatory: bool
    ) -> int:
        """Send a message and return its number for confirms. Raises ChannelLost, BadPropertyError: nothing was sent."""
        try:
            self._pika.basic_publish(exchange, routing_key, body, properties, mandatory=mandatory)
        except (exceptions.ChannelWrongStateError, exceptions.ConnectionWrongStateError) as error:
            raise ChannelLost(self._reason(error)) from error
        except Exception as error:  # pika marshals before it sends, by many kinds of exception
            raise BadPropertyError(f"pika cannot encode the message: {type(error).__name__}.") from error
        self._published += 1
        return self._published

    def settle(self, delivery_tag: int, how: Settle) -> bool:
        """Settle one delivery of this channel; False if the channel is gone. Never raises."""
        try:
            if how is Settle.ACK:
                self._pika.basic_ack(delivery_tag)
            elif how is Settle.RELEASE:
                self._pika.basic_nack(delivery_tag, requeue=True)
            else:
                self._pika.basic_reject(delivery_tag, requeue=False)
        except exceptions.AMQPError:
            return False
        return True

    # --- parts ---------------------------------------------------------------------------------------

    async def _request(self, name: str, start: Callable[[Callable[[object], None]], object]) -> Any:
        """Start a request with pika and wait for its answer; pika itself never answers once the channel closed."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._pending.add(answer)
        try:
            start(functools.partial(_resolve, answer))
            async with asyncio.timeout(self._rpc_timeout_seconds):
                return await answer
        except TimeoutError:
            self._abandon()
            raise BrokerTimeout(f"The broker did not answer {name} in {self._rpc_timeout_seconds:g} s.") from None
        except exceptions.AMQPError as error:
            raise ChannelLost(self._reason(error)) from error
        finally:
            self._pending.discard(answer)

    def _abandon(self) -> None:
        """Give the channel up without waiting: pika queues the close behind the request that has no answer.

        Not the connection: a quorum queue without a leader leaves one request unanswered and everything else well.
        """
        self._connection.abandoned += 1
        self.closed.add_done_callback(lambda _: self._connection.readopt())
        with contextlib.suppress(exceptions.AMQPError):
            self._pika.close()
        if self._connection.abandoned >= MOST_ABANDONED_CHANNELS:
            self._connection.drop("the broker answers nothing any more")

    def _reason(self, error: BaseException) -> CloseReason:
        if self.closed.done():
            return self.closed.result()
        return reason_of(error, Scope.CHANNEL)

    def _on_closed(self, _channel: object, error: BaseException) -> None:
        reason = reason_of(error, Scope.CHANNEL)
        if not self.closed.done():
            self.closed.set_result(reason)
        for answer in self._pending:
            if not answer.done():
                answer.set_exception(ChannelLost(reason))

    def _guard(self, callback: Callable[..., None]) -> Callable[..., None]:
        """Keep an exception of a callback from pika, which would drop the connection for it."""

        @functools.wraps(callback)
        def guarded(*arguments: object) -> None:
            try:
                callback(*arguments)
            except Exception as error:  # noqa: BLE001 - whatever it is, pika must not see it
                _LOG.exception("broker_callback_failed")
                self._events.emit("broker_callback_failed", error=type(error).__name__)

        return guarded


def _resolve(answer: asyncio.Future[Any], frame: object) -> None:
    if not answer.done():
        answer.set_result(frame)

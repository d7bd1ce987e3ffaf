"""Publishing with pipelined confirms: the Publisher port over one link."""

import asyncio
from dataclasses import dataclass, field

from adapter.broker.channel import Channel
from adapter.broker.close_rules import CloseAction, rule_of
from adapter.broker.closes import CloseReason, Scope
from adapter.broker.confirms import Confirms, Sent
from adapter.broker.errors import BadPropertyError, BrokerError, LinkDown
from adapter.broker.events import EventHook, Events, ignore_event
from adapter.broker.link import Link
from adapter.broker.probes import PROBE_HEADER
from adapter.broker.properties import short_string, to_pika
from adapter.broker.suspects import Suspects
from adapter.broker.window import Window
from adapter.domain.message import OutgoingMessage, PublishOutcome, PublishStatus
from adapter.failpoints import Failpoint, reach

_MOST_UNANSWERED_WINDOWS = 10
_REFUSING_CODES = frozenset({311, 403, 404, 405, 406})
"""Channel closes that a message itself brings about."""


@dataclass(slots=True)
class _Line:
    """A channel with what is unconfirmed on it; they live and die together."""

    channel: Channel
    confirms: Confirms = field(default_factory=Confirms)
    is_worn: bool = False

    @property
    def is_usable(self) -> bool:
        return self.channel.is_open and not self.is_worn


class BrokerPublisher:
    """Sends messages over a link of role "publish"; fails fast when it is down or blocked. Opens its channel itself.

    A message that the broker refuses takes the channel with it, and every other message on it becomes UNKNOWN. So
    that this harms nobody twice, those are sent alone when they come again, and so is the first one to an exchange.
    """

    def __init__(
        self,
        link: Link,
        *,
        window: int = 500,
        window_bytes: int = 64 * 1024 * 1024,
        slot_timeout_seconds: float = 5.0,
        confirm_timeout_seconds: float = 30.0,
        max_body_bytes: int = 16 * 1024 * 1024,
        on_event: EventHook = ignore_event,
    ) -> None:
        """At most `window` messages of `window_bytes` are unconfirmed; a slot is waited for slot_timeout_seconds.

        What the socket does not take, pika buffers without bound: this is the bound.
        """
        self._link = link
        self._window = Window(window, window_bytes)
        self._slot_timeout_seconds = slot_timeout_seconds
        self._confirm_timeout_seconds = confirm_timeout_seconds
        self._max_body_bytes = max_body_bytes
        self._events = Events(on_event)
        self._suspects = Suspects()
        self._line: _Line | None = None
        self._opening = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    @property
    def in_flight(self) -> int:
        """Messages that hold a slot."""
        return self._window.in_use

    async def publish(self, message: OutgoingMessage) -> PublishOutcome:
        """Publish and wait for the confirm. Never raises for the link's troubles."""
        size_bytes = len(message.body)
        if size_bytes > self._max_body_bytes:
            return PublishOutcome(PublishStatus.REFUSED, f"The body exceeds {self._max_body_bytes} bytes.")
        trouble = self._trouble()
        if trouble:
            # A caller that tries again at once must not keep the loop from opening the link again.
            await asyncio.sleep(0)
            return PublishOutcome(PublishStatus.NOT_SENT, trouble)
        entered = await self._window.enter(
            size_bytes, lambda: self._suspects.must_go_alone(message), self._slot_timeout_seconds
        )
        if not entered:
            return PublishOutcome(PublishStatus.NOT_SENT, "Too many messages wait for the broker's confirms.")
        try:
            sent = await self._send(message)
            if PROBE_HEADER not in message.properties.headers:
                await reach(Failpoint.BEFORE_CONFIRM)
            return await sent.outcome
        except BadPropertyError as error:
            return PublishOutcome(PublishStatus.REFUSED, str(error))
        except BrokerError as error:
            await asyncio.sleep(0)
            return PublishOutcome(PublishStatus.NOT_SENT, str(error))
        finally:
            self._window.leave(size_bytes)

    async def close(self, timeout_seconds: float = 5.0) -> None:
        """Take nothing more, wait for the confirms still out, then close the channel."""
        self._closed = True
        line, self._line = self._line, None
        if line is None:
            return
        waiting = line.confirms.awaited()
        if waiting:
            await asyncio.wait(waiting, timeout=timeout_seconds)
        await line.channel.close()
        if self._timer is not None:
            self._timer.cancel()

    # --- sending -------------------------------------------------------------------------------------

    def _trouble(self) -> str:
        """Why nothing can be sent now."""
        if self._closed:
            return "The publisher is closed."
        if self._link.takes_publishes:
            return ""
        return self._link.problem or "There is no connection to the broker at the moment."

    async def _send(self, message: OutgoingMessage) -> Sent:
        """Send it. Raises BadPropertyError, or another BrokerError if nothing left this process."""
        trouble = self._trouble()
        if trouble:
            raise LinkDown(trouble)
        exchange = short_string("exchange", message.exchange)
        routing_key = short_string("routing_key", message.routing_key)
        line = self._line
        if line is None or not line.is_usable:
            line = await self._open_line()
        properties = to_pika(message.properties)
        number = line.channel.publish(exchange, routing_key, message.body, properties, mandatory=message.mandatory)
        loop = asyncio.get_running_loop()
        sent = Sent(message, loop.create_future(), loop.time() + self._confirm_timeout_seconds)
        line.confirms.add(number, sent)
        if self._timer is None:
            self._timer = loop.call_at(sent.deadline, self._expire)
        return sent

    async def _open_line(self) -> _Line:
        async with self._opening:
            if self._line is not None and self._line.is_usable:
                return self._line
            if self._line is not None:
                await self._line.channel.close()
            line = _Line(await self._link.open_channel())
            await line.channel.confirm_select(
                lambda number, multiple, is_ack: self._on_confirm(line, number, multiple=multiple, is_ack=is_ack),
                lambda returned, words: self._on_return(line, returned, words),
            )
            line.channel.closed.add_done_callback(lambda closed: self._on_closed(line, closed.result()))
            self._line = line
            return line

    # --- what comes back -----------------------------------------------------------------------------

    def _on_confirm(self, line: _Line, number: int, *, multiple: bool, is_ack: bool) -> None:
        for sent, was_awaited in line.confirms.answered(number, multiple=multiple, is_ack=is_ack):
            self._suspects.clear(sent.message)
            if not was_awaited:
                self._events.emit("confirm_late", is_ack=is_ack)

    def _on_return(self, line: _Line, returned: OutgoingMessage, words: str) -> None:
        if not line.confirms.returned(returned, f"No queue takes it ({words})."):
            self._events.emit("return_unknown")

    def _on_closed(self, line: _Line, reason: CloseReason) -> None:
        rule, left = rule_of(reason), line.confirms.close()
        if reason.scope is Scope.CHANNEL and rule.action is not CloseAction.END:
            self._events.emit(rule.event, action=rule.action.value, code=reason.code, problem=rule.told(reason))
        if not left:
            return
        is_refusal = reason.scope is Scope.CHANNEL and reason.code in _REFUSING_CODES
        if is_refusal and len(left) == 1:
            self._suspects.clear(left[0].message, is_proof=False)
            left[0].settle(PublishStatus.REFUSED, rule.told(reason))
            self._events.emit("publish_refused", code=reason.code)
            return
        if is_refusal:
            self._suspects.add([sent.message for sent in left])
        for sent in left:
            sent.settle(PublishStatus.UNKNOWN, f"The channel closed before the confirm: {reason}")
        self._events.emit("publishes_unknown", count=len(left), code=reason.code, suspects=is_refusal)

    def _expire(self) -> None:
        self._timer = None
        line = self._line
        if line is None:
            return
        loop = asyncio.get_running_loop()
        next_deadline = line.confirms.expire(loop.time())
        if next_deadline is not None:
            self._timer = loop.call_at(next_deadline, self._expire)
        if len(line.confirms) > self._window.size * _MOST_UNANSWERED_WINDOWS:
            # Confirms do not come for whole windows: a new channel forgets them, here and at the broker.
            self._events.emit("confirms_missing", count=len(line.confirms))
            line.is_worn = True

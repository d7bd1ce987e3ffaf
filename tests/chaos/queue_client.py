"""The monolith at its queues: threads that send with confirms and record what they know, and one that takes results."""

import contextlib
import hashlib
import logging
import queue
import threading
import time
from collections.abc import Sequence
from random import Random
from typing import Any

import pika
import pika.exceptions

from tests.chaos.history import SUCCEEDED, Result, Sent
from tests.chaos.load import TASK, Asked, Routes
from tests.chaos.recorder import Recorder

_RECONNECT_SECONDS = 0.3
_HEARTBEAT_SECONDS = 10
_BLOCKED_SECONDS = 8.0
_PREFETCH = 200
_LOOK_SECONDS = 0.5
# Some clients never learn what became of a send, and leave it at that.
_GIVES_UP = 0.3
_TROUBLE = (pika.exceptions.AMQPError, OSError)
_REFUSED = (pika.exceptions.NackError, pika.exceptions.UnroutableError)


class Connector:
    """Opens connections, each to the next node that lets it."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._urls = urls
        self._next = 0
        # Ten lines for each connection that is refused: what is disturbed is written down elsewhere.
        logging.getLogger("pika").setLevel(logging.CRITICAL)

    def connect(self) -> Any:
        """Open one. Raises what pika raises."""
        self._next += 1
        parameters = pika.URLParameters(self._urls[self._next % len(self._urls)])
        parameters.heartbeat = _HEARTBEAT_SECONDS
        parameters.blocked_connection_timeout = _BLOCKED_SECONDS
        parameters.socket_timeout = _HEARTBEAT_SECONDS
        return pika.BlockingConnection(parameters)


class Senders:
    """Threads that hand requests over by queue."""

    def __init__(self, urls: Sequence[str], prefix: str, routes: Routes, recorder: Recorder, threads: int = 8) -> None:
        self._urls = urls
        self._exchange = f"{prefix}.requests"
        self._routes = routes
        self._recorder = recorder
        self._waiting: queue.Queue[Asked | None] = queue.Queue()
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._send_all, args=(number,)) for number in range(threads)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def send(self, asked: Asked) -> None:
        """Have it sent."""
        self._waiting.put(asked)

    @property
    def backlog(self) -> int:
        """How many wait to be sent."""
        return self._waiting.qsize()

    def stop(self) -> None:
        """End, whatever still waits."""
        self._is_over.set()
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()

    def _send_all(self, number: int) -> None:
        random, connector = Random(number), Connector(self._urls)
        channel = None
        while (asked := self._waiting.get()) is not None:
            state = None
            while state is not Sent.OK and not self._is_over.is_set():
                channel = channel or _channel(connector)
                state = self._published(channel, asked)
                if state is Sent.OK:
                    continue
                _close(channel)
                channel = None
                if state is Sent.UNKNOWN and random.random() < _GIVES_UP:
                    self._recorder.gave_up(asked)
                    break
                time.sleep(_RECONNECT_SECONDS)
        _close(channel)

    def _published(self, channel: Any, asked: Asked) -> Sent | None:
        """Send it and record what is known then; None: there was no way to send it."""
        if channel is None:
            return None
        try:
            channel.basic_publish(self._exchange, TASK, asked.payload, self._properties(asked), mandatory=True)
        except _REFUSED as exc:
            return self._recorder.sent(asked, Sent.FAILED, repr(exc))
        except (pika.exceptions.ChannelWrongStateError, pika.exceptions.ConnectionWrongStateError):
            return None  # it was closed before: nothing left
        except _TROUBLE as exc:
            return self._recorder.sent(asked, Sent.UNKNOWN, repr(exc))
        return self._recorder.sent(asked, Sent.OK)

    def _properties(self, asked: Asked) -> pika.BasicProperties:
        return pika.BasicProperties(
            message_id=asked.request_id,
            correlation_id=asked.correlation_id,
            reply_to=None if asked.route == self._routes.results else asked.route,
            content_type="application/json",
            delivery_mode=2,
            headers={"llm-label-simulate": asked.script} if asked.script else {},
        )


class Collector:
    """A thread that takes the messages of all result queues and acks each once it is recorded."""

    def __init__(self, urls: Sequence[str], routes: Routes, recorder: Recorder) -> None:
        self._connector = Connector(urls)
        self._queues = (routes.results, *routes.replies)
        self._recorder = recorder
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Take nothing more."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            channel = _channel(self._connector)
            if channel is None:
                time.sleep(_RECONNECT_SECONDS)
                continue
            with contextlib.suppress(*_TROUBLE):
                self._consume(channel)
            _close(channel)

    def _consume(self, channel: Any) -> None:
        channel.basic_qos(prefetch_count=_PREFETCH)
        for name in self._queues:
            channel.basic_consume(name, self._take)
        while not self._stopping.is_set() and channel.is_open:
            channel.connection.process_data_events(_LOOK_SECONDS)

    def _take(self, channel: Any, method: Any, properties: pika.BasicProperties, body: bytes) -> None:
        self._recorder.came(_result(self._queue_of(method), properties, body))
        channel.basic_ack(method.delivery_tag)

    def _queue_of(self, method: Any) -> str:
        return str(method.routing_key) if method.exchange == "" else self._queues[0]


def _result(route: str, properties: pika.BasicProperties, body: bytes) -> Result:
    headers = properties.headers or {}
    outcome = str(headers.get("llm-outcome", ""))
    return Result(
        time=time.time(),
        request_id=str(headers.get("llm-request-id", "")),
        route=route,
        correlation_id=str(properties.correlation_id),
        message_id=str(properties.message_id),
        job_id=str(headers.get("llm-job-id", "")),
        revision=int(str(headers.get("llm-revision", 1))),
        outcome=outcome,
        reason=str(headers.get("llm-reason", "")),
        digest=digest_of(body) if outcome == SUCCEEDED else "",
    )


def digest_of(document: bytes) -> str:
    """Tell documents apart."""
    return hashlib.sha256(document).hexdigest()[:16]


def declare_queues(urls: Sequence[str], prefix: str, routes: Routes) -> None:
    """Declare the queues of answers; the exchange must exist."""
    connection = Connector(urls).connect()
    channel = connection.channel()
    for name in (routes.results, *routes.replies):
        channel.queue_declare(name, durable=True, arguments={"x-queue-type": "quorum"})
    channel.queue_bind(routes.results, f"{prefix}.results", "#")
    connection.close()


def _channel(connector: Connector) -> Any:
    """Open a channel with confirms; None when that fails."""
    try:
        channel = connector.connect().channel()
        channel.confirm_delivery()
    except _TROUBLE:
        return None
    return channel


def _close(channel: Any) -> None:
    if channel is not None:
        with contextlib.suppress(*_TROUBLE):
            channel.connection.close()

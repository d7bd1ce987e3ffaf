"""A monolith's sender that survives broker restarts: it knows of each message whether the broker has it for sure."""

import contextlib
import time
from collections.abc import Iterable, Mapping
from typing import Any

import pika
import pika.exceptions

RECONNECT_SECONDS = 0.3
ATTEMPT_SECONDS = 60.0
_TROUBLE = (pika.exceptions.AMQPError, OSError)


def send_confirmed(url: str, exchange: str, task: str, messages: Iterable[tuple[str, bytes]]) -> list[str]:
    """Publish (message id, body) pairs, each again until it is confirmed; returns the ids, all confirmed."""
    confirmed: list[str] = []
    connection = None
    for message_id, body in messages:
        deadline = time.monotonic() + ATTEMPT_SECONDS
        while True:
            try:
                if connection is None:
                    connection, channel = _connect(url)
                properties = pika.BasicProperties(
                    message_id=message_id, content_type="application/json", delivery_mode=2
                )
                channel.basic_publish(exchange, task, body, properties, mandatory=True)
                break
            except _TROUBLE:
                _close(connection)
                connection = None
                assert time.monotonic() < deadline, "the broker did not come back"
                time.sleep(RECONNECT_SECONDS)
        confirmed.append(message_id)
    _close(connection)
    return confirmed


def collect(url: str, queue: str, wanted: set[str], *, seconds: float) -> dict[str, list[tuple[str, str]]]:
    """Take results until each wanted request has one; returns request id → (message id, outcome) of every copy."""
    found: dict[str, list[tuple[str, str]]] = {}
    deadline = time.monotonic() + seconds
    connection = None
    while wanted - found.keys() and time.monotonic() < deadline:
        try:
            if connection is None:
                connection, channel = _connect(url)
            method, properties, _ = channel.basic_get(queue)
            if method is None:
                connection.process_data_events(0.05)
                continue
            headers: Mapping[str, Any] = (properties.headers if properties else None) or {}
            copy = (str(properties.message_id if properties else ""), str(headers["llm-outcome"]))
            found.setdefault(str(headers["llm-request-id"]), []).append(copy)
            # Only now: what was taken from a broker that is killed before its ack comes again.
            channel.basic_ack(method.delivery_tag or 0)
        except _TROUBLE:
            _close(connection)
            connection = None
            time.sleep(RECONNECT_SECONDS)
    _close(connection)
    return found


def _connect(url: str) -> tuple[pika.BlockingConnection, pika.adapters.blocking_connection.BlockingChannel]:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.confirm_delivery()
    return connection, channel


def _close(connection: pika.BlockingConnection | None) -> None:
    if connection is not None:
        with contextlib.suppress(*_TROUBLE):
            connection.close()

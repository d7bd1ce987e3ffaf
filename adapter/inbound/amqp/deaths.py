"""Why the broker dead-lettered a message and how it first came, read from x-death and its companions."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from adapter.domain.message import ReceivedMessage


@dataclass(frozen=True, slots=True)
class Death:
    """The last death of a message. Empty fields: the broker did not say."""

    reason: str = ""
    """expired, rejected, delivery_limit or maxlen."""
    queue: str = ""
    exchange: str = ""
    routing_key: str = ""
    count: int = 0

    @property
    def is_expiry(self) -> bool:
        """True when its time to live ran out before anybody took it."""
        return self.reason == "expired"

    @property
    def detail(self) -> str:
        """For people."""
        if not self.reason:
            return "The message reached the dead letters without a word of the broker why."
        return (
            f"The broker dead-lettered it from the queue {self.queue[:120]} ({self.reason[:40]}, {self.count} times)."
        )


def death_of(message: ReceivedMessage) -> Death:
    """Read the newest death: brokers from 3.13 name its queue, older ones list it first."""
    headers = message.properties.headers
    table = headers.get("x-death")
    entries = [entry for entry in table if isinstance(entry, Mapping)] if isinstance(table, list) else []
    named = (_text(headers, "x-last-death-queue"), _text(headers, "x-last-death-reason"))
    for entry in entries:
        if not any(named) or (_text(entry, "queue"), _text(entry, "reason")) == named:
            return _death(entry, message.routing_key)
    prefix = "x-last-death" if any(named) else "x-first-death"
    return Death(
        reason=_text(headers, f"{prefix}-reason"),
        queue=_text(headers, f"{prefix}-queue"),
        exchange=_text(headers, f"{prefix}-exchange"),
        routing_key=message.routing_key,
    )


def as_it_first_came(message: ReceivedMessage, death: Death) -> ReceivedMessage:
    """Return the message with the queue, exchange and routing key by which it reached the queue it died in."""
    if not death.queue:
        return message
    return replace(message, queue=death.queue, exchange=death.exchange, routing_key=death.routing_key)


def _death(entry: Mapping[Any, object], routing_key: str) -> Death:
    keys = entry.get("routing-keys")
    first_key = keys[0] if isinstance(keys, list) and keys and isinstance(keys[0], str) else routing_key
    count = entry.get("count")
    return Death(
        reason=_text(entry, "reason"),
        queue=_text(entry, "queue"),
        exchange=_text(entry, "exchange"),
        routing_key=first_key,
        count=count if isinstance(count, int) else 0,
    )


def _text(table: Mapping[Any, object], key: str) -> str:
    value = table.get(key)
    return value if isinstance(value, str) else ""

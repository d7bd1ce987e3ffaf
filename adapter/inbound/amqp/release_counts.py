"""How often messages were given back: brokers from 4.3 do not count that themselves."""

import hashlib
from collections import OrderedDict

from adapter.domain.message import ReceivedMessage

_REMEMBERED = 10_000


class ReleaseCounts:
    """Counts releases by message, bounded: the oldest are forgotten."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._counts: OrderedDict[bytes, int] = OrderedDict()

    def of(self, message: ReceivedMessage) -> int:
        """Releases so far, by us or as the broker counts."""
        return max(message.delivery_count or 0, self._counts.get(_key(message), 0))

    def add(self, message: ReceivedMessage) -> None:
        """Count one."""
        key = _key(message)
        self._counts[key] = self._counts.get(key, 0) + 1
        self._counts.move_to_end(key)
        if len(self._counts) > _REMEMBERED:
            self._counts.popitem(last=False)

    def forget(self, message: ReceivedMessage) -> None:
        """It is answered."""
        self._counts.pop(_key(message), None)


def _key(message: ReceivedMessage) -> bytes:
    properties = message.properties
    digest = hashlib.blake2b(digest_size=16)
    for part in (message.routing_key, properties.message_id, properties.correlation_id, properties.reply_to):
        digest.update(part.encode("utf-8", "surrogateescape") + b"\0")
    digest.update(message.body[:65_536])
    return digest.digest()

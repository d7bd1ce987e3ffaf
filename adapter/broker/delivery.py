"""One message in our hands, bound to the channel it came by."""

from collections.abc import Callable
from enum import StrEnum

from adapter.broker.channel import Settle
from adapter.domain.message import ReceivedMessage


class Settlement(StrEnum):
    """What became of an ack, release or reject."""

    SETTLED = "settled"
    STALE = "stale"
    """The channel it came by is gone; the broker gives the message out again."""


class Delivery:
    """One message in our hands until it is settled, once. Settling never raises; a second settling changes nothing."""

    __slots__ = ("_settle", "_settlement", "generation", "message", "tag")

    def __init__(
        self, message: ReceivedMessage, *, tag: int, generation: int, settle: "Callable[[Delivery, Settle], bool]"
    ) -> None:
        """Made by a consumer. `generation` counts the channels of the subscription."""
        self.message = message
        self.tag = tag
        self.generation = generation
        self._settle = settle
        self._settlement: Settlement | None = None

    @property
    def settlement(self) -> Settlement | None:
        """What became of it; None while it is held."""
        return self._settlement

    def ack(self) -> Settlement:
        """It is answered for: the broker forgets it."""
        return self._end(Settle.ACK)

    def release(self) -> Settlement:
        """Not now: back to the queue (basic.nack with requeue)."""
        return self._end(Settle.RELEASE)

    def reject(self) -> Settlement:
        """It failed: to the dead letters (basic.reject without requeue)."""
        return self._end(Settle.REJECT)

    def _end(self, how: Settle) -> Settlement:
        # A second settling of one tag would close the channel (406) and take every other delivery with it.
        if self._settlement is None:
            self._settlement = Settlement.SETTLED if self._settle(self, how) else Settlement.STALE
        return self._settlement

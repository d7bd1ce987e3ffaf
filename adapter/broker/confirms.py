"""What was published on one channel and has no confirm yet: by number, because only numbers come back."""

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from adapter.domain.message import OutgoingMessage, PublishOutcome, PublishStatus


@dataclass(slots=True)
class Sent:
    """A message whose confirm is awaited. Its future is done early when that took too long or nobody waits."""

    message: OutgoingMessage
    outcome: asyncio.Future[PublishOutcome]
    deadline: float
    returned: str = ""
    """The broker's words when it gave the message back: no queue took it."""

    def settle(self, status: PublishStatus, detail: str = "") -> bool:
        """Set the outcome; False if it was settled before, or given up by whoever waited."""
        if self.outcome.done():
            return False
        self.outcome.set_result(PublishOutcome(status, detail))
        return True


class Confirms:
    """The unconfirmed messages of one channel, in the order of their numbers."""

    def __init__(self) -> None:
        """Nothing was sent yet."""
        self._sent: dict[int, Sent] = {}
        self._by_deadline: deque[Sent] = deque()

    def __len__(self) -> int:
        """How many the broker has not answered, given up ones included."""
        return len(self._sent)

    def add(self, number: int, sent: Sent) -> None:
        """Await the confirm of a number, higher than all before."""
        self._sent[number] = sent
        self._by_deadline.append(sent)

    def returned(self, message: OutgoingMessage, words: str) -> bool:
        """Note that a message came back; its ack follows. False if none like it is on its way.

        A return has no number. Where several are alike (one was sent again after its confirm did not come) it is taken
        to be about each of them: a copy too many is harmless, a message taken for delivered would be lost.
        """
        alike = [sent for sent in self._sent.values() if sent.message.mandatory and _are_alike(sent.message, message)]
        for sent in alike:
            sent.returned = words
        return bool(alike)

    def answered(self, number: int, *, multiple: bool, is_ack: bool) -> list[tuple[Sent, bool]]:
        """Settle what the broker acks or nacks; each with whether somebody still waited for it."""
        return [(sent, self._settle(sent, is_ack=is_ack)) for sent in self._take(number, multiple=multiple)]

    def expire(self, now: float) -> float | None:
        """Settle as UNKNOWN whose time is over: a late answer is still awaited. Returns the next deadline."""
        while self._by_deadline:
            first = self._by_deadline[0]
            if not first.outcome.done():
                if first.deadline > now:
                    return first.deadline
                first.settle(PublishStatus.UNKNOWN, "The broker did not confirm it in time.")
            self._by_deadline.popleft()
        return None

    def awaited(self) -> list[asyncio.Future[PublishOutcome]]:
        """Outcomes that somebody still waits for."""
        return [sent.outcome for sent in self._sent.values() if not sent.outcome.done()]

    def close(self) -> list[Sent]:
        """Take out everything that will never be answered."""
        left = list(self._sent.values())
        self._sent.clear()
        self._by_deadline.clear()
        return left

    def _take(self, number: int, *, multiple: bool) -> Iterator[Sent]:
        if not multiple:
            sent = self._sent.pop(number, None)
            if sent is not None:
                yield sent
            return
        # Zero means all; numbers only grow, and so does the order of the dictionary.
        while self._sent and (number == 0 or next(iter(self._sent)) <= number):
            yield self._sent.pop(next(iter(self._sent)))

    @staticmethod
    def _settle(sent: Sent, *, is_ack: bool) -> bool:
        if not is_ack:
            return sent.settle(
                PublishStatus.NACKED, "The broker refused to keep it for now: a queue is full or failing."
            )
        if sent.returned:
            return sent.settle(PublishStatus.UNROUTABLE, sent.returned)
        return sent.settle(PublishStatus.CONFIRMED)


def _are_alike(one: OutgoingMessage, other: OutgoingMessage) -> bool:
    """Compare what no broker changes on the way: headers may be added by its interceptors."""
    return (
        one.routing_key == other.routing_key
        and one.properties.message_id == other.properties.message_id
        and one.exchange == other.exchange
        and one.properties.correlation_id == other.properties.correlation_id
        and one.body == other.body
    )

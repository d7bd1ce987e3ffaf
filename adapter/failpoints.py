"""Failpoints: named places in the flow where a test can make this process exit, raise, stall or stop.

The core only says that it reached one; what then happens is armed from outside, and nothing is unless a test says so.
"""

from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Self

Reaction = Callable[[], Awaitable[None]]


class Failpoint(StrEnum):
    """The places, in the order in which a job passes them. `place` says what holds there."""

    place: str

    def __new__(cls, name: str, place: str) -> Self:
        """Keep the sentence beside the name."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.place = place
        return member

    AFTER_SUBMIT = "after_submit", "A submitted job is stored with its ticket; its caller has no answer yet."
    BEFORE_CLAIM = "before_claim", "The request is read; the memory does not know of this run."
    AFTER_CLAIM = "after_claim", "The job is claimed, and counted; nothing is decoded."
    BEFORE_CALL = "before_call", "The prompt is ready; the call is neither written down nor sent."
    DURING_CALL = "during_call", "The call is with the model, since 0.2 seconds."
    BEFORE_REPLY = "before_reply", "The reply came, and is paid for; it is not stored."
    AFTER_REPLY = "after_reply", "The reply is stored, not judged."
    BEFORE_FINISH = "before_finish", "The outcome is known, not stored."
    AFTER_FINISH = "after_finish", "The outcome is stored with its publications; nobody was told."
    AFTER_TICKET = "after_ticket", "A held message was turned into a ticket; the message is not acknowledged."
    BEFORE_ACK = "before_ack", "What answers for a message is stored; the message is not acknowledged."
    BEFORE_PUBLISH = "before_publish", "A stored publication is about to be sent."
    BEFORE_CONFIRM = "before_confirm", "It was sent; the broker has not confirmed it."
    AFTER_CONFIRM = "after_confirm", "It is confirmed, not marked as sent."
    HEARTBEAT = "heartbeat", "The lease of this replica is about to be renewed."


_armed: dict[Failpoint, Reaction] = {}


def arm(reactions: Mapping[Failpoint, Reaction]) -> None:
    """Let these happen from now on, and nothing else."""
    _armed.clear()
    _armed.update(reactions)


def is_armed(point: Failpoint) -> bool:
    """Tell whether anything happens there."""
    return point in _armed


async def reach(point: Failpoint) -> None:
    """Say that this place was reached."""
    if _armed and point in _armed:
        await _armed[point]()

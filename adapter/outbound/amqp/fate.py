"""What an outcome of a publish means for the publication: pure rules, no I/O."""

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from adapter.broker.direct_replies import is_direct_reply
from adapter.domain.message import Publication, PublishOutcome, PublishStatus
from adapter.errors import ResultTooLarge, ResultUndeliverable
from adapter.service.routing import TICKET_HEADER

_DIRECT_REPLY_TRIES = 3
_TOO_LARGE = re.compile(r"too large|larger than|exceeds \d+ bytes", re.IGNORECASE)


class Next(StrEnum):
    """What to do with a publication."""

    SENT = "sent"
    LATER = "later"
    GIVE_UP = "give_up"
    LINK_DOWN = "link_down"
    """Nothing left this process: keep it, and wait for the link."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What to do, and what it says about the destination."""

    next: Next
    is_trouble: bool = False
    """The destination does not take it, or is why others were not confirmed: one at a time there, with a backoff."""
    reason: str = ""
    """The job's remark when it is given up."""


def fate_of(
    publication: Publication, outcome: PublishOutcome, *, age_seconds: float, unroutable_wait_seconds: float
) -> Fate:
    """Decide; a ticket is never given up, a direct reply is never waited for."""
    match outcome.status:
        case PublishStatus.CONFIRMED:
            return Fate(Next.SENT)
        case PublishStatus.NOT_SENT:
            # Direct replies have a connection of their own: it says nothing about the one of all others.
            return Fate(Next.LATER, is_trouble=True) if is_direct_reply(publication.message) else Fate(Next.LINK_DOWN)
        case PublishStatus.NACKED | PublishStatus.UNKNOWN:
            # Brokers before 4.2 end the connection over a direct reply to a node that they do not know: a few more
            # tries, for those that were only on their way together with such a one.
            is_over = is_direct_reply(publication.message) and publication.tries >= _DIRECT_REPLY_TRIES
            return Fate(Next.SENT if is_over else Next.LATER, is_trouble=True)
        case PublishStatus.UNROUTABLE:
            return _fate_of_untaken(publication, is_patient=age_seconds < unroutable_wait_seconds)
        case PublishStatus.REFUSED:
            if _TOO_LARGE.search(outcome.detail) and not is_ticket(publication):
                return Fate(Next.GIVE_UP, reason=ResultTooLarge.reason)
            # A missing exchange or right may be there soon. Each refusal costs a channel: not too often.
            fate = _fate_of_untaken(publication, is_patient=age_seconds < unroutable_wait_seconds)
            return replace(fate, is_trouble=True)


def _fate_of_untaken(publication: Publication, *, is_patient: bool) -> Fate:
    if is_ticket(publication):
        return Fate(Next.LATER)
    if is_direct_reply(publication.message):
        return Fate(Next.SENT)
    return Fate(Next.LATER) if is_patient else Fate(Next.GIVE_UP, reason=ResultUndeliverable.reason)


def is_ticket(publication: Publication) -> bool:
    """True for the message that stands for an accepted job."""
    message = publication.message
    return not message.body and TICKET_HEADER in message.properties.headers

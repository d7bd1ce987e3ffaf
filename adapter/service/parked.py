"""The use cases of operators on parked messages: look, replay, discard."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import structlog

from adapter.domain.message import OutgoingMessage, ParkedMessage, Properties, PublishOutcome, PublishStatus
from adapter.errors import AdapterError, InvalidRequest, JobNotFound, ResultUndeliverable, StoreUnavailable
from adapter.ports import Publisher

log = structlog.get_logger()

# What the broker wrote on its way here (it would take a message with old deaths for one that goes in circles), and
# CC and BCC, by which it would also send copies.
_BROKERS_OWN = re.compile(r"x-death|x-(first|last)-death-.*|x-delivery-count|x-acquired-count|CC|BCC")


class ParkedStore(Protocol):
    """The part of ports.JobStore that is needed here."""

    async def list_parked(self, *, page_size: int, page_token: str = "") -> tuple[Sequence[ParkedMessage], str]:
        """One page, newest first, and the token of the next."""

    async def get_parked(self, parked_id: str) -> ParkedMessage | None:
        """One message."""

    async def replayed(self, parked_id: str) -> None:
        """Note when it was replayed."""

    async def discard_parked(self, parked_id: str) -> bool:
        """Delete it; False = there was none."""


class Retries(Protocol):
    """The part of Revisions that is needed here."""

    async def replay(self, parked: ParkedMessage) -> bool:
        """Retry the job that the message's outcome is recorded with; False = there is none to retry."""


class ParkedMessages:
    """Implements api.ParkedService. publisher None: there is no broker, nothing can be replayed."""

    def __init__(self, store: ParkedStore, publisher: Publisher | None, retries: Retries) -> None:
        """Wire the use cases."""
        self._store = store
        self._publisher = publisher
        self._retries = retries

    async def list(self, *, page_size: int, page_token: str) -> tuple[Sequence[ParkedMessage], str]:
        """One page, newest first, bodies included."""
        return await self._store.list_parked(page_size=page_size, page_token=page_token)

    async def get(self, parked_id: str) -> ParkedMessage:
        """One parked message. Raises JobNotFound."""
        parked = await self._store.get_parked(parked_id)
        if parked is None:
            raise _not_parked(parked_id)
        return parked

    async def replay(self, parked_id: str) -> ParkedMessage:
        """Work on it again: a revision of the job that ended for its reason, else the message once more.

        That is published to the exchange and routing key it first came by, confirmed; it stays in the table.
        Raises JobNotFound, InvalidRequest (no broker, or the job cannot be run again), ResultUndeliverable (the broker
        returned or refused it), StoreUnavailable (not confirmed: it may have been sent; the request's id keeps a
        second one harmless).
        """
        parked = await self.get(parked_id)
        if self._publisher is None:
            raise InvalidRequest("There is no broker to replay to. Configure amqp.urls.")
        if not await self._retries.replay(parked):
            await self._publish(parked, self._publisher)
        await self._store.replayed(parked_id)
        log.info("message_replayed", parked_id=parked_id, reason=parked.reason)
        return await self.get(parked_id)

    async def _publish(self, parked: ParkedMessage, publisher: Publisher) -> None:
        outcome = await publisher.publish(replayable(parked))
        if outcome.status is not PublishStatus.CONFIRMED:
            raise _not_replayed(parked, outcome)

    async def discard(self, parked_id: str) -> None:
        """Delete it for good. Raises JobNotFound."""
        if not await self._store.discard_parked(parked_id):
            raise _not_parked(parked_id)
        log.info("message_discarded", parked_id=parked_id)


def replayable(parked: ParkedMessage) -> OutgoingMessage:
    """Make the message to send: the same body and properties, less what the broker added or would refuse."""
    message = parked.message
    properties = replace(message.properties, expiration="", user_id="", headers=_own(message.properties))
    return OutgoingMessage(message.exchange, message.routing_key, message.body, properties)


def _not_parked(parked_id: str) -> JobNotFound:
    return JobNotFound(
        f"No message is parked under {parked_id[:80]!r}. List the parked messages for their ids.",
        metadata={"parked_id": parked_id[:80]},
    )


def _own(properties: Properties) -> Mapping[str, object]:
    return {name: value for name, value in properties.headers.items() if not _BROKERS_OWN.fullmatch(name)}


def _not_replayed(parked: ParkedMessage, outcome: PublishOutcome) -> AdapterError:
    message = parked.message
    address = f"exchange {message.exchange!r}, routing key {message.routing_key[:80]!r}"
    if outcome.status in {PublishStatus.UNROUTABLE, PublishStatus.REFUSED}:
        return ResultUndeliverable(
            f"The broker did not take the parked message back ({address}): {outcome.detail} "
            "Look at its bindings and rights, then replay again.",
            metadata={"parked_id": parked.parked_id},
        )
    return StoreUnavailable(
        f"The broker did not confirm the parked message ({outcome.status.value}: {outcome.detail}). Replay it again.",
        metadata={"parked_id": parked.parked_id},
    )

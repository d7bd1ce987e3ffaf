"""What the tests of the queue face share: messages that are held, their tickets, and what is parked."""

import asyncio

from adapter.domain.job import Route
from adapter.domain.message import ReceivedMessage
from adapter.service.api import Disposition
from tests.integration.service.asking import as_received, request_by_queue
from tests.integration.service.bench import Service


async def held(service: Service, *messages: tuple[ReceivedMessage, str]) -> "list[asyncio.Task[Disposition]]":
    """Deliver while the model is down, and wait until all of it is held."""
    service.model.down()
    deliveries = []
    for message, key in messages:
        request = request_by_queue(reply_to=Route("", key), correlation_id=key)
        deliveries.append(service.deliver(message, request))
        await service.until_waiting()
    return deliveries


async def work_off_tickets(service: Service) -> None:
    """Do what the broker does with the tickets that were stored."""
    done: set[str] = set()
    while left := [one for one in await service.store.unsent_tickets() if one.publication_id not in done]:
        for ticket in left:
            done.add(ticket.publication_id)
            assert await service.deliver(as_received(ticket)) is Disposition.ACK


async def parked_reasons(service: Service) -> list[str]:
    """Return why each parked message was parked."""
    parked, _ = await service.store.real.list_parked(page_size=100)
    return [one.reason for one in parked]

"""Messages of a client over its rate are held, and worked on when their turn comes; each counts once."""

import asyncio

from adapter.domain.client import Client, Rate
from adapter.service.api import Disposition
from adapter.service.client_rates import ClientRates
from tests.integration.service.asking import a_message, request_by_queue
from tests.integration.service.bench import Service, until


async def test_messages_over_the_rate_of_their_client_are_held_until_their_turn(service: Service) -> None:
    rate = Rate(requests=2, per_seconds=6)
    service.admission.rates = ClientRates(service.clock, lambda name: Client(name, rate=rate), is_shared=False)
    deliveries = [service.deliver(a_message(f"m-{number}"), request_by_queue(f"m-{number}")) for number in range(4)]

    await until(lambda: "RATE_LIMITED" in service.observer.held_ever)
    dispositions = await asyncio.wait_for(asyncio.gather(*deliveries), 60)

    assert dispositions == [Disposition.ACK] * 4
    assert [service.model.calls(f"m-{number}") for number in range(4)] == [1] * 4
    assert service.observer.held_now["RATE_LIMITED"] == 0

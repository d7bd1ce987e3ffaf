"""The rate of a client: counted over replicas, refused with a word of when to come back, held by queue."""

import asyncio

import pytest

from adapter.domain.client import Client, Rate
from adapter.errors import RateLimited
from adapter.pipeline.availability.limiter import SLACK_SECONDS
from adapter.service.client_rates import PATIENCE_SECONDS, ClientRates
from adapter.service.share_exchange import ExchangeSettings, ShareExchange
from tests.kit.fake_shares import FakeShares, ShareTable
from tests.kit.virtual_time import VirtualClock

RATE = Rate(requests=6, per_seconds=60.0)


def client_of(name: str) -> Client:
    return Client(name, rate=None if name == "unlimited" else RATE)


async def taken(rates: ClientRates, client: str, tries: int) -> int:
    """How many of so many requests at once were let in."""
    ends = await asyncio.gather(*(rates.take(client) for _ in range(tries)), return_exceptions=True)
    assert all(end is None or isinstance(end, RateLimited) for end in ends)
    return sum(end is None for end in ends)


async def test_a_client_over_its_rate_is_told_when_to_come_back(clock: VirtualClock) -> None:
    rates = ClientRates(clock, client_of, is_shared=False)
    assert await taken(rates, "crm", 6) == 6

    with pytest.raises(RateLimited) as refused:
        await rates.take("crm")

    assert refused.value.metadata == {"client": "crm"}
    assert "crm may send 6 requests in 60 s" in refused.value.message
    await clock.sleep(refused.value.retry_after_seconds or 0.0)
    await rates.take("crm")


async def test_each_client_has_its_own_rate_and_most_have_none(clock: VirtualClock) -> None:
    rates = ClientRates(clock, client_of, is_shared=False)

    assert await taken(rates, "crm", 20) == 6
    assert await taken(rates, "erp", 20) == 6
    assert await taken(rates, "unlimited", 200) == 200


async def test_a_request_whose_turn_comes_soon_is_not_refused(clock: VirtualClock) -> None:
    rates = ClientRates(clock, client_of, is_shared=False)
    await taken(rates, "crm", 6)
    await clock.sleep(60.0 + SLACK_SECONDS - PATIENCE_SECONDS / 2)

    await rates.take("crm")


async def test_a_step_that_is_tried_again_counts_once(clock: VirtualClock) -> None:
    rates = ClientRates(clock, client_of, is_shared=False)
    tries: list[float] = []

    async def step() -> None:
        tries.append(clock.monotonic())

    counted = rates.once("crm", step)
    for _ in range(10):
        await counted()

    assert len(tries) == 10
    assert await taken(rates, "crm", 20) == 5


async def test_a_new_rate_holds_from_the_next_request_on(clock: VirtualClock) -> None:
    now = {"rate": RATE}
    rates = ClientRates(clock, lambda name: Client(name, rate=now["rate"]), is_shared=False)
    await taken(rates, "crm", 6)

    now["rate"] = Rate(requests=100, per_seconds=60.0)

    assert await taken(rates, "crm", 200) == 100


async def test_replicas_share_the_rate(clock: VirtualClock) -> None:
    table = ShareTable(clock, 15.0)
    replicas = []
    for name in ("a", "b", "c"):
        rates = ClientRates(clock, client_of)
        exchange = ShareExchange([], FakeShares(table, name), clock, ExchangeSettings(15.0, 3.0))
        rates.on_new = exchange.add
        replicas.append((rates, asyncio.create_task(exchange.run())))
    served = [0, 0, 0]

    for _ in range(60):
        for number, (rates, _) in enumerate(replicas):
            served[number] += await taken(rates, "crm", 1)

    elapsed_windows = clock.monotonic() / RATE.per_seconds
    assert RATE.requests * (elapsed_windows - 1) * 0.8 <= sum(served) <= RATE.requests * (elapsed_windows + 1)
    assert min(served) > 0
    for _, task in replicas:
        task.cancel()
    await asyncio.gather(*(task for _, task in replicas), return_exceptions=True)

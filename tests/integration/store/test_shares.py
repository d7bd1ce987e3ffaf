"""Shares of limits in the database: the fake that unit tests use promises the same."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import pytest

from adapter.domain.shares import ShareClaim
from adapter.outbound.sql import tables
from adapter.ports import ShareStore
from tests.integration.store.conftest import OpenStore, RowsOf
from tests.kit.fake_shares import FakeShares, ShareTable

LIMIT = "model/cloud/requests"
NOTHING = ShareClaim(LIMIT, total=60, used=0, wanted=0, keep_seconds=60.0)
EVERYTHING = replace(NOTHING, wanted=1000)

Open = Callable[..., Awaitable[ShareStore]]


class RealClock:
    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()


@pytest.fixture(params=["sql", "fake"])
def open_shares(request: pytest.FixtureRequest, open_store: OpenStore) -> Open:
    """Open what one replica exchanges shares with."""
    shared = ShareTable(RealClock(), 60.0)  # type: ignore[arg-type]  # nothing else of a clock is asked

    async def open_one(replica_id: str, *, lease_seconds: float = 60.0) -> ShareStore:
        if request.param == "fake":
            shared.lease_seconds = lease_seconds
            return FakeShares(shared, replica_id)
        return (await open_store(replica_id, lease_seconds=lease_seconds)).shares

    return open_one


async def exchanged(shares: ShareStore, *claims: ShareClaim) -> Sequence[int]:
    return list((await shares.exchange(claims)).values())


async def granted_in_time(shares: ShareStore, amount: int) -> None:
    """Exchange until so much is granted."""
    async with asyncio.timeout(60):
        granted = -1
        while granted != amount:
            await asyncio.sleep(0.05)
            [granted] = await exchanged(shares, EVERYTHING)


async def test_one_that_is_alone_gets_what_it_wants(open_shares: Open) -> None:
    one = await open_shares("a")

    assert await exchanged(one, EVERYTHING) == [60]


async def test_each_limit_is_shared_for_itself(open_shares: Open) -> None:
    one = await open_shares("a")
    tokens = ShareClaim("model/cloud/tokens", total=20_000, used=0, wanted=90_000)

    assert await one.exchange([EVERYTHING, tokens]) == {LIMIT: 60, "model/cloud/tokens": 20_000}


async def test_a_second_gets_only_what_the_first_has_let_go(open_shares: Open) -> None:
    first, second = await open_shares("a"), await open_shares("b")
    assert await exchanged(first, EVERYTHING) == [60]

    assert await exchanged(second, EVERYTHING) == [0]
    assert await exchanged(first, replace(EVERYTHING, used=40)) == [30]
    assert await exchanged(second, EVERYTHING) == [20]
    assert await exchanged(first, replace(EVERYTHING, used=25)) == [30]
    assert await exchanged(second, EVERYTHING) == [30]


async def test_what_stopped_in_order_holds_what_it_used_and_no_more(open_shares: Open) -> None:
    first, second = await open_shares("a"), await open_shares("b")
    await exchanged(first, EVERYTHING)

    await first.leave([replace(EVERYTHING, used=7)])

    assert await exchanged(second, EVERYTHING) == [53]


async def test_what_died_is_forgotten_after_its_lease_and_the_window(open_shares: Open) -> None:
    heir = await open_shares("heir")
    dead = await open_shares("dead", lease_seconds=2.0)
    await exchanged(dead, replace(EVERYTHING, keep_seconds=2.0))

    assert await exchanged(heir, EVERYTHING) == [0]
    await granted_in_time(heir, 60)


async def test_many_that_exchange_at_once_never_hold_more_than_the_total(open_shares: Open) -> None:
    replicas = [await open_shares(f"replica-{number}") for number in range(4)]

    for _ in range(5):
        held = await asyncio.gather(*(exchanged(one, EVERYTHING) for one in replicas))
        assert sum(map(sum, held)) <= 60

    assert [sum(one) for one in held] == [15] * 4


async def test_rows_of_the_dead_are_cleared_away(open_store: OpenStore, rows_of: RowsOf) -> None:
    dead = await open_store("dead", lease_seconds=0.1)
    await dead.shares.exchange([replace(EVERYTHING, keep_seconds=0.0)])
    heir = await open_store("heir")

    async with asyncio.timeout(60):
        while len(rows_of(tables.shares)) != 1:
            await heir.shares.exchange([EVERYTHING])
            await asyncio.sleep(0.05)


async def test_one_that_knows_to_be_alone_waits_only_for_the_window_of_the_dead(open_store: OpenStore) -> None:
    dead = await open_store("dead", lease_seconds=600.0)
    await dead.shares.exchange([replace(EVERYTHING, keep_seconds=0.2)])
    await dead.close()

    heir = await open_store("heir", is_alone=True)

    await granted_in_time(heir.shares, 60)

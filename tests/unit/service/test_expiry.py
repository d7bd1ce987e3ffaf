"""A request's own deadline around a block of work."""

import asyncio
from datetime import timedelta

import pytest

from adapter.errors import RequestExpired
from adapter.service.expiry import Expiry
from tests.kit.virtual_time import VirtualClock


async def test_without_a_deadline_nothing_ends(clock: VirtualClock) -> None:
    async with Expiry(None, clock):
        await asyncio.sleep(1e6)


async def test_a_block_that_is_done_in_time_goes_on(clock: VirtualClock) -> None:
    async with Expiry(clock.now() + timedelta(seconds=5), clock):
        await asyncio.sleep(4.9)

    await asyncio.sleep(10)


async def test_the_deadline_ends_the_block(clock: VirtualClock) -> None:
    begun = asyncio.get_running_loop().time()

    with pytest.raises(RequestExpired):
        async with Expiry(clock.now() + timedelta(seconds=5), clock):
            await asyncio.sleep(60)

    assert asyncio.get_running_loop().time() - begun == 5


@pytest.mark.parametrize("seconds", [0, -1, -1e9])
async def test_past_already_nothing_is_begun(clock: VirtualClock, seconds: float) -> None:
    has_begun = False

    with pytest.raises(RequestExpired):
        async with Expiry(clock.now() + timedelta(seconds=seconds), clock):
            has_begun = True

    assert not has_begun


async def test_another_timeout_inside_is_not_taken_for_the_deadline(clock: VirtualClock) -> None:
    async def work() -> None:
        async with Expiry(clock.now() + timedelta(seconds=50), clock), asyncio.timeout(1):
            await asyncio.sleep(10)

    with pytest.raises(TimeoutError):
        await work()


async def test_a_cancellation_that_comes_with_the_deadline_stays_one(clock: VirtualClock) -> None:
    async def work() -> None:
        async with Expiry(clock.now() + timedelta(seconds=5), clock):
            await asyncio.sleep(60)

    working = asyncio.create_task(work())
    asyncio.get_running_loop().call_later(5, working.cancel)

    with pytest.raises(asyncio.CancelledError):
        await working

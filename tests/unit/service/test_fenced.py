"""Writes of a run: through outages of the store, lost claims, and being stopped."""

import asyncio

import pytest

from adapter.errors import StoreUnavailable
from adapter.ports import ClaimLostError
from adapter.service.fenced import FencedWriter
from adapter.service.live_runs import RunStopped
from tests.kit.virtual_time import VirtualClock, settle
from tests.unit.service.runs import live_run


class Store:
    """Writes that fail as often as told, and take a second each."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.written = 0

    async def write(self) -> str:
        await asyncio.sleep(1)
        if self.errors:
            raise self.errors.pop(0)
        self.written += 1
        return "stored"


@pytest.fixture
def fenced(clock: VirtualClock) -> FencedWriter:
    return FencedWriter(clock, retry_seconds=0.5)


async def test_a_write_waits_for_the_store_and_the_run_says_so_meanwhile(fenced: FencedWriter) -> None:
    run, store = live_run(), Store(StoreUnavailable(), StoreUnavailable())
    writing = asyncio.create_task(fenced.write(run, store.write))
    await asyncio.sleep(1.2)

    assert isinstance(run.cause, StoreUnavailable)
    assert await writing == "stored"
    assert run.cause is None
    assert asyncio.get_running_loop().time() == 4.0


async def test_a_lost_claim_ends_the_run(fenced: FencedWriter) -> None:
    with pytest.raises(RunStopped) as stopped:
        await fenced.write(live_run(), Store(ClaimLostError()).write)

    assert stopped.value.intent is None


async def test_a_write_that_has_begun_is_over_before_the_run_that_is_stopped_goes_on(fenced: FencedWriter) -> None:
    store = Store()
    writing = asyncio.create_task(fenced.write(live_run(), store.write))
    await settle()

    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing

    assert store.written == 1


async def test_a_run_that_is_stopped_does_not_try_again(fenced: FencedWriter) -> None:
    store = Store(StoreUnavailable(), StoreUnavailable())
    writing = asyncio.create_task(fenced.write(live_run(), store.write))
    await settle()

    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing

    assert len(store.errors) == 1

"""Who counts as dead for a replica that could not reach the memory itself."""

from typing import Any

import pytest

from adapter.outbound.sql import SqlJobStore
from adapter.outbound.sql.write_lanes import WriteLanes
from adapter.ports import Claim, ClaimLostError, RunningNow
from tests.integration.store.conftest import OpenStore
from tests.integration.store.samples import ROUTE, SUCCESS, TURNS, answer, call, claimed, new_job, until

LEASE_SECONDS = 3.0


@pytest.fixture
async def back(open_store: OpenStore) -> SqlJobStore:
    """Return the store of a replica that could not renew its lease, nor could any other."""
    return await open_store("replica-back", lease_seconds=LEASE_SECONDS)


@pytest.fixture
async def busy(back: SqlJobStore, open_store: OpenStore) -> SqlJobStore:  # noqa: ARG001 - the one that is back opened first
    """Return the store of another one."""
    return await open_store("replica-busy", lease_seconds=LEASE_SECONDS)


async def lapsed(watcher: SqlJobStore, busy: SqlJobStore) -> Claim:
    """Let the busy one's lease run out over a job."""
    await busy.finish(await claimed(busy, new_job("r-0")), SUCCESS, answer, [ROUTE])
    claim = await claimed(busy, new_job())
    assert await until(lambda: watcher.due_publications(10)), "its lease has run out for others"
    return claim


async def test_who_was_away_itself_takes_nothing_from_others_that_may_have_been_away_too(
    store: SqlJobStore, back: SqlJobStore, busy: SqlJobStore
) -> None:
    claim = await lapsed(store, busy)

    assert await back.claim(new_job()) == RunningNow(claim.job.job_id, "replica-busy")
    await back.heartbeat()
    assert await back.reap() == 0
    assert await back.claim_stored(claim.job.job_id) == RunningNow(claim.job.job_id, "replica-busy")

    await busy.heartbeat()
    await busy.finish(claim, SUCCESS, None)


async def test_who_is_back_for_a_lease_takes_over_from_those_that_never_came_back(
    store: SqlJobStore, back: SqlJobStore, busy: SqlJobStore
) -> None:
    await lapsed(store, busy)
    await back.heartbeat()
    assert await back.reap() == 0

    async def reap_after_beat() -> int:
        await back.heartbeat()
        return await back.reap()

    assert await until(reap_after_beat) == 1


async def test_a_run_whose_lease_ran_out_renews_it_before_it_pays_for_a_call(
    store: SqlJobStore, busy: SqlJobStore
) -> None:
    claim = await lapsed(store, busy)

    await busy.call_started(claim, call(), TURNS)

    assert await store.reap() == 0
    await busy.finish(claim, SUCCESS, None)


async def test_a_job_is_claimed_under_a_lease_that_runs(store: SqlJobStore, busy: SqlJobStore) -> None:
    await lapsed(store, busy)
    claim = await claimed(busy, new_job("r-2"))

    assert await store.claim(new_job("r-2")) == RunningNow(claim.job.job_id, "replica-busy")


async def test_a_run_that_stood_still_after_it_wrote_its_call_learns_that_it_lost_its_job_before_it_pays(
    store: SqlJobStore, busy: SqlJobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = await claimed(busy, new_job())
    submit = WriteLanes.submit

    async def stand_still(*args: Any, **options: Any) -> Any:
        written = await submit(*args, **options)
        if not options.get("is_urgent"):
            assert await until(store.reap) == 1
        return written

    monkeypatch.setattr(WriteLanes, "submit", stand_still)
    with pytest.raises(ClaimLostError):
        await busy.call_started(claim, call(), TURNS)

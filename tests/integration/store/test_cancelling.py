"""Cancelling: at once where nobody works, by request where somebody does, beforehand where nothing arrived."""

import pytest

from adapter.domain.job import Job, Origin, State
from adapter.outbound.sql import SqlJobStore
from adapter.ports import ClaimLostError, Recorded
from tests.integration.store.conftest import OpenStore
from tests.integration.store.samples import (
    PAYLOAD,
    REPLY,
    ROUTE,
    SHORT_LEASE_SECONDS,
    SUCCESS,
    TURNS,
    answer,
    call,
    claimed,
    finished,
    new_job,
    until,
)


async def test_a_pending_job_ends_cancelled_and_its_routes_are_answered(store: SqlJobStore) -> None:
    new = new_job(origin=Origin.SUBMITTED)
    await store.submit(new, PAYLOAD, ROUTE, None)
    job, publications = await store.cancel(new.job_id, answer)
    assert job is not None
    assert job.state is State.CANCELLED
    assert job.error is not None
    assert job.error.reason == "CANCELLED"
    assert [item.message.routing_key for item in publications] == [ROUTE.routing_key]
    assert await store.claim_stored(new.job_id) == Recorded(job)


async def test_a_running_job_is_asked_to_stop_at_its_owner(store: SqlJobStore, open_store: OpenStore) -> None:
    other = await open_store("replica-b")
    claim = await claimed(other, new_job())
    job, publications = await store.cancel(claim.job.job_id, answer)
    assert job is not None
    assert (job.state, publications) == (State.RUNNING, ())
    assert await other.cancel_requests() == [claim.job.job_id]
    assert await store.cancel_requests() == []
    await other.finish(claim, SUCCESS, None)
    assert await other.cancel_requests() == []


async def test_a_lapsed_job_ends_cancelled_with_what_it_used(store: SqlJobStore, open_store: OpenStore) -> None:
    silent = await open_store("replica-silent", lease_seconds=SHORT_LEASE_SECONDS)
    claim = await claimed(silent, new_job())
    await silent.call_started(claim, call(1), TURNS)
    await silent.call_ended(claim, call(1, REPLY, seconds=0.5))
    await silent.call_started(claim, call(2), TURNS)

    async def cancelled() -> Job | None:
        job, _ = await store.cancel(claim.job.job_id, answer)
        return job if job is not None and job.state is State.CANCELLED else None

    job = await until(cancelled)
    assert job is not None
    assert [attempt.finish_reason for attempt in job.attempts] == ["stop", "lost"]
    assert (job.usage.input_tokens, job.usage.model_calls) == (120, 2)
    with pytest.raises(ClaimLostError):
        await silent.finish(claim, SUCCESS, None)


async def test_a_stored_outcome_wins(store: SqlJobStore) -> None:
    job = await finished(store, new_job())
    assert await store.cancel(job.job_id, answer) == (job, ())


async def test_an_unknown_job_is_none(store: SqlJobStore) -> None:
    assert await store.cancel("nothing", answer) == (None, ())


async def test_a_cancel_request_outlives_a_release(store: SqlJobStore) -> None:
    claim = await claimed(store, new_job())
    await store.cancel(claim.job.job_id, answer)
    await store.release(claim)
    again = await claimed(store, new_job())
    assert await store.cancel_requests() == [again.job.job_id]


async def test_a_request_cancelled_before_it_arrived_is_recorded_whatever_its_content(store: SqlJobStore) -> None:
    tombstone = await store.cancel_unseen("crm", "r-1", "job-tombstone")
    assert (tombstone.state, tombstone.job_id) == (State.CANCELLED, "job-tombstone")
    assert await store.claim(new_job(content_hash="any")) == Recorded(tombstone)
    assert await store.submit(new_job(), PAYLOAD, None, None) == tombstone


async def test_cancelling_unseen_a_request_that_arrived_changes_nothing(store: SqlJobStore) -> None:
    claim = await claimed(store, new_job())
    job = await store.cancel_unseen("crm", "r-1", "job-tombstone")
    assert (job.job_id, job.state) == (claim.job.job_id, State.RUNNING)

"""A retry makes the next revision of a job; what was recorded before stays in its history, and is what repeats get."""

import asyncio
from dataclasses import replace

import pytest

from adapter.domain.job import Job, Origin, Route, State
from adapter.domain.publication_id import publication_id
from adapter.errors import StoreUnavailable
from adapter.outbound.sql import SqlJobStore, tables
from adapter.ports import Claim, ClaimLostError, IdReused, Recorded
from adapter.ports.operators import Obstacle, PickedJob, Selection
from tests.integration.store.conftest import OpenStore, RowsOf
from tests.integration.store.samples import (
    FAILURE,
    PAYLOAD,
    REPLY,
    ROUTE,
    SUCCESS,
    TURNS,
    answer,
    call,
    claimed,
    new_job,
    ticket,
    until,
)


async def failed(store: SqlJobStore, request_id: str = "r-1", *, keeps_payload: bool = True) -> PickedJob:
    """End a job that came by queue, with one call and an answer on its way; and pick it."""
    claim = await claimed(store, new_job(request_id))
    await store.call_started(claim, call(1), TURNS)
    await store.call_ended(claim, call(1, REPLY))
    await store.finish(claim, FAILURE, answer, [ROUTE], keep_payload=PAYLOAD if keeps_payload else None)
    return await picked(store, claim.job.job_id)


async def picked(store: SqlJobStore, job_id: str) -> PickedJob:
    (job,), _ = await store.operators.pick(Selection(job_ids=[job_id]), limit=10)
    return job


async def retried(store: SqlJobStore, job: PickedJob) -> Claim:
    """Make the next revision and claim it, as its ticket does."""
    assert await store.operators.retry(job, ticket(f"t-{job.revision}", job.job_id), [ROUTE]) is None
    claim = await store.claim_stored(job.job_id)
    assert isinstance(claim, Claim)
    return claim


async def whole(store: SqlJobStore, job_id: str) -> Job:
    job = await store.get(job_id)
    assert job is not None
    return job


async def test_a_retry_is_pending_and_has_its_payload_a_ticket_and_nothing_of_the_outcome_before(
    store: SqlJobStore,
) -> None:
    job = await failed(store)

    assert await store.operators.retry(job, ticket("t-2", job.job_id), [ROUTE]) is None

    shown = await whole(store, job.job_id)
    assert (shown.state, shown.revision, shown.request_id) == (State.PENDING, 2, "r-1")
    assert (shown.error, shown.result, shown.finish_time, shown.attempts) == (None, None, None, ())
    (due,) = [one for one in await store.due_publications(10) if one.publication_id == "t-2"]
    assert due.job_id == job.job_id


async def test_the_budget_of_a_revision_starts_anew(store: SqlJobStore) -> None:
    claim = await retried(store, await failed(store))

    assert (claim.calls, claim.claims, claim.work_seconds) == ((), 1, 0.0)
    assert (claim.payload, claim.new.deadline) == (PAYLOAD, None)
    assert claim.new.task_ref == "classify-ticket@1"


async def test_what_was_before_stays_in_the_history_with_its_calls(store: SqlJobStore) -> None:
    first = await failed(store)
    claim = await retried(store, first)
    await store.call_started(claim, call(1), TURNS)
    await store.call_ended(claim, call(1, REPLY))
    await store.finish(claim, SUCCESS, answer)

    history = await store.operators.history(first.job_id)

    assert history is not None
    (past,) = history.past
    assert history.origin is Origin.QUEUED
    assert (past.job.state, past.job.revision, past.job.error) == (State.FAILED, 1, FAILURE.error)
    assert [detail.call.reply for detail in past.calls] == [REPLY]
    assert [detail.call.number for detail in await store.calls(first.job_id)] == [1]
    assert (await whole(store, first.job_id)).result == SUCCESS.result


async def test_a_revision_is_answered_where_the_outcome_before_was_with_a_message_id_of_its_own(
    store: SqlJobStore,
) -> None:
    job = await failed(store)
    claim = await retried(store, job)

    _, publications = await store.finish(claim, SUCCESS, answer)

    assert [one.publication_id for one in publications] == [publication_id(job.job_id, 2, ROUTE)]
    assert publication_id(job.job_id, 1, ROUTE) != publication_id(job.job_id, 2, ROUTE)


async def test_a_repeat_gets_the_newest_recorded_outcome_while_the_retry_is_open_and_after(store: SqlJobStore) -> None:
    job = await failed(store)
    claim = await retried(store, job)

    during = await store.claim(new_job("r-1"))
    submitted = await store.submit(new_job("r-1"), PAYLOAD, ROUTE, ticket("t-x", "job-x"))
    await store.finish(claim, SUCCESS, answer)
    after = await store.claim(new_job("r-1"))

    assert isinstance(during, Recorded)
    assert isinstance(after, Recorded)
    assert (during.job.revision, during.job.state, during.job.error) == (1, State.FAILED, FAILURE.error)
    assert not isinstance(submitted, IdReused)
    assert (submitted.revision, submitted.state) == (1, State.FAILED)
    assert (after.job.revision, after.job.result) == (2, SUCCESS.result)


async def test_the_same_retry_twice_makes_one_revision(store: SqlJobStore, rows_of: RowsOf) -> None:
    job = await failed(store)

    obstacles = await asyncio.gather(
        *(store.operators.retry(job, ticket(f"t-{n}", job.job_id), [ROUTE]) for n in range(5))
    )

    assert obstacles == [None] * 5
    assert (await whole(store, job.job_id)).revision == 2
    assert len(rows_of(tables.revisions)) == 1
    assert len([row for row in rows_of(tables.publications) if row.publication_id.startswith("t-")]) == 1


async def test_a_retry_of_an_older_revision_than_the_newest_does_nothing(store: SqlJobStore) -> None:
    first = await failed(store)
    for _ in range(2):
        claim = await retried(store, await picked(store, first.job_id))
        await store.finish(claim, FAILURE, answer, keep_payload=PAYLOAD)

    assert await store.operators.retry(first, None, ()) is Obstacle.CHANGED
    assert (await whole(store, first.job_id)).revision == 3


async def test_without_its_payload_a_job_is_not_retried_and_keeps_its_outcome(store: SqlJobStore) -> None:
    job = await failed(store, keeps_payload=False)

    assert not job.has_payload
    assert await store.operators.retry(job, None, ()) is Obstacle.PAYLOAD_NOT_KEPT
    assert (await whole(store, job.job_id)).error == FAILURE.error
    assert await store.operators.retry(job, None, (), PAYLOAD) is None


async def test_a_job_that_is_not_finished_or_not_there_is_not_retried(store: SqlJobStore) -> None:
    job = await failed(store)
    open_job = await claimed(store, new_job("r-open"))

    running = replace(job, job_id=open_job.job.job_id)
    assert await store.operators.retry(running, None, ()) is Obstacle.NOT_FINISHED
    assert await store.operators.retry(replace(job, job_id="job-gone"), None, ()) is Obstacle.NOT_FOUND


async def test_what_the_run_before_still_writes_is_refused_after_a_retry(store: SqlJobStore) -> None:
    old = await claimed(store, new_job())
    await store.finish(old, FAILURE, None, keep_payload=PAYLOAD)
    await retried(store, await picked(store, old.job.job_id))

    for late in (store.call_started(old, call(2), TURNS), store.release(old)):
        with pytest.raises(ClaimLostError):
            await late


async def test_a_replica_that_dies_with_a_revision_loses_neither_outcome(open_store: OpenStore) -> None:
    dying = await open_store("dying", lease_seconds=0.05)
    job = await failed(dying)
    await retried(dying, job)

    other = await open_store("other")
    taken = await until(lambda: _taken_over(other, job.job_id))
    assert taken is not None
    await other.finish(taken, SUCCESS, None)

    history = await other.operators.history(job.job_id)
    assert history is not None
    assert [past.job.error for past in history.past] == [FAILURE.error]
    assert (await whole(other, job.job_id)).result == SUCCESS.result


async def _taken_over(store: SqlJobStore, job_id: str) -> Claim | None:
    found = await store.claim_stored(job_id)
    return found if isinstance(found, Claim) else None


async def test_a_retry_that_the_database_refuses_leaves_the_outcome_as_it_was(
    open_store: OpenStore, rows_of: RowsOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await open_store("replica-a")
    job = await failed(store)

    def refuse(*_: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr("adapter.outbound.sql.job_details.store", refuse)  # the last step but one
    with pytest.raises(StoreUnavailable):
        await store.operators.retry(job, ticket("t-2", job.job_id), [ROUTE])

    assert (await whole(store, job.job_id)).error == FAILURE.error
    assert rows_of(tables.revisions) == rows_of(tables.past_calls) == []
    assert len(await store.calls(job.job_id)) == 1


async def test_a_cancelled_revision_is_an_outcome_and_the_one_before_is_not_lost(store: SqlJobStore) -> None:
    job = await failed(store)
    assert await store.operators.retry(job, None, ()) is None

    ended, _ = await store.cancel(job.job_id, answer)

    assert ended is not None
    assert (ended.state, ended.revision) == (State.CANCELLED, 2)
    history = await store.operators.history(job.job_id)
    assert history is not None
    assert [past.job.error for past in history.past] == [FAILURE.error]


async def test_old_prompts_of_earlier_revisions_go_too(store: SqlJobStore) -> None:
    job = await failed(store)
    await retried(store, job)

    async def dropped() -> int:
        return await store.retain(jobs_seconds=3600.0, replies_seconds=0.0, limit=10)

    assert await until(dropped) == 1
    history = await store.operators.history(job.job_id)
    assert history is not None
    assert [detail.turns for detail in history.past[0].calls] == [()]


async def test_routes_are_remembered_for_the_revision_after_the_next(store: SqlJobStore) -> None:
    job = await failed(store)
    other = Route("", "crm.replies", "corr-9")
    assert await store.operators.retry(job, None, [other]) is None
    claim = await store.claim_stored(job.job_id)
    assert isinstance(claim, Claim)
    await store.finish(claim, FAILURE, answer, keep_payload=PAYLOAD)

    assert await store.operators.retry(await picked(store, job.job_id), None, [other]) is None
    claim = await store.claim_stored(job.job_id)
    assert isinstance(claim, Claim)
    _, publications = await store.finish(claim, SUCCESS, answer)

    assert [one.publication_id for one in publications] == [publication_id(job.job_id, 3, other)]

"""Finished jobs in bulk: picked in batches, their results stored again, erased with all that hangs on them."""

from dataclasses import replace

import pytest
from sqlalchemy import Table

from adapter.domain.job import Job, Origin, State
from adapter.domain.message import Publication
from adapter.domain.publication import republished
from adapter.errors import InvalidRequest
from adapter.outbound.sql import SqlJobStore, tables
from adapter.ports import JobFilter
from adapter.ports.operators import Obstacle, Selection
from tests.integration.store.conftest import RowsOf
from tests.integration.store.samples import (
    FAILURE,
    OTHER_ROUTE,
    PAYLOAD,
    REPLY,
    ROUTE,
    SUCCESS,
    TURNS,
    answer,
    call,
    claimed,
    finished,
    new_job,
    parked,
    ticket,
)


async def picked_ids(store: SqlJobStore, selection: Selection, limit: int = 100) -> list[str]:
    """Pick batch after batch; returns request ids."""
    found: list[str] = []
    token = ""
    while True:
        jobs, token = await store.operators.pick(selection, limit=limit, token=token)
        assert len(jobs) <= limit
        found += [job.request_id for job in jobs]
        if not token:
            return found


async def answered(store: SqlJobStore, request_id: str = "r-1") -> Job:
    """End a job that is answered in two places, both confirmed."""
    claim = await claimed(store, new_job(request_id))
    job, publications = await store.finish(claim, SUCCESS, answer, [ROUTE, OTHER_ROUTE])
    for one in publications:
        await store.publication_sent(one)
    return job


def again(stored: Publication, job: Job) -> Publication:
    return republished(stored, answer(job), 7, keyed_by_outcome=False)


async def test_finished_jobs_are_picked_oldest_first_in_batches(store: SqlJobStore) -> None:
    for number in range(7):
        await finished(store, new_job(f"r-{number}"))
    await claimed(store, new_job("r-running"))

    ids = await picked_ids(store, Selection(JobFilter(task="classify-ticket")), limit=3)

    assert ids == [f"r-{number}" for number in range(7)]


async def test_what_ends_after_the_first_batch_is_not_picked(store: SqlJobStore) -> None:
    for number in range(3):
        await store.finish(await claimed(store, new_job(f"r-{number}")), FAILURE, None, keep_payload=PAYLOAD)
    everything = Selection(JobFilter(states=(State.FAILED,)))
    (first, second), token = await store.operators.pick(everything, limit=2)
    for job in (first, second):
        assert await store.operators.retry(job, None, ()) is None
    claim = await store.claim(new_job("r-later"))
    await store.finish(claim, FAILURE, None)  # type: ignore[arg-type]  # it is a claim: the request is new

    rest, end = await store.operators.pick(everything, limit=10, token=token)

    assert [job.request_id for job in rest] == ["r-2"]
    assert end == ""


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(job_ids=["job-a", "job-c"]), ["r-a", "r-c"]),
        (Selection(JobFilter(client="crm"), request_ids=["r-b", "r-x"]), ["r-b"]),
        (Selection(JobFilter(client="other"), request_ids=["r-b"]), []),
        (Selection(request_ids=["r-b"], job_ids=["job-c"]), ["r-c"]),
        (Selection(JobFilter(client="crm"), request_ids=["r-b"], job_ids=["job-c"]), ["r-b", "r-c"]),
        (Selection(JobFilter(states=(State.FAILED,))), ["r-c"]),
        (Selection(JobFilter(reason="OUTPUT_INVALID")), ["r-c"]),
        (Selection(JobFilter(labels={"tenant": "b"})), ["r-b"]),
        (Selection(JobFilter(states=(State.FAILED,)), job_ids=["job-a"]), []),
    ],
)
async def test_the_named_jobs_are_picked_and_every_filter_must_hold(
    store: SqlJobStore, selection: Selection, expected: list[str]
) -> None:
    await finished(store, new_job("r-a", job_id="job-a"))
    await finished(store, new_job("r-b", job_id="job-b", labels={"tenant": "b"}))
    await finished(store, new_job("r-c", job_id="job-c"), FAILURE)

    assert await picked_ids(store, selection) == expected


async def test_a_token_of_somebody_else_is_refused(store: SqlJobStore) -> None:
    with pytest.raises(InvalidRequest, match="resume_token"):
        await store.operators.pick(Selection(), limit=1, token="bm9uZQ==")


async def test_a_picked_job_says_whether_its_payload_is_kept_and_its_result_is_sent(store: SqlJobStore) -> None:
    kept = await claimed(store, new_job("r-kept"))
    await store.finish(kept, FAILURE, answer, [ROUTE], keep_payload=PAYLOAD)
    await answered(store, "r-sent")

    (one, other), _ = await store.operators.pick(Selection(JobFilter(client="crm")), limit=5)

    assert (one.has_payload, one.has_unsent_result) == (True, True)
    assert (other.has_payload, other.has_unsent_result) == (False, False)


async def test_results_are_stored_again_with_the_same_ids_for_anybody_to_send(store: SqlJobStore) -> None:
    job = await answered(store)
    results = await store.operators.results_of(job.job_id)

    assert await store.operators.republish(job, [again(one, job) for one in results]) is None

    due = await store.due_publications(10)
    assert {one.publication_id for one in due} == {one.publication_id for one in results}
    assert {(one.message.exchange, one.message.routing_key) for one in due} == {
        (ROUTE.exchange, ROUTE.routing_key),
        (OTHER_ROUTE.exchange, OTHER_ROUTE.routing_key),
    }
    assert {one.message.body for one in due} == {answer(job).body}
    assert {one.message.properties.headers["llm-republished"] for one in due} == {True}
    assert {one.tries for one in due} == {0}


async def test_a_result_that_was_given_up_is_sent_as_patiently_as_the_first_time(store: SqlJobStore) -> None:
    claim = await claimed(store, new_job())
    job, (publication,) = await store.finish(claim, SUCCESS, answer, [ROUTE])
    await store.publication_undeliverable(publication, "RESULT_UNDELIVERABLE", "no queue")
    (given_up,) = await store.operators.results_of(job.job_id)

    await store.operators.republish(job, [again(given_up, job)])

    shown = await store.get(job.job_id)
    assert shown is not None
    assert shown.remark is None
    (due,) = await store.due_publications(10)
    assert due.tries == 0
    assert due.create_time is not None
    assert given_up.create_time is not None
    assert due.create_time >= given_up.create_time


async def test_of_a_retried_job_only_the_newest_results_are_sent_again(store: SqlJobStore) -> None:
    claim = await claimed(store, new_job())
    first, _ = await store.finish(claim, FAILURE, answer, [ROUTE], keep_payload=PAYLOAD)
    (job,), _ = await store.operators.pick(Selection(job_ids=[first.job_id]), limit=1)
    old = await store.operators.results_of(first.job_id)
    await store.operators.retry(job, ticket("t-2", job.job_id), [ROUTE])

    assert len(old) == 1
    assert await store.operators.results_of(first.job_id) == []
    assert await store.operators.republish(first, old) is Obstacle.CHANGED


async def test_a_finished_job_is_erased_with_all_that_hangs_on_it(store: SqlJobStore, rows_of: RowsOf) -> None:
    new = new_job(origin=Origin.SUBMITTED)
    await store.submit(new, PAYLOAD, ROUTE, ticket("t-1", new.job_id))
    for revision in (1, 2):
        claim = await store.claim_stored(new.job_id)
        await store.call_started(claim, call(1), TURNS)  # type: ignore[arg-type]  # a claim: nobody has it
        await store.call_ended(claim, call(1, REPLY))  # type: ignore[arg-type]  # as above
        message = parked(f"p-{revision}", job_id=new.job_id)
        _, sent = await store.finish(claim, FAILURE, answer, keep_payload=PAYLOAD, parked=message)  # type: ignore[arg-type]  # as above
        for one in sent:
            await store.publication_sent(one)
        if revision == 1:
            (job,), _ = await store.operators.pick(Selection(job_ids=[new.job_id]), limit=1)
            await store.operators.retry(job, ticket("t-2", new.job_id), [ROUTE])
    other = await answered(store, "r-other")
    await store.park(parked("p-other"))

    assert await store.operators.purge(new.job_id) is None

    about_jobs: list[Table] = [
        tables.jobs,
        tables.job_labels,
        tables.job_routes,
        tables.payloads,
        tables.calls,
        tables.publications,
        tables.revisions,
        tables.past_calls,
    ]
    left = {(table.name, row.job_id) for table in about_jobs for row in rows_of(table)}
    assert {job_id for _, job_id in left} == {other.job_id}
    assert [row.parked_id for row in rows_of(tables.parked)] == ["p-other"]
    await claimed(store, new_job(new.request_id, content_hash="new"))


async def test_what_runs_waits_or_is_unsent_is_not_erased(store: SqlJobStore) -> None:
    running = await claimed(store, new_job("r-running"))
    waiting = await claimed(store, new_job("r-waiting"))
    await store.release(waiting)
    unsent, _ = await store.finish(await claimed(store, new_job("r-unsent")), SUCCESS, answer, [ROUTE])

    assert await store.operators.purge(running.job.job_id) is Obstacle.NOT_FINISHED
    assert await store.operators.purge(waiting.job.job_id) is Obstacle.NOT_FINISHED
    assert await store.operators.purge(unsent.job_id) is Obstacle.RESULT_NOT_SENT
    assert await store.operators.purge("job-gone") is Obstacle.NOT_FOUND
    for job_id in (running.job.job_id, waiting.job.job_id, unsent.job_id):
        assert await store.get(job_id) is not None


async def test_waits_are_told_by_revision(store: SqlJobStore) -> None:
    claim = await claimed(store, new_job())
    since = claim.job.create_time
    await store.operators.wait_began(claim.job, "MODEL_UNAVAILABLE (cloud)", since)
    await store.operators.wait_began(replace(claim.job, job_id="job-gone"), "MODEL_UNAVAILABLE", since)

    during = await store.operators.history(claim.job.job_id)
    await store.operators.wait_ended(claim.job.job_id, since, since)
    after = await store.operators.history(claim.job.job_id)

    assert during is not None
    assert after is not None
    assert [(one.reason, one.until) for one in during.waits[1]] == [("MODEL_UNAVAILABLE (cloud)", None)]
    assert [one.until for one in after.waits[1]] == [since]

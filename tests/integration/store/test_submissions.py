"""Jobs that the memory stands for: submitted ones, and held ones turned into tickets."""

from dataclasses import replace

import pytest

from adapter.domain.job import Job, Origin, State
from adapter.domain.payload import Payload
from adapter.outbound.sql import SqlJobStore
from adapter.outbound.sql.tables import payloads
from adapter.ports import Claim, IdReused, NewJob, Recorded
from tests.integration.store.conftest import OpenStore, RowsOf
from tests.integration.store.samples import (
    OTHER_ROUTE,
    PAYLOAD,
    ROUTE,
    SUCCESS,
    answer,
    claimed,
    finished,
    new_job,
    ticket,
)


def submission(request_id: str = "r-1") -> NewJob:
    """Return a request that came by SubmitJob."""
    return new_job(request_id, origin=Origin.SUBMITTED)


async def claimed_stored(store: SqlJobStore, job_id: str) -> Claim:
    """Claim a stored job that must be free."""
    result = await store.claim_stored(job_id)
    assert isinstance(result, Claim)
    return result


async def test_a_submitted_job_is_pending_with_payload_route_and_ticket(store: SqlJobStore) -> None:
    new = submission()
    job = await store.submit(new, PAYLOAD, ROUTE, ticket("t-1", new.job_id))
    assert isinstance(job, Job)
    assert job.state is State.PENDING
    assert job == await store.get(new.job_id)
    assert await store.pending_publications() == 1
    claim = await claimed_stored(store, new.job_id)
    assert (claim.payload, claim.new, claim.claims) == (PAYLOAD, new, 1)
    assert claim.job.start_time is not None


async def test_the_outcome_of_a_submitted_job_goes_to_its_stored_routes(store: SqlJobStore) -> None:
    new = submission()
    await store.submit(new, PAYLOAD, ROUTE, None)
    await store.submit(submission(), PAYLOAD, ROUTE, None, more_routes=[OTHER_ROUTE])
    claim = await claimed_stored(store, new.job_id)
    _, publications = await store.finish(claim, SUCCESS, answer, [ROUTE])
    assert {item.message.properties.correlation_id for item in publications} == {"corr-1", "corr-2"}
    assert len(publications) == 2


async def test_a_repeated_submission_joins_the_open_job_without_a_second_ticket(store: SqlJobStore) -> None:
    new = submission()
    await store.submit(new, PAYLOAD, ROUTE, ticket("t-1", new.job_id))
    repeat = submission()
    job = await store.submit(repeat, PAYLOAD, OTHER_ROUTE, ticket("t-2", repeat.job_id))
    assert isinstance(job, Job)
    assert job.job_id == new.job_id
    assert await store.pending_publications() == 1


async def test_a_submission_of_an_ended_request_returns_it_and_adds_nothing(store: SqlJobStore) -> None:
    job = await finished(store, new_job())
    repeat = submission()
    assert await store.submit(repeat, PAYLOAD, ROUTE, ticket("t-1", repeat.job_id)) == job
    assert await store.pending_publications() == 0


async def test_a_submission_with_other_content_is_refused(store: SqlJobStore) -> None:
    new = new_job()
    await claimed(store, new)
    other = replace(submission(), content_hash="hash-2")
    assert await store.submit(other, PAYLOAD, ROUTE, None) == IdReused(new.job_id)


async def test_a_run_that_is_submitted_too_survives_its_worker(store: SqlJobStore, open_store: OpenStore) -> None:
    running = await claimed(store, new_job(origin=Origin.RUN))
    repeat = submission()
    job = await store.submit(repeat, PAYLOAD, ROUTE, ticket("t-1", repeat.job_id))
    assert isinstance(job, Job)
    assert job.state is State.RUNNING
    await store.release(running)

    assert await store.recoverable(10) == [running.job.job_id]
    relay = await open_store("replica-b")
    (found,) = await relay.due_publications(10)
    assert found.message.properties.headers == {"llm-job-id": running.job.job_id}
    assert (await claimed_stored(store, running.job.job_id)).payload == PAYLOAD


async def test_discarding_a_run_that_was_submitted_meanwhile_keeps_the_submission(store: SqlJobStore) -> None:
    running = await claimed(store, new_job(origin=Origin.RUN))
    await store.submit(submission(), PAYLOAD, ROUTE, None)
    await store.discard(running)
    assert await store.recoverable(10) == [running.job.job_id]


async def test_a_held_job_becomes_a_ticket_and_the_run_is_not_counted(store: SqlJobStore) -> None:
    claim = await claimed(store, new_job())
    await store.ticket(claim, PAYLOAD, ROUTE, ticket("t-1", claim.job.job_id), more_routes=[OTHER_ROUTE])
    again = await claimed_stored(store, claim.job.job_id)
    assert (again.claims, again.payload) == (1, PAYLOAD)
    assert again.new.origin is Origin.QUEUED
    _, publications = await store.finish(again, SUCCESS, answer)
    assert {item.message.routing_key for item in publications} == {ROUTE.routing_key, OTHER_ROUTE.routing_key}


async def test_a_ticket_can_be_held_too_long_again(store: SqlJobStore) -> None:
    claim = await claimed(store, new_job())
    await store.ticket(claim, PAYLOAD, ROUTE, ticket("t-1", claim.job.job_id))
    again = await claimed_stored(store, claim.job.job_id)
    await store.ticket(again, PAYLOAD, ROUTE, ticket("t-2", claim.job.job_id))
    assert (await claimed_stored(store, claim.job.job_id)).payload == PAYLOAD
    assert await store.pending_publications() == 2


@pytest.mark.parametrize("kept", [None, Payload(b"kept")], ids=["dropped", "kept"])
async def test_a_payload_survives_the_end_only_when_it_is_kept(
    store: SqlJobStore, rows_of: RowsOf, kept: Payload | None
) -> None:
    new = submission()
    await store.submit(new, PAYLOAD, None, None)
    await store.finish(await claimed_stored(store, new.job_id), SUCCESS, None, keep_payload=kept)
    assert isinstance(await store.claim_stored(new.job_id), Recorded)
    assert [row.content for row in rows_of(payloads)] == ([kept.content] if kept else [])


async def test_waiting_submissions_are_recovered_oldest_first(store: SqlJobStore) -> None:
    news = [submission(f"r-{number}") for number in range(4)]
    for new in news:
        await store.submit(new, PAYLOAD, None, None)
    await claimed_stored(store, news[1].job_id)
    await store.release(await claimed(store, new_job("r-queued")))
    expected = [news[0].job_id, news[2].job_id, news[3].job_id]
    assert await store.recoverable(10) == expected
    assert await store.recoverable(2) == expected[:2]

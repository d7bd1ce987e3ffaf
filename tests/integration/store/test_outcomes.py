"""The one outcome of a job, and what is stored with it in the same transaction."""

import asyncio

import pytest

from adapter.domain.job import Job, Outcome, State
from adapter.domain.message import Answer
from adapter.outbound.sql import SqlJobStore
from adapter.outbound.sql.tables import payloads
from adapter.ports import ClaimLostError, Recorded
from tests.integration.store.conftest import RowsOf
from tests.integration.store.samples import (
    ATTEMPT,
    FAILURE,
    OTHER_ROUTE,
    PAYLOAD,
    ROUTE,
    SUCCESS,
    answer,
    claimed,
    finished,
    new_job,
    parked,
    ticket,
)


@pytest.mark.parametrize("outcome", [SUCCESS, FAILURE], ids=["success", "failure"])
async def test_an_outcome_comes_back_as_it_was_written(store: SqlJobStore, outcome: Outcome) -> None:
    claim = await claimed(store, new_job())
    job, publications = await store.finish(claim, outcome, answer, [ROUTE], attempts=[ATTEMPT])
    assert (job.state, job.result, job.error, job.usage) == (
        outcome.state,
        outcome.result,
        outcome.error,
        outcome.usage,
    )
    assert job.attempts == (ATTEMPT,)
    assert job.finish_time is not None
    assert await store.get(job.job_id) == job
    assert await store.claim(new_job()) == Recorded(job)
    assert len(publications) == 1


async def test_each_route_gets_the_answer_with_its_own_message_id(store: SqlJobStore) -> None:
    job, publications = await store.finish(
        await claimed(store, new_job()), SUCCESS, answer, [ROUTE, OTHER_ROUTE, ROUTE]
    )
    assert [(item.message.exchange, item.message.routing_key) for item in publications] == [
        (ROUTE.exchange, ROUTE.routing_key),
        (OTHER_ROUTE.exchange, OTHER_ROUTE.routing_key),
    ]
    assert [item.message.mandatory for item in publications] == [True, False]
    assert len({item.publication_id for item in publications}) == 2
    message = publications[0].message
    assert message.body == answer(job).body
    assert message.properties.message_id == publications[0].publication_id
    assert message.properties.correlation_id == "corr-1"
    assert await store.pending_publications() == 2


async def test_a_second_finish_with_the_same_claim_is_refused(store: SqlJobStore) -> None:
    claim = await claimed(store, new_job())
    job, _ = await store.finish(claim, SUCCESS, None)
    with pytest.raises(ClaimLostError):
        await store.finish(claim, FAILURE, answer, [ROUTE])
    assert await store.get(job.job_id) == job
    assert await store.pending_publications() == 0


async def test_an_answer_that_cannot_be_built_leaves_the_job_running(store: SqlJobStore) -> None:
    def broken(_job: Job) -> Answer:
        raise ZeroDivisionError

    claim = await claimed(store, new_job())
    with pytest.raises(ZeroDivisionError):
        await store.finish(claim, SUCCESS, broken, [ROUTE])
    job = await store.get(claim.job.job_id)
    assert job is not None
    assert job.state is State.RUNNING
    await store.finish(claim, SUCCESS, answer, [ROUTE])


async def test_a_message_can_be_parked_with_the_outcome(store: SqlJobStore) -> None:
    claim = await claimed(store, new_job())
    await store.finish(claim, FAILURE, None, parked=parked("p-1"))
    assert await store.get_parked("p-1") is not None


async def test_a_payload_can_be_kept_with_the_outcome(store: SqlJobStore, rows_of: RowsOf) -> None:
    await store.finish(await claimed(store, new_job()), FAILURE, None, keep_payload=PAYLOAD)
    assert [row.content for row in rows_of(payloads)] == [PAYLOAD.content]


async def test_a_discarded_request_leaves_nothing_but_its_answer(store: SqlJobStore) -> None:
    new = new_job()
    claim = await claimed(store, new)
    await store.discard(claim, [ticket("answer-1", "")], parked("p-1"))
    assert await store.get(new.job_id) is None
    assert await store.pending_publications() == 1
    assert await store.get_parked("p-1") is not None
    assert (await claimed(store, new_job(content_hash="hash-2"))).claims == 1


async def test_a_refusal_can_be_stored_without_a_claim(store: SqlJobStore) -> None:
    await store.discard(None, [ticket("answer-1", "")])
    assert await store.pending_publications() == 1


async def test_a_discard_of_a_lost_claim_stores_nothing(store: SqlJobStore) -> None:
    claim = await claimed(store, new_job())
    await store.release(claim)
    with pytest.raises(ClaimLostError):
        await store.discard(claim, [ticket("answer-1", "")], parked("p-1"))
    assert await store.pending_publications() == 0
    assert await store.get_parked("p-1") is None


async def test_a_repeat_sends_the_stored_answer_again_under_the_same_id(store: SqlJobStore) -> None:
    job, publications = await store.finish(await claimed(store, new_job()), SUCCESS, answer, [ROUTE])
    await store.publication_sent(publications[0])
    assert await store.pending_publications() == 0
    await store.publish_again(job, publications)
    assert await store.pending_publications() == 1
    records = await store.publications_of(job.job_id)
    assert [record["publication_id"] for record in records] == [publications[0].publication_id]


async def test_many_jobs_run_side_by_side_and_each_keeps_its_own_outcome(store: SqlJobStore) -> None:
    news = [new_job(f"r-{number}") for number in range(300)]
    jobs = await asyncio.gather(*(finished(store, new) for new in news))
    assert [job.request_id for job in jobs] == [new.request_id for new in news]
    assert await asyncio.gather(*(store.get(new.job_id) for new in news)) == jobs

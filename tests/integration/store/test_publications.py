"""Publications: their storer sends them; once it lapsed, or gave them back, another replica finds them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from adapter.domain.job import Job, JobError
from adapter.domain.message import Answer, Publication
from adapter.errors import ResultTooLarge, Retryable
from adapter.outbound.sql import SqlJobStore
from adapter.ports import JobFilter
from tests.integration.store.conftest import OpenStore
from tests.integration.store.samples import (
    FAILURE,
    OTHER_ROUTE,
    ROUTE,
    SHORT_LEASE_SECONDS,
    SUCCESS,
    answer,
    claimed,
    finished,
    new_job,
    parked,
    until,
)


async def published(store: SqlJobStore) -> tuple[Job, tuple[Publication, ...]]:
    """End a job that is answered on two routes."""
    return await store.finish(await claimed(store, new_job()), SUCCESS, answer, [ROUTE, OTHER_ROUTE])


async def test_publications_of_a_live_replica_are_not_due_for_anybody(
    store: SqlJobStore, open_store: OpenStore
) -> None:
    await published(store)
    other = await open_store("replica-b")
    assert await other.due_publications(10) == []
    assert await store.due_publications(10) == []


async def test_publications_of_a_lapsed_replica_are_due_once_and_unchanged(
    store: SqlJobStore, open_store: OpenStore
) -> None:
    silent = await open_store("replica-silent", lease_seconds=SHORT_LEASE_SECONDS)
    _, publications = await published(silent)
    found = await until(lambda: store.due_publications(10))
    assert {item.publication_id: item.message for item in found} == {
        item.publication_id: item.message for item in publications
    }
    assert await store.due_publications(10) == []


async def test_publications_of_a_retired_replica_are_due(store: SqlJobStore, open_store: OpenStore) -> None:
    await published(store)
    await store.retire()
    other = await open_store("replica-b")
    assert len(await other.due_publications(1)) == 1
    assert len(await other.due_publications(10)) == 1


async def test_a_failed_publication_is_due_again_after_its_wait(store: SqlJobStore, open_store: OpenStore) -> None:
    job, (first, second) = await published(store)
    await store.publication_failed(first, "nacked \x00", 0.05)
    await store.publication_failed(second, "unknown", 3600)
    other = await open_store("replica-b")
    (found,) = await until(lambda: other.due_publications(10))
    assert (found.publication_id, found.tries) == (first.publication_id, 1)
    records = {record["publication_id"]: record for record in await store.publications_of(job.job_id)}
    assert records[first.publication_id]["detail"] == "nacked \\x00"
    later = records[second.publication_id]["next_time"]
    assert later > datetime.now(UTC) + timedelta(minutes=50)


async def test_a_confirmed_publication_is_over(store: SqlJobStore, open_store: OpenStore) -> None:
    job, publications = await published(store)
    for publication in publications:
        await store.publication_sent(publication)
    await store.retire()
    other = await open_store("replica-b")
    assert await other.due_publications(10) == []
    assert await store.pending_publications() == 0
    records = await store.publications_of(job.job_id)
    assert [(record["state"], record["tries"]) for record in records] == [("SENT", 1), ("SENT", 1)]
    assert all(record["sent_time"] is not None for record in records)


async def test_a_failure_that_comes_after_the_confirm_changes_nothing(store: SqlJobStore) -> None:
    _, (first, _second) = await published(store)
    await store.publication_sent(first)
    await store.publication_failed(first, "late", 0)
    await store.publication_undeliverable(first, "RESULT_UNDELIVERABLE", "late")
    assert await store.pending_publications() == 1


@pytest.mark.parametrize("reason", ["RESULT_UNDELIVERABLE", "RESULT_TOO_LARGE"])
async def test_an_undeliverable_publication_leaves_a_remark_beside_the_outcome(store: SqlJobStore, reason: str) -> None:
    job, (first, second) = await published(store)
    await store.publication_undeliverable(first, reason, "312 NO_ROUTE")
    remarked = await store.get(job.job_id)
    assert remarked is not None
    assert remarked.remark is not None
    assert (remarked.remark.reason, remarked.remark.retryable) == (reason, Retryable.FIX)
    assert "312 NO_ROUTE" in remarked.remark.message
    assert remarked.result == job.result
    await store.publication_sent(second)
    assert await store.pending_publications() == 0


def remarking_answer(job: Job) -> Answer:
    return replace(answer(job), remark=JobError.of(ResultTooLarge()))


async def test_what_an_answer_says_of_a_job_is_stored_with_its_outcome(store: SqlJobStore) -> None:
    job, _ = await store.finish(await claimed(store, new_job()), SUCCESS, remarking_answer, [ROUTE])
    assert job.remark == JobError.of(ResultTooLarge())
    assert await store.get(job.job_id) == job


async def test_what_a_later_answer_says_of_a_job_is_stored_on_it(store: SqlJobStore) -> None:
    again, dead = await finished(store, new_job("again")), await finished(store, new_job("dead"))
    _, publications = await published(store)
    remark = JobError.of(ResultTooLarge())
    for_again, for_dead = (
        replace(publications[0], publication_id=job.job_id, job_id=job.job_id, remark=remark) for job in (again, dead)
    )
    await store.publish_again(again, [for_again])
    await store.park(parked("p-1"), [for_dead])
    for job in (again, dead):
        stored = await store.get(job.job_id)
        assert stored is not None
        assert stored.remark == remark


async def test_jobs_are_found_by_the_reason_of_their_remark(store: SqlJobStore) -> None:
    remarked, _ = await store.finish(await claimed(store, new_job("a")), SUCCESS, remarking_answer, [ROUTE])
    failed, _ = await store.finish(await claimed(store, new_job("b")), FAILURE, remarking_answer, [ROUTE])
    await finished(store, new_job("c"))
    found, _ = await store.list(JobFilter(reason="RESULT_TOO_LARGE"), page_size=10)
    assert [job.job_id for job in found] == [failed.job_id, remarked.job_id]
    found, _ = await store.list(JobFilter(reason="RESULT_UNDELIVERABLE"), page_size=10)
    assert found == []

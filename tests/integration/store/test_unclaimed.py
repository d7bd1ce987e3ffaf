"""Queue jobs that nobody works on, and where their answers would go."""

from adapter.domain.job import Origin, Route
from adapter.outbound.sql.store import SqlJobStore
from tests.integration.store.samples import PAYLOAD, ROUTE, claimed, new_job, ticket

OTHER = Route("", "erp.replies", "again")


async def test_a_queue_job_that_was_given_back_is_unclaimed_until_somebody_claims_it(store: SqlJobStore) -> None:
    claim = await claimed(store, new_job(routes=(ROUTE,)))
    assert await store.unclaimed.unclaimed(0) == []
    await store.release(claim)

    (found,) = await store.unclaimed.unclaimed(0)
    assert (found.job_id, found.task, found.token) == (claim.job.job_id, "classify-ticket", 1)
    assert await store.unclaimed.unclaimed(3600) == [], "it was begun just now"

    again = await claimed(store, new_job(routes=(OTHER,)))
    assert (again.token, await store.unclaimed.unclaimed(0)) == (2, [])
    assert set(await store.unclaimed.routes_of(claim.job.job_id)) == {ROUTE, OTHER}


async def test_what_is_stored_with_its_payload_needs_no_message(store: SqlJobStore) -> None:
    held, ran = await claimed(store, new_job("r-1")), await claimed(store, new_job("r-2", origin=Origin.RUN))
    await store.ticket(held, PAYLOAD, ROUTE, ticket("t-1", held.job.job_id))
    await store.release(ran)

    assert await store.unclaimed.unclaimed(0) == []

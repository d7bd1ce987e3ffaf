"""A job that was claimed twice without an end."""

from adapter.outbound.sql.store import SqlJobStore
from adapter.ports import Claim, RunningNow, Suspect
from tests.integration.store.samples import claimed, finished, new_job


async def crashed_twice(store: SqlJobStore) -> str:
    """Leave a job that was claimed twice and did not end."""
    for _ in range(2):
        claim = await claimed(store, new_job())
        await store.release(claim, counted=True)
    return claim.job.job_id


async def test_a_suspect_is_claimed_only_to_be_worked_on_alone(store: SqlJobStore) -> None:
    job_id = await crashed_twice(store)

    found = await store.claim(new_job()), await store.claim_stored(job_id)
    alone = await store.claim(new_job(), alone=True)

    assert found == (Suspect(job_id, "classify-ticket"),) * 2
    assert isinstance(alone, Claim)
    assert (alone.claims, alone.job.job_id) == (3, job_id)
    assert isinstance(await store.claim(new_job()), RunningNow)


async def test_a_suspect_that_was_looked_at_is_no_closer_to_its_end(store: SqlJobStore) -> None:
    await crashed_twice(store)
    for _ in range(5):
        await store.claim(new_job())

    alone = await store.claim(new_job(), alone=True)

    assert isinstance(alone, Claim)
    assert alone.claims == 3


async def test_a_job_that_did_not_end_alone_either_is_claimed_by_anybody_to_be_given_up(store: SqlJobStore) -> None:
    await crashed_twice(store)
    third = await store.claim(new_job(), alone=True)
    assert isinstance(third, Claim)
    await store.release(third, counted=True)

    fourth = await store.claim(new_job())

    assert isinstance(fourth, Claim)
    assert fourth.claims == 4


async def test_a_job_that_ended_is_no_suspect(store: SqlJobStore) -> None:
    job = await finished(store, new_job())

    assert not isinstance(await store.claim(new_job()), (Claim, Suspect)), job.state

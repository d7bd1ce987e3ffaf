"""One run at a time, counted, deduplicated by client and request id, and fenced once it is lost."""

import asyncio
import threading
import time
from dataclasses import replace

import pytest

from adapter.domain.job import Job, Origin, State
from adapter.domain.message import Answer
from adapter.outbound.sql import SqlJobStore
from adapter.ports import Claim, ClaimLostError, IdReused, Recorded, RunningNow
from tests.integration.store.conftest import OpenStore
from tests.integration.store.samples import (
    DEADLINE_SECONDS,
    NOON,
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


async def test_a_first_claim_runs_here_and_counts_one(store: SqlJobStore) -> None:
    new = new_job()
    claim = await claimed(store, new)
    assert (claim.token, claim.claims, claim.new, claim.calls, claim.payload) == (1, 1, new, (), None)
    assert claim.job == await store.get(new.job_id)
    assert claim.job.state is State.RUNNING
    assert claim.job.start_time is not None


async def test_of_fifty_claims_of_one_request_exactly_one_wins(store: SqlJobStore) -> None:
    results = await asyncio.gather(*(store.claim(new_job()) for _ in range(50)))
    winners = [result for result in results if isinstance(result, Claim)]
    assert len(winners) == 1
    losers = [result for result in results if not isinstance(result, Claim)]
    assert losers == [RunningNow(winners[0].job.job_id, "replica-a")] * 49


async def test_of_claims_by_two_replicas_exactly_one_wins(store: SqlJobStore, open_store: OpenStore) -> None:
    other = await open_store("replica-b")
    results = await asyncio.gather(*(each.claim(new_job()) for _ in range(20) for each in (store, other)))
    assert len([result for result in results if isinstance(result, Claim)]) == 1


async def test_requests_without_an_id_are_never_deduplicated(store: SqlJobStore) -> None:
    first, second = await asyncio.gather(store.claim(new_job("")), store.claim(new_job("")))
    assert isinstance(first, Claim)
    assert isinstance(second, Claim)
    assert first.job.job_id != second.job.job_id
    assert first.job.request_id == ""


async def test_the_same_id_of_another_client_is_another_request(store: SqlJobStore) -> None:
    await claimed(store, new_job())
    await claimed(store, new_job(client="billing"))


async def test_a_repeat_of_an_ended_request_gets_the_recorded_job(store: SqlJobStore) -> None:
    job = await finished(store, new_job())
    assert await store.claim(new_job()) == Recorded(job)


@pytest.mark.parametrize("is_ended", [True, False])
async def test_the_same_id_with_other_content_is_refused(store: SqlJobStore, is_ended: bool) -> None:  # noqa: FBT001 - a parameter of the test
    new = new_job()
    await (finished(store, new) if is_ended else claimed(store, new))
    assert await store.claim(new_job(content_hash="hash-2")) == IdReused(new.job_id)


async def test_a_released_job_is_claimed_again_under_its_first_id(store: SqlJobStore) -> None:
    first = await claimed(store, new_job())
    await store.release(first, worked_seconds=1.5)
    second = await claimed(store, new_job())
    assert second.job.job_id == first.job.job_id
    assert (second.token, second.claims, second.work_seconds) == (2, 1, 1.5)


async def test_a_counted_release_stays_on_the_count(store: SqlJobStore) -> None:
    await store.release(await claimed(store, new_job()), counted=True)
    assert (await claimed(store, new_job())).claims == 2


async def test_a_released_job_is_pending(store: SqlJobStore) -> None:
    claim = await claimed(store, new_job())
    await store.release(claim)
    job = await store.get(claim.job.job_id)
    assert job is not None
    assert job.state is State.PENDING


async def test_a_released_claim_is_lost(store: SqlJobStore) -> None:
    claim = await claimed(store, new_job())
    await store.release(claim)
    with pytest.raises(ClaimLostError):
        await store.finish(claim, SUCCESS, None)
    with pytest.raises(ClaimLostError):
        await store.release(claim)
    with pytest.raises(ClaimLostError):
        await store.set_version(claim, "1.0.0", "abc")
    with pytest.raises(ClaimLostError):
        await store.call_started(claim, call(), TURNS)
    with pytest.raises(ClaimLostError):
        await store.discard(claim)


async def test_a_lapsed_job_is_taken_over_and_its_old_owner_is_fenced(
    store: SqlJobStore, open_store: OpenStore
) -> None:
    silent = await open_store("replica-silent", lease_seconds=SHORT_LEASE_SECONDS)
    lost = await claimed(silent, new_job())

    async def take_over() -> Claim | None:
        result = await store.claim(new_job())
        return result if isinstance(result, Claim) else None

    taken = await until(take_over)
    assert taken is not None
    assert (taken.token, taken.claims) == (2, 2)
    with pytest.raises(ClaimLostError):
        await silent.finish(lost, SUCCESS, None)
    job, _ = await store.finish(taken, SUCCESS, None)
    assert await store.get(job.job_id) == job


async def test_a_job_of_a_live_replica_is_running_for_the_other(store: SqlJobStore, open_store: OpenStore) -> None:
    other = await open_store("replica-b")
    claim = await claimed(other, new_job())
    assert await store.claim(new_job()) == RunningNow(claim.job.job_id, "replica-b")
    assert await store.claim_stored(claim.job.job_id) == RunningNow(claim.job.job_id, "replica-b")


async def test_a_replica_never_takes_a_job_from_itself_however_late_its_heartbeat(
    store: SqlJobStore, open_store: OpenStore
) -> None:
    late = await open_store("replica-late", lease_seconds=SHORT_LEASE_SECONDS)
    await late.finish(await claimed(late, new_job("r-0")), SUCCESS, answer, [ROUTE])
    claim = await claimed(late, new_job())
    assert await until(lambda: store.due_publications(10))  # its lease has run out

    assert await late.claim(new_job()) == RunningNow(claim.job.job_id, "replica-late")
    job, _ = await late.cancel(claim.job.job_id, answer)
    assert job is not None
    assert job.state is State.RUNNING
    assert await late.reap() == 0
    await late.finish(claim, SUCCESS, None)


async def test_a_call_without_an_end_is_seen_as_lost_by_the_next_claim(
    store: SqlJobStore, open_store: OpenStore
) -> None:
    silent = await open_store("replica-silent", lease_seconds=SHORT_LEASE_SECONDS)
    lost = await claimed(silent, new_job())
    ended = call(1, REPLY, seconds=0.5)
    await silent.call_started(lost, call(1), TURNS)
    await silent.call_ended(lost, ended)
    await silent.call_started(lost, call(2), TURNS)
    await silent.heartbeat()
    await until(store.reap)

    claim = await claimed(store, new_job())

    assert claim.calls == (ended, call(2))
    assert claim.work_seconds >= 0.5
    job = await store.get(claim.job.job_id)
    assert job is not None
    assert [attempt.finish_reason for attempt in job.attempts] == ["stop", "lost"]


async def test_a_lost_call_counts_as_work_until_the_last_heartbeat_of_its_own_worker(
    store: SqlJobStore, open_store: OpenStore
) -> None:
    await claimed(store, new_job("r-0"))  # another job, of a replica whose heartbeat is older
    silent = await open_store("replica-silent", lease_seconds=SHORT_LEASE_SECONDS)
    lost = await claimed(silent, new_job())
    asked = time.monotonic()
    await silent.call_started(lost, call(1), TURNS)
    begun = last_heartbeat = time.monotonic()
    while last_heartbeat < begun + 0.1:
        last_heartbeat = time.monotonic()
        await silent.heartbeat()
    await until(store.reap)
    claim = await claimed(store, new_job())
    assert last_heartbeat - begun - 0.01 < claim.work_seconds < time.monotonic() - asked


async def test_a_call_in_flight_is_no_attempt_yet(store: SqlJobStore) -> None:
    claim = await claimed(store, new_job())
    await store.call_started(claim, call(1), TURNS)
    await store.call_ended(claim, call(1, error="CallUnreachable: reset"))
    await store.call_started(claim, call(2), TURNS)
    job = await store.get(claim.job.job_id)
    assert job is not None
    assert job.attempts == ()


async def test_a_late_reply_of_a_lost_claim_is_not_written(store: SqlJobStore) -> None:
    claim = await claimed(store, new_job())
    await store.call_started(claim, call(1), TURNS)
    await store.release(claim)
    with pytest.raises(ClaimLostError):
        await store.call_ended(claim, call(1, REPLY))
    assert (await claimed(store, new_job())).calls == (call(1),)


async def test_calls_come_back_as_they_were_written(store: SqlJobStore) -> None:
    claim = await claimed(store, new_job())
    failed = call(1, error="CallThrottled: slow down", seconds=0.125)
    replied = call(2, replace(REPLY, refusal="no \ud800"), seconds=1.5)
    for each in (failed, replied):
        await store.call_started(claim, call(each.number), TURNS)
        await store.call_ended(claim, each)
    details = await store.calls(claim.job.job_id)
    assert [detail.call for detail in details] == [failed, replied]
    assert [detail.turns for detail in details] == [TURNS, TURNS]


async def test_a_repeat_says_anew_how_a_job_nobody_stands_for_is_worked_on(store: SqlJobStore) -> None:
    claim = await claimed(store, new_job(origin=Origin.RUN))
    await store.release(claim)
    repeat = new_job(origin=Origin.RUN, model="other", deadline=None, labels={"tenant": "b"}, traceparent="00-2")
    again = await claimed(store, repeat)
    assert again.new == replace(repeat, job_id=claim.job.job_id)
    assert again.job.labels == {"tenant": "b"}


async def test_a_queued_job_keeps_what_its_message_said(store: SqlJobStore) -> None:
    first = await claimed(store, new_job())
    await store.release(first)
    again = await claimed(store, new_job(origin=Origin.RUN, model="other", deadline=None))
    assert again.new == first.new
    assert again.new.deadline == NOON


async def test_an_unknown_stored_job_is_none(store: SqlJobStore) -> None:
    assert await store.claim_stored("nothing") is None


async def test_a_claim_whose_caller_is_cancelled_is_given_back(open_store: OpenStore) -> None:
    store = await open_store("replica-a", write_lanes=1)  # so that one write keeps the other waiting
    blocked, unblock = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def answer_late(job: Job) -> Answer:
        loop.call_soon_threadsafe(blocked.set)
        unblock.wait(DEADLINE_SECONDS)
        return answer(job)

    first = await claimed(store, new_job("r-0"))
    finishing = asyncio.create_task(store.finish(first, SUCCESS, answer_late, [ROUTE]))
    claiming = asyncio.create_task(store.claim(new_job("r-1")))  # in the same group, or in the next
    await blocked.wait()
    claiming.cancel()
    unblock.set()
    await asyncio.gather(finishing, claiming, return_exceptions=True)

    async def claim_again() -> Claim | None:
        result = await store.claim(new_job("r-1"))
        return result if isinstance(result, Claim) else None

    again = await until(claim_again)
    assert claiming.cancelled()
    assert again is not None
    assert again.claims == 1


async def test_the_version_that_works_on_a_job_is_recorded(store: SqlJobStore) -> None:
    claim = await claimed(store, new_job())
    await store.set_version(claim, "1.2.0", "abc")
    job, _ = await store.finish(claim, SUCCESS, None)
    assert (job.task_version, job.task_hash) == ("1.2.0", "abc")
    assert await store.find("crm", "r-1") == job

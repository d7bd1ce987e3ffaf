"""When a message is taken for gone."""

from collections.abc import Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

import pytest

from adapter.domain.job import Job, Origin, Outcome, Route, State
from adapter.domain.payload import Payload
from adapter.errors import StoreUnavailable
from adapter.ports import Claim, JobStore, NewJob, Observer, RunningNow
from adapter.ports.unclaimed import UnclaimedJob
from adapter.service.lost_messages import LostMessages, LostSettings
from adapter.service.work import Worker
from tests.kit.virtual_time import VirtualClock

LOST_AFTER, LOOK = 100.0, 10.0
REPLIES = Route("", "crm.replies", "r-1")
JOB = Job("j-1", "r-1", "crm", "classify-ticket", "1.0.0", "", State.RUNNING, 1, datetime(2026, 1, 1, tzinfo=UTC))


class Memory:
    """Store, unclaimed jobs and queues in one: one job, whose message may be there."""

    def __init__(self) -> None:
        self.token = 1
        self.is_empty = True
        self.is_claimed = False
        self.is_away = False
        self.payload: Payload | None = None
        self.finished: list[tuple[Outcome, Sequence[Route]]] = []
        self.released = 0

    async def unclaimed(self, begun_seconds_ago: float) -> Sequence[UnclaimedJob]:
        assert begun_seconds_ago == LOST_AFTER
        if self.is_away:
            raise StoreUnavailable
        return [] if self.is_claimed or self.finished else [UnclaimedJob("j-1", "classify-ticket", self.token)]

    async def routes_of(self, job_id: str) -> Sequence[Route]:
        assert job_id == "j-1"
        return [REPLIES]

    async def are_empty(self, task: str) -> bool:
        assert task == "classify-ticket"
        return self.is_empty

    async def claim_stored(self, job_id: str, *, alone: bool) -> Claim | RunningNow:
        assert alone, "it is not worked on"
        new = NewJob(job_id, "crm", "r-1", "", Origin.QUEUED, "classify-ticket", "classify-ticket")
        self.token += 1
        return Claim(JOB, self.token, 3, new, payload=self.payload)

    async def release(self, _claim: Claim) -> None:
        self.released += 1

    async def finish(
        self, _claim: Claim, outcome: Outcome, _answer: object, routes: Sequence[Route], *, attempts: object
    ) -> tuple[Job, tuple[()]]:
        assert attempts == []
        self.finished.append((outcome, routes))
        return JOB, ()


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def lost(memory: Memory, clock: VirtualClock) -> LostMessages:
    worker = SimpleNamespace(answer_for=None, outbox=SimpleNamespace(offer=lambda _publications: None))
    observer = SimpleNamespace(job_finished=lambda _job, _origin: None)
    return LostMessages(
        store=cast("JobStore", memory),
        unclaimed=memory,
        queues=memory,
        worker=cast("Worker", worker),
        clock=clock,
        observer=cast("Observer", observer),
        settings=LostSettings(LOST_AFTER, LOOK),
    )


async def looks(lost: LostMessages, clock: VirtualClock, seconds: float) -> None:
    """Look as run() does, for so long."""
    for _ in range(int(seconds / LOOK)):
        await lost.look()
        await clock.sleep(LOOK)


async def test_a_job_that_nobody_claimed_for_long_while_its_queues_were_empty_is_ended_and_answered(
    lost: LostMessages, memory: Memory, clock: VirtualClock
) -> None:
    await looks(lost, clock, LOST_AFTER)
    assert memory.finished == []

    await lost.look()

    ((outcome, routes),) = memory.finished
    assert outcome.error is not None
    assert (outcome.state, outcome.error.reason, routes) == (State.FAILED, "INTERRUPTED", [REPLIES])


@pytest.mark.parametrize("change", ["a message waits", "it was claimed", "the store was away"])
async def test_whatever_may_be_its_message_begins_the_wait_anew(
    change: str, lost: LostMessages, memory: Memory, clock: VirtualClock
) -> None:
    await looks(lost, clock, LOST_AFTER - LOOK)
    if change == "a message waits":
        memory.is_empty = False
        await looks(lost, clock, LOOK)
        memory.is_empty = True
    elif change == "it was claimed":
        memory.token += 1
    else:
        memory.is_away = True
        with pytest.raises(StoreUnavailable):
            await lost.look()
        lost.forget()
        memory.is_away = False

    await looks(lost, clock, LOST_AFTER)
    assert memory.finished == []
    await lost.look()
    assert len(memory.finished) == 1


async def test_a_job_that_became_a_ticket_at_the_last_moment_is_given_back(
    lost: LostMessages, memory: Memory, clock: VirtualClock
) -> None:
    memory.payload = Payload(b"{}")

    await looks(lost, clock, LOST_AFTER + LOOK)

    assert (memory.finished, memory.released) == ([], 1)

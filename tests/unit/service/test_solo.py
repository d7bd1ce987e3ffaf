"""A suspect has the process for itself."""

import asyncio

import pytest

from adapter.errors import ModelUnavailable
from adapter.service.live_runs import Intent, LiveRuns
from adapter.service.solo import PATIENCE_SECONDS
from tests.unit.service.runs import live_run


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


class Suspect:
    """One who wants the process, and keeps it until told."""

    def __init__(self, runs: LiveRuns) -> None:
        self.has_it = False
        self.over = asyncio.Event()
        self.task = asyncio.create_task(self._take(runs))

    async def _take(self, runs: LiveRuns) -> None:
        async with runs.solo.turn():
            self.has_it = True
            await self.over.wait()
        self.has_it = False


async def test_a_suspect_waits_until_nobody_else_is_at_work_and_nobody_begins_meanwhile() -> None:
    runs = LiveRuns(limit=10)
    other = live_run(job_id="other")
    runs.add(other)
    suspect = Suspect(runs)
    await settle()
    assert (suspect.has_it, runs.is_full) == (False, True)

    runs.remove(other)
    await settle()
    assert (suspect.has_it, runs.solo.is_taken, runs.is_full) == (True, True, True)

    suspect.over.set()
    await suspect.task
    assert (runs.solo.is_taken, runs.free) == (False, 10)


async def test_a_claim_that_is_being_made_is_waited_for() -> None:
    runs = LiveRuns(limit=10)
    with runs.place():
        suspect = Suspect(runs)
        await settle()
        assert not suspect.has_it
    await settle()
    assert suspect.has_it
    suspect.over.set()
    await suspect.task


async def test_suspects_go_one_by_one() -> None:
    runs = LiveRuns(limit=10)
    suspects = [Suspect(runs) for _ in range(3)]
    for _ in suspects:
        await settle()
        (one,) = [suspect for suspect in suspects if suspect.has_it]
        one.over.set()
        await one.task
    assert runs.free == 10


async def test_what_only_waits_gives_its_job_back_also_when_it_begins_to_wait_later() -> None:
    runs = LiveRuns(limit=10)
    waiting, working = live_run(job_id="waiting"), live_run(job_id="working")
    runs.add(waiting)
    runs.add(working)
    waiting.waits_for(ModelUnavailable())
    suspect = Suspect(runs)
    await settle()
    assert (waiting.intent, working.intent) == (Intent.YIELD, None)

    working.waits_for(ModelUnavailable())
    await settle()
    assert working.intent is Intent.YIELD
    suspect.task.cancel()
    await asyncio.wait({suspect.task})
    assert runs.free == 8


async def test_a_suspect_that_nobody_waits_for_any_more_keeps_the_process_until_it_ends() -> None:
    runs = LiveRuns(limit=10)
    suspect = Suspect(runs)
    await settle()
    run = live_run(job_id="suspect")
    runs.add(run)
    suspect.over.set()
    await suspect.task

    assert runs.is_full
    runs.remove(run)
    assert runs.free == 10


async def test_a_suspect_gives_up_when_others_are_at_work_for_too_long() -> None:
    runs = LiveRuns(limit=10)
    runs.add(live_run())

    with pytest.raises(TimeoutError):
        async with runs.solo.turn(5.0):
            raise AssertionError("others are at work")

    assert runs.free == 9


async def test_a_process_that_drains_has_no_time_for_suspects() -> None:
    runs = LiveRuns(limit=10)
    runs.add(live_run())
    suspect = Suspect(runs)
    await settle()
    draining = asyncio.create_task(runs.drain(1))
    await settle()

    assert not runs.solo.is_taken
    suspect.over.set()
    await suspect.task
    await draining


async def test_a_suspect_that_waits_for_long_gives_the_process_back() -> None:
    runs = LiveRuns(limit=10)
    suspect = Suspect(runs)
    await settle()
    run = live_run(job_id="suspect")
    runs.add(run)
    run.waits_for(ModelUnavailable())
    await asyncio.sleep(PATIENCE_SECONDS / 2)
    assert run.intent is None, "it has a moment"

    await asyncio.sleep(PATIENCE_SECONDS * 2)

    assert run.intent is Intent.YIELD
    suspect.over.set()
    await suspect.task


async def test_others_have_the_process_for_as_long_as_they_were_kept_out() -> None:
    runs = LiveRuns(limit=10)
    other = live_run(job_id="other")

    async def begin() -> None:
        await runs.room()
        runs.add(other)

    first, second = Suspect(runs), Suspect(runs)
    await settle()
    beginning = asyncio.create_task(begin())
    await asyncio.sleep(0.2)
    assert (first.has_it, beginning.done()) == (True, False)
    first.over.set()
    await settle()
    assert (second.has_it, beginning.done(), runs.free) == (False, True, 9)

    await asyncio.sleep(0.4)
    assert runs.is_full, "it is the next suspect's turn"
    runs.remove(other)
    await settle()
    assert second.has_it
    second.over.set()
    await second.task


async def test_who_comes_while_a_suspect_has_the_process_waits_also_when_others_had_time_left() -> None:
    runs = LiveRuns(limit=10)
    quick, suspect = live_run(job_id="quick"), live_run(job_id="suspect")

    async def begin() -> None:
        await runs.room()
        runs.add(quick)

    first, second = Suspect(runs), Suspect(runs)
    await settle()
    beginning = asyncio.create_task(begin())
    await asyncio.sleep(0.2)
    first.over.set()
    await beginning
    runs.remove(quick)
    await settle()
    assert second.has_it, "nobody else is there"

    runs.add(suspect)
    late = asyncio.create_task(runs.room())
    await settle()

    assert (late.done(), runs.free) == (False, 0)
    runs.remove(suspect)
    second.over.set()
    await second.task
    await late


async def test_a_drain_lets_everybody_in_line_go_on() -> None:
    runs = LiveRuns(limit=10)
    suspects = [Suspect(runs) for _ in range(3)]
    await settle()
    draining = asyncio.create_task(runs.drain(1))
    await settle()

    assert all(one.has_it for one in suspects)
    for one in suspects:
        one.over.set()
        await one.task
    await draining

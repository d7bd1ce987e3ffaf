"""The runs of this process: who waits, who watches, how they are stopped."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from adapter.domain.job import Origin
from adapter.domain.progress import Progress, ProgressKind
from adapter.errors import ModelUnavailable
from adapter.ports import StoredCall
from adapter.service.live_runs import WATCHER_BACKLOG, Intent, LiveRun, LiveRuns, Replacement, RunStopped
from tests.kit.virtual_time import VirtualClock, settle
from tests.unit.service.runs import ROUTE, live_run, ticket


async def work(run: LiveRun) -> None:
    """Stand for the worker's task: works for ever, and says how it was stopped."""
    run.has_begun = True
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        run.done.add_done_callback(lambda done: done.exception())
        run.done.set_exception(RunStopped(run.intent))


@pytest.fixture
async def run() -> AsyncIterator[LiveRun]:
    run = await started(live_run())
    yield run
    if run.task is not None:
        run.task.cancel()


async def started(run: LiveRun) -> LiveRun:
    run.task = asyncio.create_task(work(run))
    await settle()
    return run


def call(error: str = "") -> StoredCall:
    return StoredCall(1, "default", VirtualClock.noon, error=error)


async def test_the_last_one_to_leave_stops_a_run_that_only_waits(run: LiveRun) -> None:
    run.join().join()

    run.leave()
    assert run.intent is None
    run.leave()

    assert run.intent is Intent.UNWANTED


async def test_a_call_in_flight_is_finished_for_nobody(run: LiveRun) -> None:
    run.join()
    run.open_call = call()

    run.leave()

    assert run.is_calling
    assert run.intent is None


async def test_a_reply_that_is_being_stored_is_no_call_in_flight_but_keeps_the_run(run: LiveRun) -> None:
    run.join()
    run.open_call = call(error="CallUnreachable: reset")

    run.leave()

    assert not run.is_calling
    assert run.intent is None


@pytest.mark.parametrize("origin", [Origin.QUEUED, Origin.SUBMITTED])
async def test_a_queued_or_submitted_job_goes_on_alone(origin: Origin) -> None:
    run = await started(live_run(origin))

    run.join().leave()

    assert run.is_wanted
    assert run.intent is None
    run.stop(Intent.SHUTDOWN)


async def test_only_the_first_reason_to_stop_counts(run: LiveRun) -> None:
    run.stop(Intent.CANCEL)
    run.stop(Intent.SHUTDOWN)

    with pytest.raises(RunStopped) as stopped:
        await run.done
    assert stopped.value.intent is Intent.CANCEL


async def test_a_run_that_writes_its_outcome_is_not_stopped(run: LiveRun) -> None:
    run.is_settling = True

    run.stop(Intent.CANCEL)

    assert run.intent is None


async def test_a_run_that_has_not_begun_is_not_cancelled_before_it_can_say_so() -> None:
    run = live_run()
    run.task = asyncio.create_task(work(run))

    run.stop(Intent.CANCEL)
    await settle()

    assert not run.task.done()
    assert run.intent is Intent.CANCEL
    run.task.cancel()


async def test_a_run_gives_way_to_a_ticket(run: LiveRun) -> None:
    run.give_way(Replacement(ticket(), (ROUTE,)))

    assert run.intent is Intent.TICKET
    assert run.replacement is not None


async def test_a_change_of_cause_between_asking_and_waiting_is_not_missed(run: LiveRun) -> None:
    change = run.cause_change()

    run.waits_for(ModelUnavailable())

    async with asyncio.timeout(1):
        await change


async def test_the_waiting_time_goes_on_while_one_cause_follows_another(run: LiveRun) -> None:
    run.waits_for(ModelUnavailable())
    await asyncio.sleep(5)
    run.waits_for(ModelUnavailable())

    assert run.waiting_since == 0.0

    run.waits_for(None)
    run.waits_for(ModelUnavailable())
    assert run.waiting_since == 5.0


async def test_a_watcher_sees_each_step_until_the_run_is_over(run: LiveRun) -> None:
    seen: list[Progress] = []

    async def watch() -> None:
        seen.extend([event async for event in run.progress()])

    watching = asyncio.create_task(watch())
    await settle()
    run.tell(ProgressKind.CALL_STARTED, model="default")
    run.waits_for(ModelUnavailable())
    await settle()
    run.stop(Intent.SHUTDOWN)
    await watching

    assert [(event.kind, event.model, event.detail) for event in seen] == [
        (ProgressKind.CALL_STARTED, "default", ""),
        (ProgressKind.WAITING, "", "MODEL_UNAVAILABLE"),
    ]


async def test_a_slow_watcher_loses_the_oldest_steps_and_holds_nobody_up(run: LiveRun) -> None:
    events = run.progress()
    first = asyncio.ensure_future(anext(events))
    await settle()
    for number in range(WATCHER_BACKLOG + 10):
        run.tell(ProgressKind.REPAIR, detail=str(number))

    assert (await first).detail == "10"
    await events.aclose()


async def test_a_watcher_that_leaves_leaves_nothing_behind(run: LiveRun) -> None:
    before = asyncio.all_tasks()
    events = run.progress()
    waiting = asyncio.ensure_future(anext(events))
    await settle()

    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await events.aclose()
    await settle()
    run.tell(ProgressKind.REPAIR)

    assert asyncio.all_tasks() == before


async def test_room_is_made_by_a_run_that_ends_and_by_a_claim_that_came_to_nothing() -> None:
    runs = LiveRuns(limit=2)
    run = live_run()
    runs.add(run)
    with runs.place():
        assert runs.is_full
        waiting = asyncio.create_task(runs.room())
        await settle()
        assert not waiting.done()
    await waiting

    runs.add(live_run(job_id="job-2"))
    waiting = asyncio.create_task(runs.room())
    await settle()
    assert not waiting.done()
    runs.remove(run)
    await waiting


async def test_a_run_that_was_taken_over_does_not_remove_its_successor() -> None:
    runs = LiveRuns(limit=2)
    lost, successor = live_run(), live_run()
    runs.add(lost)
    runs.add(successor)

    runs.remove(lost)

    assert runs.get("job-1") is successor


async def test_a_drain_waits_for_what_works_gives_back_what_waits_and_takes_nothing_new() -> None:
    runs = LiveRuns(limit=10)
    working = await started(live_run(Origin.QUEUED, "working"))
    held = await started(live_run(Origin.QUEUED, "held"))
    held.waits_for(ModelUnavailable())
    for run in (working, held):
        runs.add(run)

    draining = asyncio.create_task(runs.drain(90))
    await settle()
    late = live_run(Origin.QUEUED, "late")
    runs.add(late)

    assert runs.is_full
    assert (working.intent, held.intent, late.intent) == (None, Intent.SHUTDOWN, Intent.SHUTDOWN)
    await draining
    assert asyncio.get_running_loop().time() == 90
    assert working.intent is Intent.SHUTDOWN


async def test_after_a_crash_the_jobs_at_once_double_with_each_round_that_did_no_harm() -> None:
    runs = LiveRuns(limit=100)
    runs.start_slowly()
    at_once = []
    for _ in range(5):
        batch = [live_run(job_id=f"job-{number}") for number in range(runs.free)]
        at_once.append(len(batch))
        for run in batch:
            runs.add(run)
        assert runs.is_full
        assert not runs.is_overloaded
        for run in batch:
            runs.remove(run)

    assert at_once == [1, 2, 4, 8, 16]


async def test_after_a_crash_what_only_waits_for_a_model_holds_nothing_up() -> None:
    runs = LiveRuns(limit=100)
    runs.start_slowly()
    held = live_run()
    runs.add(held)
    waiting = asyncio.create_task(runs.room())
    await settle()
    assert not waiting.done()

    held.waits_for(ModelUnavailable())

    await waiting
    assert runs.free == 2


async def test_the_slow_start_ends() -> None:
    runs = LiveRuns(limit=3)
    runs.start_slowly()
    for _ in range(5):
        run = live_run()
        runs.add(run)
        runs.remove(run)

    assert runs.free == 3


async def test_a_drain_lets_nobody_wait_for_room() -> None:
    runs = LiveRuns(limit=1)
    runs.add(live_run())
    waiting = asyncio.create_task(runs.room())
    await settle()

    draining = asyncio.create_task(runs.drain(1))

    await waiting
    await draining

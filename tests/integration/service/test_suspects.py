"""Jobs that were twice there when their worker died: each of them may be why, and runs alone once more."""

import pytest

from adapter.domain.job import State
from adapter.errors import ModelUnavailable
from adapter.service.api import Disposition
from tests.integration.service.asking import a_message, a_request, request_by_queue
from tests.integration.service.bench import until
from tests.integration.service.conftest import OpenService
from tests.integration.service.test_crashes import crash_during_a_call


async def crash_twice_during_a_call(open_service: OpenService, *request_ids: str) -> None:
    """Leave jobs that were each there twice when their worker died."""
    for number in range(2):
        service = await open_service(name=f"replica-{number}")
        service.model.hold()
        for request_id in request_ids:
            service.deliver(a_message(request_id), request_by_queue(request_id))
        await service.until_calling(len(request_ids))
        await service.crash()


async def test_suspects_run_one_by_one_with_nobody_beside_them(open_service: OpenService) -> None:
    await crash_twice_during_a_call(open_service, "r-1", "r-2")

    last = await open_service(name="replica-last")
    last.model.hold()
    suspects = [last.deliver(a_message(one, redelivered=True), request_by_queue(one)) for one in ("r-1", "r-2")]
    await last.until_calling(1)
    other = last.deliver(a_message("r-3"), request_by_queue("r-3"))
    await until(lambda: "OVERLOADED" in last.observer.held_ever)
    assert (len(last.runs), len(last.store.claimed)) == (1, 1)
    last.model.let_go()

    assert [await one for one in (*suspects, other)] == [Disposition.ACK] * 3
    assert [job.state for job in last.observer.finished] == [State.SUCCEEDED] * 3
    assert last.observer.finished[1].request_id == "r-3", "others have a turn between two suspects"


async def test_a_suspect_whose_model_is_down_leaves_the_process_to_the_others(open_service: OpenService) -> None:
    await crash_twice_during_a_call(open_service, "r-1")
    last = await open_service(name="replica-last")
    last.model.down()
    suspect = last.deliver(a_message(redelivered=True), request_by_queue())
    await until(lambda: last.runs.solo.is_taken)

    with pytest.raises(ModelUnavailable):  # told so, and not kept waiting behind the suspect
        await last.jobs.run(a_request("r-2"), timeout_seconds=30)
    last.model.down(is_down=False)

    assert await suspect is Disposition.ACK
    assert (await last.job()).state is State.SUCCEEDED


async def test_a_suspect_that_a_caller_asks_for_runs_alone_too(open_service: OpenService) -> None:
    for number in range(2):
        await crash_during_a_call(await open_service(name=f"replica-{number}"))

    last = await open_service(name="replica-last")
    last.model.hold()
    other = last.beside(last.jobs.run(a_request("r-2"), timeout_seconds=60))
    await last.until_calling()
    suspect = last.beside(last.jobs.run(a_request(), timeout_seconds=60))
    await until(lambda: last.runs.solo.is_wanted)
    assert len(last.runs) == 1
    last.model.let_go()

    assert {job.state for job in (await other, await suspect)} == {State.SUCCEEDED}
    assert [attempt.finish_reason for attempt in (await suspect).attempts] == ["lost", "lost", "stop"]


async def test_submitted_suspects_run_alone_without_a_broker(open_service: OpenService) -> None:
    for number in range(2):
        service = await open_service(has_broker=False, name=f"replica-{number}")
        service.model.hold()
        service.run_stored()
        if not number:
            await service.jobs.submit(a_request())
        await service.until_calling()
        await service.crash()

    last = await open_service(has_broker=False, name="replica-last")
    last.run_stored()
    await until(lambda: last.observer.finished)

    (job,) = last.observer.finished
    assert (job.state, len(job.attempts)) == (State.SUCCEEDED, 3)

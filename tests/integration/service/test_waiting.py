"""Callers that wait for their job: how long, for what, and what becomes of it when they leave."""

import asyncio

import pytest

from adapter.domain.job import Job, State
from adapter.errors import CallerDeadlineExceeded, ModelUnavailable, Overloaded
from tests.integration.service.asking import a_request
from tests.integration.service.bench import Service, until
from tests.integration.service.conftest import OpenService


async def test_a_deadline_ends_only_the_wait_and_a_repeat_gets_the_outcome_of_the_call_in_flight(
    service: Service,
) -> None:
    service.model.hold()
    with pytest.raises(CallerDeadlineExceeded) as failure:
        await service.jobs.run(a_request(), timeout_seconds=3)
    assert service.model.in_flight == 1

    service.model.let_go()
    await until(lambda: not len(service.runs))
    job = await service.jobs.run(a_request(), timeout_seconds=60)

    assert failure.value.metadata == {"job_id": job.job_id}
    assert service.model.calls() == 1


async def test_no_new_attempt_starts_for_nobody(service: Service) -> None:
    service.model.hold()
    request = a_request(labels={"simulate": "invalid-once"})
    await service.leave(request, when=lambda: service.model.in_flight)
    service.model.let_go()
    await until(lambda: not len(service.runs))

    assert (await service.job()).state is State.PENDING
    assert service.model.calls() == 1

    job = await service.jobs.run(request, timeout_seconds=60)
    assert [attempt.reason for attempt in job.attempts] == ["OUTPUT_INVALID", ""]
    assert service.model.calls() == 2


async def test_a_call_without_a_reply_is_not_made_again_for_nobody(service: Service) -> None:
    service.model.hold()
    request = a_request(labels={"simulate": "500"})
    await service.leave(request, when=lambda: service.model.in_flight)

    service.model.let_go()
    await until(lambda: not len(service.runs))

    assert service.model.calls() == 1
    assert (await service.job()).attempts == ()


async def test_the_deadline_of_one_caller_is_not_that_of_another(service: Service) -> None:
    service.model.hold()
    patient = service.beside(service.jobs.run(a_request(), timeout_seconds=60))
    with pytest.raises(CallerDeadlineExceeded):
        await service.jobs.run(a_request(), timeout_seconds=0.1)

    service.model.let_go()

    assert (await patient).state is State.SUCCEEDED


async def test_a_caller_that_leaves_while_its_claim_is_being_stored_starts_nothing(service: Service) -> None:
    service.store.hold_after("claim")
    await service.leave(a_request(), when=lambda: service.store.waiting["claim"])
    service.store.let_go("claim")

    await until(lambda: service.store.counts["release"] == 1 and not len(service.runs))

    assert service.model.calls() == 0
    assert (await service.job()).state is State.PENDING


async def test_a_caller_that_leaves_while_a_call_is_written_down_pays_for_nothing(service: Service) -> None:
    service.store.hold_after("call_started")
    await service.leave(a_request(), when=lambda: service.store.waiting["call_started"])
    service.store.let_go("call_started")
    await until(lambda: not len(service.runs))

    job = await service.jobs.run(a_request(), timeout_seconds=60)

    assert service.model.calls() == 1
    assert [attempt.finish_reason for attempt in job.attempts] == ["stop"], "the call that was never sent is not lost"
    assert job.usage.model_calls == 1


async def test_a_reply_is_recorded_also_when_the_caller_leaves_while_it_is_stored(service: Service) -> None:
    service.store.hold("call_ended")
    await service.leave(a_request(), when=lambda: service.store.waiting["call_ended"])
    service.store.let_go("call_ended")

    await until(lambda: not len(service.runs))

    assert (await service.job()).state is State.SUCCEEDED


async def test_behind_an_open_breaker_the_answer_comes_at_once(open_service: OpenService) -> None:
    service = await open_service(model_wait_seconds=60)
    service.model.down()
    held = service.beside(service.jobs.run(a_request("r-0"), timeout_seconds=60))
    other = service.beside(service.jobs.run(a_request("r-9"), timeout_seconds=60))
    for task in (held, other):
        with pytest.raises(ModelUnavailable):
            await task

    before = service.model.simulated.log.total
    with pytest.raises(ModelUnavailable) as failure:
        await asyncio.wait_for(service.jobs.run(a_request(), timeout_seconds=60), timeout=30)

    assert failure.value.metadata["model"] == "default"
    assert failure.value.metadata["job_id"] == (await service.job()).job_id
    assert service.model.simulated.log.total - before <= 1, "it may have been the probe"


async def test_the_next_caller_after_an_outage_is_the_probe(service: Service) -> None:
    service.model.down()
    for number in range(2):
        with pytest.raises(ModelUnavailable):
            await service.jobs.run(a_request(f"r-{number}"), timeout_seconds=60)
    service.model.down(is_down=False)

    async def ask() -> Job:
        while True:
            try:
                return await service.jobs.run(a_request(), timeout_seconds=60)
            except ModelUnavailable:
                await asyncio.sleep(0.01)

    async with asyncio.timeout(60):
        assert (await ask()).state is State.SUCCEEDED


async def test_without_a_breaker_a_caller_waits_its_time_for_the_model(service: Service) -> None:
    service.model.down()

    begun = asyncio.get_running_loop().time()
    with pytest.raises(ModelUnavailable):
        await service.jobs.run(a_request(), timeout_seconds=60)

    assert asyncio.get_running_loop().time() - begun >= 0.2
    await until(lambda: not len(service.runs))
    assert (await service.job()).state is State.PENDING


async def test_a_caller_does_not_give_up_while_a_call_is_in_flight(service: Service) -> None:
    request = a_request(labels={"simulate": "500-once"})
    running = service.beside(service.jobs.run(request, timeout_seconds=60))
    await until(lambda: service.model.calls() == 1)
    service.model.hold()
    await service.until_calling()

    await asyncio.sleep(0.3)
    assert not running.done()
    service.model.let_go()

    assert (await running).state is State.SUCCEEDED


async def test_more_than_fits_is_overloaded(open_service: OpenService) -> None:
    service = await open_service(in_flight=3)
    service.model.hold()
    asked = [service.beside(service.jobs.run(a_request(f"r-{n}"), timeout_seconds=60)) for n in range(10)]
    await service.until_calling(3)
    await until(lambda: sum(task.done() for task in asked) == 7)
    service.model.let_go()

    outcomes = await asyncio.gather(*asked, return_exceptions=True)

    assert sum(isinstance(one, Overloaded) for one in outcomes) == 7
    assert sum(isinstance(one, Job) for one in outcomes) == 3


async def test_a_service_that_stops_gives_its_callers_back_to_themselves(service: Service) -> None:
    service.model.hold()
    running = service.beside(service.jobs.run(a_request(), timeout_seconds=60))
    await service.until_calling()

    await service.runs.drain(0)

    with pytest.raises(Overloaded):
        await running
    with pytest.raises(Overloaded):
        await service.jobs.run(a_request("r-2"), timeout_seconds=60)
    job = await service.job()
    assert job.state is State.PENDING
    assert job.attempts == ()

"""Get and watch of the gRPC face: who sees which job, and which of its steps."""

import pytest

from adapter.domain.job import Job, State
from adapter.domain.progress import Progress, ProgressKind
from adapter.errors import InvalidRequest, JobNotFound, Overloaded
from adapter.service.api import Caller
from tests.integration.service.asking import OPERATOR, a_request
from tests.integration.service.bench import Service, until


async def test_other_clients_see_nothing(service: Service) -> None:
    job = await service.jobs.run(a_request(), timeout_seconds=60)
    stranger = Caller("billing", is_operator=False)

    with pytest.raises(JobNotFound):
        await service.jobs.get(stranger, job_id=job.job_id)
    with pytest.raises(JobNotFound):
        await service.jobs.get(stranger, request_id="r-1")
    with pytest.raises(InvalidRequest):
        await service.jobs.get(OPERATOR)


async def test_a_watcher_sees_the_steps_and_the_final_job(service: Service) -> None:
    service.model.hold()
    service.beside(service.jobs.run(a_request(labels={"simulate": "invalid-once"}), timeout_seconds=60))
    await service.until_calling()
    seen: list[Job | Progress] = []

    async def watch() -> None:
        async for one in service.jobs.watch(OPERATOR, request_id="r-1"):
            seen.append(one)  # noqa: PERF401 - looked at before the end

    watching = service.beside(watch())
    await until(lambda: seen)
    service.model.let_go()
    await watching

    states = [one.state for one in seen if isinstance(one, Job)]
    steps = [(one.kind, one.detail) for one in seen if isinstance(one, Progress)]
    assert states == [State.RUNNING, State.SUCCEEDED]
    assert steps == [(ProgressKind.REPAIR, "OUTPUT_INVALID")]


async def test_a_watcher_of_a_waiting_job_sees_it_begin_and_end(service: Service) -> None:
    job = await service.jobs.submit(a_request(labels={"simulate": "refusal"}))
    states: list[State] = []

    async def watch() -> None:
        watched = service.jobs.watch(OPERATOR, job_id=job.job_id)
        states.extend([one.state async for one in watched if isinstance(one, Job)])

    watching = service.beside(watch())
    await until(lambda: service.store.counts["get"] >= 2)
    await service.submissions.find(job.job_id)
    await watching

    assert states[0] is State.PENDING
    assert states[-1] is State.FAILED


async def test_a_job_that_began_since_the_watcher_looked_is_seen_running(service: Service) -> None:
    service.model.hold()
    job = await service.jobs.submit(a_request())
    watched = service.jobs.watch(OPERATOR, job_id=job.job_id)
    seen = [await anext(watched)]
    finding = service.beside(service.submissions.find(job.job_id))
    await service.until_calling()

    seen.append(await anext(watched))
    service.model.let_go()
    await finding
    seen.extend([one async for one in watched])

    states = [one.state for one in seen if isinstance(one, Job)]
    assert states == [State.PENDING, State.RUNNING, State.SUCCEEDED]


async def test_at_a_drain_a_watcher_of_a_job_that_is_given_back_is_sent_elsewhere(service: Service) -> None:
    service.model.down()
    job = await service.jobs.submit(a_request())
    await service.submissions.find(job.job_id)
    await service.until_waiting()
    seen: list[Job | Progress] = []

    async def watch() -> None:
        async for one in service.jobs.watch(OPERATOR, job_id=job.job_id):
            seen.append(one)  # noqa: PERF401 - it ends by an error

    watching = service.beside(watch())
    await until(lambda: seen)
    await service.runs.drain(30)

    with pytest.raises(Overloaded, match="stopping"):
        await watching

"""Cancel of the gRPC face: before the run, during it, and when the outcome is there already."""

import pytest

from adapter.domain.job import Job, State
from adapter.errors import CallerDeadlineExceeded, Cancelled, JobNotFound, ModelUnavailable
from tests.integration.service.asking import OPERATOR, REPLIES, a_request
from tests.integration.service.bench import Service, until


async def test_cancelling_stops_the_call_and_tells_all_who_wait(service: Service) -> None:
    service.model.hold()
    waiting = service.beside(service.jobs.run(a_request(), timeout_seconds=60))
    await service.until_calling()

    job = await service.jobs.cancel(OPERATOR, request_id="r-1")

    assert (job.state, job.usage.model_calls, job.attempts) == (State.CANCELLED, 1, ())
    assert service.model.in_flight == 0
    with pytest.raises(Cancelled):
        await waiting
    with pytest.raises(Cancelled):
        await service.jobs.run(a_request(), timeout_seconds=60)


async def test_a_waiting_job_is_cancelled_and_its_ticket_does_nothing(service: Service) -> None:
    job = await service.jobs.submit(a_request(reply_to=REPLIES))

    cancelled = await service.jobs.cancel(OPERATOR, job_id=job.job_id)
    found = await service.submissions.find(job.job_id)

    assert cancelled.state is State.CANCELLED
    assert isinstance(found, Job)
    assert [key for key, _ in service.outbox.addresses()] == ["classify-ticket", "crm.replies"]


async def test_a_stored_outcome_wins_over_a_cancellation(service: Service) -> None:
    await service.jobs.run(a_request(), timeout_seconds=60)

    job = await service.jobs.cancel(OPERATOR, request_id="r-1")

    assert job.state is State.SUCCEEDED


async def test_a_cancellation_that_meets_the_outcome_being_written_returns_it(service: Service) -> None:
    service.store.hold("finish")
    waiting = service.beside(service.jobs.run(a_request(), timeout_seconds=60))
    await until(lambda: service.store.counts["finish"] == 1)
    cancelling = service.beside(service.jobs.cancel(OPERATOR, request_id="r-1"))
    await until(lambda: service.store.counts["cancel"] == 1)
    service.store.let_go("finish")

    assert (await cancelling).state is State.SUCCEEDED
    assert (await waiting).state is State.SUCCEEDED


async def test_a_cancellation_that_meets_a_run_being_given_back_still_cancels(service: Service) -> None:
    service.model.down()
    service.store.hold("release")
    with pytest.raises((ModelUnavailable, CallerDeadlineExceeded)):
        await service.jobs.run(a_request(), timeout_seconds=5)
    await until(lambda: service.store.counts["release"] == 1)
    cancelling = service.beside(service.jobs.cancel(OPERATOR, request_id="r-1"))
    await until(lambda: service.store.counts["cancel"] == 1)
    service.store.let_go("release")

    assert (await cancelling).state is State.CANCELLED


async def test_a_request_is_cancelled_before_it_arrives(service: Service) -> None:
    await service.jobs.cancel(OPERATOR, request_id="r-1", allow_missing=True)

    with pytest.raises(Cancelled):
        await service.jobs.run(a_request(), timeout_seconds=60)
    with pytest.raises(JobNotFound):
        await service.jobs.cancel(OPERATOR, request_id="r-2")
    assert service.model.calls() == 0


async def test_a_reply_that_came_before_the_cancellation_is_counted(service: Service) -> None:
    service.store.hold("call_ended")
    waiting = service.beside(service.jobs.run(a_request(), timeout_seconds=60))
    await until(lambda: service.store.counts["call_ended"] == 1)
    cancelling = service.beside(service.jobs.cancel(OPERATOR, request_id="r-1"))
    await until(lambda: service.run_of().intent is not None)
    service.store.let_go("call_ended")

    job = await cancelling

    assert job.state is State.CANCELLED
    assert job.usage.output_tokens > 0
    assert len(job.attempts) == 1
    with pytest.raises(Cancelled):
        await waiting

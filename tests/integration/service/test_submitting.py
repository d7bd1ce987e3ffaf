"""Submit of the gRPC face: what is stored, what is refused, and who works on it."""

import asyncio
from datetime import timedelta

import pytest

from adapter.domain.job import State
from adapter.domain.payload import Payload
from adapter.errors import InputInvalid, InvalidRequest, JobNotFound, RequestIdReused
from tests.integration.service.asking import REPLIES, TICKET, a_request
from tests.integration.service.bench import Service, until
from tests.integration.service.conftest import OpenService


async def test_a_submitted_job_is_stored_with_a_ticket_and_its_routes(service: Service) -> None:
    job = await service.jobs.submit(a_request(reply_to=REPLIES))

    (ticket,) = service.outbox.tickets()
    assert job.state is State.PENDING
    assert ticket.job_id == job.job_id
    assert (ticket.message.exchange, ticket.message.routing_key) == ("adapter.requests", "classify-ticket")


async def test_bad_input_of_a_submission_is_refused_and_nothing_stored(service: Service) -> None:
    with pytest.raises(InputInvalid):
        await service.jobs.submit(a_request(payload=Payload(b"{}", "application/json")))
    with pytest.raises(InvalidRequest):
        await service.jobs.submit(a_request(deadline=service.clock.now() - timedelta(seconds=1)))

    with pytest.raises(JobNotFound):
        await service.job()


async def test_without_a_broker_a_reply_address_is_refused(open_service: OpenService) -> None:
    service = await open_service(has_broker=False)

    with pytest.raises(InvalidRequest, match="broker"):
        await service.jobs.submit(a_request(reply_to=REPLIES))


async def test_without_a_broker_submitted_jobs_are_run_in_the_process(open_service: OpenService) -> None:
    service = await open_service(has_broker=False, in_flight=4)
    service.run_stored()
    for number in range(20):
        await service.jobs.submit(a_request(f"r-{number}"))

    await until(lambda: len(service.observer.finished) == 20)

    assert {job.state for job in service.observer.finished} == {State.SUCCEEDED}
    assert service.model.simulated.log.total == 20


async def test_a_repeated_submission_is_the_same_job(service: Service) -> None:
    first = await service.jobs.submit(a_request())
    again = await service.jobs.submit(a_request())

    assert again.job_id == first.job_id
    assert len(service.outbox.tickets()) == 1
    with pytest.raises(RequestIdReused):
        await service.jobs.submit(a_request(payload=Payload(TICKET + b" ", "application/json")))


async def test_a_submission_takes_a_running_job_along_when_its_callers_leave(service: Service) -> None:
    service.model.hold()
    waiting = service.beside(service.jobs.run(a_request(labels={"simulate": "invalid-once"}), timeout_seconds=60))
    await service.until_calling()
    submitted = await service.jobs.submit(a_request(labels={"simulate": "invalid-once"}))
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)

    service.model.let_go()
    await until(lambda: service.observer.finished)

    assert submitted.state is State.RUNNING
    assert service.observer.finished[0].state is State.SUCCEEDED
    assert service.outbox.addresses()[-1] == ("classify-ticket.v1.succeeded.crm", "classify-ticket.v1.succeeded")

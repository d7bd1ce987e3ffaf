"""Messages that the broker gave up: their jobs end, their callers are answered, and they are parked."""

import pytest

from adapter.domain.job import Job, State
from adapter.domain.payload import Payload
from adapter.service.api import Disposition
from tests.integration.service.asking import (
    OTHER_REPLIES,
    REPLIES,
    TASK,
    TICKET,
    a_message,
    a_request,
    as_received,
    request_by_queue,
)
from tests.integration.service.bench import Service, until
from tests.integration.service.conftest import OpenService
from tests.integration.service.delivering import parked_reasons


@pytest.mark.parametrize(("expired", "reason"), [(True, "REQUEST_EXPIRED"), (False, "INTERRUPTED")])
async def test_a_dead_lettered_request_ends_its_job_is_answered_and_parked(
    service: Service,
    expired: bool,  # noqa: FBT001 - a parameter of the test
    reason: str,
) -> None:
    service.store.goes_away("claim", 2)
    service.store.goes_away("finish", 2)

    disposition = await service.deliveries.dead_letter(
        a_message(), request_by_queue(), expired=expired, detail="in adapter.requests"
    )

    job = await service.job()
    assert disposition is Disposition.ACK
    assert job.error is not None
    assert (job.error.reason, job.task_version) == (reason, "1.0.0")
    assert service.outbox.addresses() == [("crm.replies", f"{TASK}.v1.failed")]
    assert await parked_reasons(service) == ["DEAD_LETTERED"]
    assert service.observer.parked_reasons == ["DEAD_LETTERED"]
    assert service.model.calls() == 0


async def test_a_dead_lettered_repeat_is_answered_with_the_outcome_that_is_recorded(service: Service) -> None:
    await service.deliver(a_message())
    repeat = request_by_queue(reply_to=OTHER_REPLIES)

    await service.deliveries.dead_letter(a_message(), repeat, expired=True, detail="")

    assert [key for key, _ in service.outbox.addresses()] == ["crm.replies", "billing.replies"]
    assert service.outbox.offered[1].message.body == service.outbox.offered[0].message.body
    assert await parked_reasons(service) == ["DEAD_LETTERED"]


async def test_a_dead_lettered_request_with_a_used_id_is_told_so(service: Service) -> None:
    await service.deliver(a_message())
    other = request_by_queue(payload=Payload(TICKET + b" ", "application/json"), reply_to=OTHER_REPLIES)

    await service.deliveries.dead_letter(a_message(), other, expired=True, detail="")

    assert service.outbox.addresses()[-1] == ("billing.replies", f"{TASK}.v1.failed")
    assert (await service.job()).state is State.SUCCEEDED


async def test_a_dead_lettered_message_whose_job_runs_waits_for_its_end(service: Service) -> None:
    service.model.hold()
    running = service.deliver(a_message())
    await service.until_calling()
    dead = service.beside(
        service.deliveries.dead_letter(a_message(), request_by_queue(), expired=True, detail="a copy")
    )
    await until(lambda: service.store.counts["claim"] >= 3)
    service.model.let_go()

    assert await running is await dead is Disposition.ACK
    assert (await service.job()).state is State.SUCCEEDED


async def test_a_dead_lettered_ticket_ends_its_job_and_is_answered_where_that_asked(service: Service) -> None:
    await service.jobs.submit(a_request(reply_to=REPLIES))
    (ticket,) = service.outbox.tickets()

    await service.deliveries.dead_letter(as_received(ticket), None, expired=False, detail="")

    error = (await service.job()).error
    assert error is not None
    assert error.reason == "INTERRUPTED"
    assert [key for key, _ in service.outbox.addresses()] == [TASK, "crm.replies"]


async def test_a_dead_lettered_message_that_is_no_request_is_parked(service: Service) -> None:
    assert await service.deliveries.dead_letter(a_message(), None, expired=False, detail="?") is Disposition.ACK

    assert await parked_reasons(service) == ["DEAD_LETTERED"]
    assert service.outbox.offered == []


async def test_what_earlier_runs_paid_for_is_on_the_outcome_of_a_dead_letter(open_service: OpenService) -> None:
    first = await open_service()
    first.store.hold("finish")
    first.deliver(a_message())
    await until(lambda: first.store.counts["finish"] == 1)
    await first.crash()

    second = await open_service(name="replica-b")
    await second.deliveries.dead_letter(a_message(), request_by_queue(), expired=False, detail="")

    job: Job = await second.job()
    assert (job.usage.model_calls, len(job.attempts)) == (1, 1)
    assert job.usage.output_tokens > 0

"""Deliveries that wait for the model, or for room: what becomes a ticket, and how its job ends."""

import asyncio
from datetime import timedelta

import pytest

from adapter.domain.job import State
from adapter.errors import StoreUnavailable
from adapter.service.api import Disposition
from tests.integration.service.asking import (
    OPERATOR,
    REPLIES,
    TASK,
    a_message,
    a_request,
    as_received,
    request_by_queue,
)
from tests.integration.service.bench import Service, until
from tests.integration.service.conftest import OpenService
from tests.integration.service.delivering import held, work_off_tickets


async def test_what_is_held_too_long_is_stored_with_a_ticket_and_acknowledged(open_service: OpenService) -> None:
    service = await open_service(max_hold_seconds=0.1)
    (delivered,) = await held(service, (a_message(), "crm.replies"))

    assert await delivered is Disposition.ACK

    job = await service.job()
    assert (job.state, job.attempts) == (State.PENDING, ())
    assert len(service.runs) == 0
    assert [one.job_id for one in service.outbox.tickets()] == [job.job_id]
    service.model.down(is_down=False)
    await work_off_tickets(service)
    answer = service.outbox.offered[-1].message
    assert (answer.routing_key, answer.properties.correlation_id) == ("crm.replies", "crm.replies")
    assert (await service.job()).state is State.SUCCEEDED


async def test_a_ticket_is_no_crash_and_keeps_what_was_used(open_service: OpenService) -> None:
    service = await open_service(max_hold_seconds=0.1)
    delivery = service.deliver(a_message(), request_by_queue(labels={"simulate": "invalid-once"}))
    await until(lambda: service.store.counts["call_ended"] == 1)
    service.model.down()
    assert await delivery is Disposition.ACK
    for _ in range(4):
        assert await service.deliver(as_received(service.outbox.tickets()[-1])) is Disposition.ACK

    service.model.down(is_down=False)
    await service.deliver(as_received(service.outbox.tickets()[-1]))

    job = await service.job()
    assert job.state is State.SUCCEEDED
    assert [attempt.reason for attempt in job.attempts] == ["OUTPUT_INVALID", ""]


async def test_a_ticket_that_is_held_too_long_gets_a_new_one(open_service: OpenService) -> None:
    service = await open_service(max_hold_seconds=0.1)
    service.model.down()
    await service.jobs.submit(a_request(reply_to=REPLIES))
    (first,) = service.outbox.tickets()

    assert await service.deliver(as_received(first)) is Disposition.ACK

    second = service.outbox.tickets()[-1]
    assert second.publication_id != first.publication_id
    service.model.down(is_down=False)
    assert await service.deliver(as_received(second)) is Disposition.ACK
    assert [one.message.routing_key for one in service.outbox.answers()] == ["crm.replies"]


async def test_everybody_who_asked_during_an_outage_is_answered_after_it(open_service: OpenService) -> None:
    service = await open_service(max_hold_seconds=0.15)
    deliveries = await held(
        service,
        (a_message(), "crm.replies"),
        (a_message(), "billing.replies"),
        (a_message(redelivered=True), "crm.replies"),
    )

    assert set(await asyncio.gather(*deliveries)) == {Disposition.ACK}

    service.model.down(is_down=False)
    await work_off_tickets(service)
    answered = {(one.message.routing_key) for one in service.outbox.answers()}
    assert answered == {"crm.replies", "billing.replies"}
    assert (await service.job()).state is State.SUCCEEDED


async def test_a_delivery_that_joined_a_callers_run_is_kept_too(open_service: OpenService) -> None:
    service = await open_service(max_hold_seconds=0.1, model_wait_seconds=60)
    service.model.down()
    calling = service.beside(service.jobs.run(a_request(), timeout_seconds=60))
    await service.until_waiting()
    delivered = service.deliver(a_message())

    assert await delivered is Disposition.ACK
    calling.cancel()
    await asyncio.gather(calling, return_exceptions=True)

    service.model.down(is_down=False)
    await work_off_tickets(service)
    assert [one.message.routing_key for one in service.outbox.answers()] == ["crm.replies"]


async def test_a_call_in_flight_is_not_given_up_for_a_ticket(open_service: OpenService) -> None:
    service = await open_service(max_hold_seconds=0.1)
    service.model.down()
    delivered = service.deliver(a_message())
    await until(lambda: service.model.calls() == 1)
    service.model.hold()
    await service.until_calling()
    service.model.down(is_down=False)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(delivered), 0.3)
    service.model.let_go()

    assert await delivered is Disposition.ACK
    assert service.outbox.tickets() == []
    assert (await service.job()).state is State.SUCCEEDED


async def test_a_cancelled_job_that_is_held_is_answered_and_no_ticket_is_left(open_service: OpenService) -> None:
    service = await open_service()
    (delivered,) = await held(service, (a_message(), "crm.replies"))

    await service.jobs.cancel(OPERATOR, request_id="r-1")

    assert await delivered is Disposition.ACK
    assert service.outbox.addresses() == [("crm.replies", f"{TASK}.v1.cancelled")]


async def test_a_held_job_that_expires_is_answered(service: Service) -> None:
    service.model.down()
    soon = service.clock.now() + timedelta(seconds=0.1)

    disposition = await service.deliver(a_message(), request_by_queue(deadline=soon))

    assert disposition is Disposition.ACK
    assert service.outbox.addresses() == [("crm.replies", f"{TASK}.v1.failed")]


async def test_without_the_store_a_delivery_goes_back_once_it_was_held_too_long(open_service: OpenService) -> None:
    service = await open_service(max_hold_seconds=0.05)
    service.store.goes_away("claim", 1000)
    service.store.goes_away("submit", 1000)

    assert await service.deliver(a_message()) is Disposition.RELEASE

    service.store.comes_back("claim")
    assert await service.deliver(a_message(redelivered=True)) is Disposition.ACK


async def test_a_message_near_the_brokers_limit_begins_anew_as_a_ticket(service: Service) -> None:
    disposition = await service.deliver(a_message(redelivered=True, delivery_count=10))

    assert disposition is Disposition.ACK
    assert service.model.calls() == 0
    await work_off_tickets(service)
    assert [one.message.routing_key for one in service.outbox.answers()] == ["crm.replies"]


async def test_a_ticket_near_the_brokers_limit_begins_anew(service: Service) -> None:
    await service.jobs.submit(a_request(reply_to=REPLIES))
    (first,) = service.outbox.tickets()

    assert await service.deliver(as_received(first, redelivered=True, delivery_count=10)) is Disposition.ACK

    assert len(service.outbox.tickets()) == 2
    await work_off_tickets(service)
    assert (await service.job()).state is State.SUCCEEDED


async def test_a_ticket_of_a_job_that_is_gone_is_dropped(service: Service) -> None:
    await service.jobs.submit(a_request())
    (ticket,) = service.outbox.tickets()
    await service.deliver(as_received(ticket))

    again = await service.deliver(as_received(ticket))
    unknown = await service.deliveries.work_ticket("none", as_received(ticket))

    assert again is unknown is Disposition.ACK
    assert len(service.outbox.answers()) == 1


async def test_the_store_that_is_away_while_a_held_job_is_ticketed_loses_nothing(open_service: OpenService) -> None:
    service = await open_service(max_hold_seconds=0.1)
    service.store.goes_away("ticket", 3)
    (delivered,) = await held(service, (a_message(), "crm.replies"))

    assert await delivered is Disposition.ACK

    assert service.store.counts["ticket"] == 4
    assert len(service.outbox.tickets()) == 1


async def test_a_delivery_for_which_there_is_no_room_becomes_a_ticket(open_service: OpenService) -> None:
    service = await open_service(in_flight=1, max_hold_seconds=0.1)
    service.model.hold()
    running = service.deliver(a_message())
    await service.until_calling()

    assert await service.deliver(a_message("r-2"), request_by_queue("r-2")) is Disposition.ACK

    assert (await service.job("r-2")).state is State.PENDING
    service.model.let_go()
    await running
    await work_off_tickets(service)
    assert (await service.job("r-2")).state is State.SUCCEEDED


async def test_what_waited_before_it_was_taken_is_held_so_much_shorter(open_service: OpenService) -> None:
    service = await open_service(max_hold_seconds=60.0)
    service.model.down()
    an_hour_ago = service.clock.monotonic() - 3600

    assert await service.deliver(a_message(received_at=an_hour_ago)) is Disposition.ACK

    assert (await service.job()).state is State.PENDING
    assert len(service.outbox.tickets()) == 1


async def test_a_delivery_whose_job_is_worked_on_too_long_becomes_a_ticket_and_the_job_goes_on(
    open_service: OpenService,
) -> None:
    service = await open_service(max_hold_seconds=2.0, longest_hold_seconds=3.0)
    service.model.hold()

    assert await service.deliver(a_message()) is Disposition.ACK

    assert service.model.in_flight == 1
    (ticket,) = await service.store.unsent_tickets()
    adopted = service.deliver(as_received(ticket, received_at=service.clock.monotonic() + 3600))
    service.model.let_go()
    assert await adopted is Disposition.ACK
    assert [one.message.routing_key for one in service.outbox.answers()] == ["crm.replies"]
    assert service.model.calls() == 1
    job = await service.job()
    assert (job.state, len(job.attempts)) == (State.SUCCEEDED, 1)


async def test_a_wait_that_somebody_asked_for_does_not_outlast_the_hold(open_service: OpenService) -> None:
    service = await open_service(max_hold_seconds=0.1)
    service.store.fail("claim", StoreUnavailable(retry_after_seconds=3600))

    assert await service.deliver(a_message()) is Disposition.ACK

    assert (await service.job()).state is State.SUCCEEDED


@pytest.mark.parametrize("kind", ["request", "ticket"])
async def test_near_the_brokers_limit_nothing_goes_back_while_the_store_is_away(service: Service, kind: str) -> None:
    worn = a_message(redelivered=True, delivery_count=19)
    if kind == "ticket":
        await service.jobs.submit(a_request(reply_to=REPLIES))
        worn = as_received(service.outbox.tickets()[-1], redelivered=True, delivery_count=19)
    service.store.goes_away("submit", 3)
    service.store.goes_away("publish_again", 3)

    assert await service.deliver(worn) is Disposition.ACK

    await work_off_tickets(service)
    assert [one.message.routing_key for one in service.outbox.answers()] == ["crm.replies"]


async def test_once_a_delivery_went_back_for_want_of_the_store_nothing_is_taken_until_it_is_there_again(
    open_service: OpenService,
) -> None:
    service = await open_service(max_hold_seconds=0.05)
    for method in ("claim", "submit", "check"):
        service.store.goes_away(method, 1000)
    assert await service.deliver(a_message()) is Disposition.RELEASE

    takable = service.beside(service.deliveries.wait_until_takable(TASK))
    await until(lambda: service.store.counts["check"] >= 3)
    assert not takable.done()
    service.store.comes_back("check")

    await asyncio.wait_for(takable, 60)

"""The use cases of the queue face: what is answered where, what is acknowledged, what becomes a ticket."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from adapter.domain.job import Job, Route, State
from adapter.domain.message import Properties, ReceivedMessage
from adapter.domain.payload import Payload
from adapter.errors import ModelUnavailable, PayloadUnreadable, ReplyToRefused
from adapter.service.api import Disposition
from adapter.tasks.catalogue import Catalogue
from tests.integration.service.bench import (
    OPERATOR,
    REPLIES,
    TASK,
    TICKET,
    Service,
    a_message,
    a_request,
    as_received,
    request_by_queue,
    until,
)
from tests.integration.service.conftest import OpenService

OTHER_REPLIES = Route("", "billing.replies")


async def stored_messages(service: Service, request_id: str = "r-1") -> list[tuple[str, str]]:
    """Return routing key and message id of every message that is stored for a request's job."""
    job = await service.job(request_id)
    rows = await service.store.real.publications_of(job.job_id)
    return sorted((str(row["routing_key"]), str(row["publication_id"])) for row in rows)


async def parked_reasons(service: Service) -> list[str]:
    parked, _ = await service.store.real.list_parked(page_size=100)
    return [one.reason for one in parked]


def also_exchange(catalogue: Catalogue) -> Catalogue:
    """Let every task send its results to the exchange, too."""
    tasks = []
    for task in catalogue.all():
        results = task.definition.results.model_copy(update={"also_exchange": True})
        tasks.append(replace(task, definition=task.definition.model_copy(update={"results": results})))
    return Catalogue(tasks)


# --- answered --------------------------------------------------------------------------------------------


async def test_a_request_is_answered_where_it_asked_and_acknowledged_once_that_is_stored(service: Service) -> None:
    disposition = await service.deliver(a_message())

    (answer,) = service.outbox.offered
    job = await service.job()
    assert disposition is Disposition.ACK
    assert (answer.message.routing_key, answer.message.properties.correlation_id) == ("crm.replies", "corr-1")
    assert job.result is not None
    assert answer.message.body == job.result.content
    assert await stored_messages(service) == [("crm.replies", answer.publication_id)]


async def test_without_a_reply_address_the_result_exchange_gets_it(service: Service) -> None:
    await service.deliver(a_message(), request_by_queue(reply_to=None))

    (answer,) = service.outbox.offered
    assert (answer.message.exchange, answer.message.routing_key) == ("adapter.results", f"{TASK}.v1.succeeded.crm")


async def test_a_task_that_also_wants_the_exchange_is_answered_twice_in_one_transaction(
    service: Service, catalogue: Catalogue
) -> None:
    service.admission.catalogue = also_exchange(catalogue)

    await service.deliver(a_message())

    assert [key for key, _ in await stored_messages(service)] == [f"{TASK}.v1.succeeded.crm", "crm.replies"]


async def test_so_is_a_submitted_job(service: Service, catalogue: Catalogue) -> None:
    service.admission.catalogue = also_exchange(catalogue)
    await service.jobs.submit(a_request(reply_to=REPLIES, correlation_id="c-9"))
    (ticket,) = service.outbox.tickets()

    await service.deliver(as_received(ticket))

    answers = service.outbox.answers()
    assert sorted(one.message.routing_key for one in answers) == [f"{TASK}.v1.succeeded.crm", "crm.replies"]
    assert {one.message.properties.correlation_id for one in answers} == {"c-9"}


async def test_a_submitted_job_without_a_reply_address_is_answered_on_the_exchange(service: Service) -> None:
    await service.jobs.submit(a_request())
    (ticket,) = service.outbox.tickets()

    assert await service.deliver(as_received(ticket)) is Disposition.ACK

    (answer,) = service.outbox.answers()
    assert (answer.message.exchange, answer.message.routing_key) == ("adapter.results", f"{TASK}.v1.succeeded.crm")


async def test_a_failed_job_is_answered_on_the_version_that_was_resolved(service: Service) -> None:
    past = service.clock.now() - timedelta(seconds=1)

    await service.deliver(a_message(), request_by_queue(reply_to=None, deadline=past))

    assert service.outbox.addresses() == [(f"{TASK}.v1.failed.crm", f"{TASK}.v1.failed")]
    error = (await service.job()).error
    assert error is not None
    assert error.reason == "REQUEST_EXPIRED"


async def test_a_repeat_is_answered_on_its_own_route_with_the_same_outcome(service: Service) -> None:
    await service.deliver(a_message())
    repeat = request_by_queue(reply_to=OTHER_REPLIES, correlation_id="corr-2")

    disposition = await service.deliver(a_message(), repeat)

    first, second = service.outbox.offered
    assert disposition is Disposition.ACK
    assert second.message.routing_key == "billing.replies"
    assert second.message.properties.correlation_id == "corr-2"
    assert second.message.body == first.message.body
    assert second.publication_id != first.publication_id
    assert service.model.calls() == 1


async def test_repeats_during_the_run_are_each_answered_where_they_ask(service: Service) -> None:
    service.model.hold()
    routes = [("crm.replies", "corr-1"), ("billing.replies", "corr-2"), ("crm.replies", "corr-3")]
    deliveries = []
    for key, correlation_id in routes:
        request = request_by_queue(reply_to=Route("", key), correlation_id=correlation_id)
        deliveries.append(service.deliver(a_message(), request))
        await service.until_calling()
    grpc = service.beside(service.jobs.run(a_request(), timeout_seconds=10))
    service.model.let_go()

    assert set(await asyncio.gather(*deliveries)) == {Disposition.ACK}
    assert (await grpc).state is State.SUCCEEDED
    answered = [(one.message.routing_key, one.message.properties.correlation_id) for one in service.outbox.offered]
    assert sorted(answered) == sorted(routes)
    assert service.model.calls() == 1


async def test_a_delivery_joins_the_run_of_a_caller_and_outlives_its_wait(service: Service) -> None:
    service.model.hold()
    request = a_request(labels={"simulate": "invalid-once"})
    calling = service.beside(service.jobs.run(request, timeout_seconds=10))
    await service.until_calling()
    delivered = service.deliver(a_message())
    await until(lambda: service.store.counts["claim"] == 2)
    calling.cancel()
    await asyncio.gather(calling, return_exceptions=True)
    service.model.let_go()

    assert await delivered is Disposition.ACK
    assert service.outbox.addresses() == [("crm.replies", f"{TASK}.v1.succeeded")]


async def test_a_redelivery_adopts_its_run_and_the_answer_is_stored_once(service: Service) -> None:
    service.model.hold()
    stale = service.deliver(a_message())
    await service.until_calling()
    again = service.deliver(a_message(redelivered=True))
    await until(lambda: service.store.counts["claim"] == 2)
    service.model.let_go()

    assert await stale is await again is Disposition.ACK
    assert len(service.outbox.offered) == 1


async def test_requests_without_an_id_are_worked_on_each_and_outlast_an_outage(service: Service) -> None:
    service.store.goes_away("claim", 2)
    service.store.lose_claim("call_started")
    anonymous = a_message(properties=Properties(content_type="application/json"))

    delivered = service.deliver(anonymous, request_by_queue(""))
    await until(lambda: service.store.claimed and not len(service.runs))
    await service.store.take_over(*service.store.claimed)

    assert await delivered is Disposition.ACK
    assert [kind for _, kind in service.outbox.addresses()] == [f"{TASK}.v1.succeeded"]


# --- refused ---------------------------------------------------------------------------------------------


async def test_bad_input_is_answered_unrecorded_on_the_version_that_was_resolved(service: Service) -> None:
    bad = request_by_queue(reply_to=None, payload=Payload(b"{}", "application/json"))

    disposition = await service.deliver(a_message(body=b"{}"), bad)

    assert disposition is Disposition.ACK
    assert service.outbox.addresses() == [(f"{TASK}.v1.failed.crm", f"{TASK}.v1.failed")]
    assert service.observer.refused == [("INPUT_INVALID", "amqp")]
    assert await service.store.real.find("crm", "r-1") is None
    assert await parked_reasons(service) == []


async def test_bad_input_whose_answer_nobody_could_tell_is_parked(service: Service) -> None:
    bad = request_by_queue("", reply_to=None, correlation_id="", payload=Payload(b"{}", "application/json"))

    assert await service.deliver(a_message("", body=b"{}"), bad) is Disposition.ACK

    assert service.outbox.offered == []
    assert await parked_reasons(service) == ["INPUT_INVALID"]


async def test_an_unknown_task_is_answered(service: Service) -> None:
    disposition = await service.deliver(a_message(), request_by_queue(task="nonesuch"))

    assert disposition is Disposition.ACK
    assert service.observer.refused == [("TASK_NOT_FOUND", "amqp")]
    assert service.outbox.offered[0].message.properties.type == "nonesuch.v0.failed"


async def test_the_same_id_with_other_content_is_answered(service: Service) -> None:
    await service.deliver(a_message())
    other = request_by_queue(payload=Payload(TICKET + b" ", "application/json"))

    assert await service.deliver(a_message(), other) is Disposition.ACK

    assert service.observer.refused == [("REQUEST_ID_REUSED", "amqp")]
    assert service.model.calls() == 1


async def test_what_has_no_address_is_parked_and_what_is_refused_one_is_answered_and_parked(service: Service) -> None:
    message = a_message()

    without = await service.deliveries.refuse(message, PayloadUnreadable(), task=TASK, client="crm", route=None)
    refused = await service.deliveries.refuse(
        message, ReplyToRefused(), task=TASK, client="crm", route=Route("adapter.results", "", keyed_by_outcome=True)
    )

    assert without is refused is Disposition.ACK
    assert sorted(await parked_reasons(service)) == ["PAYLOAD_UNREADABLE", "REPLY_TO_REFUSED"]
    assert service.outbox.addresses() == [(f"{TASK}.v1.failed.crm", f"{TASK}.v1.failed")]


@pytest.mark.parametrize("method", ["discard", "park"])
async def test_a_refusal_waits_for_the_store(service: Service, method: str) -> None:
    service.store.goes_away(method)

    if method == "park":
        disposition = await service.deliveries.park(a_message(), "MISSING_MESSAGE_ID", "no id")
    else:
        disposition = await service.deliver(a_message(), request_by_queue(task="nonesuch"))

    assert disposition is Disposition.ACK
    assert service.store.counts[method] == 4


async def test_two_deliveries_of_one_bad_request_are_both_answered(service: Service) -> None:
    service.store.hold("discard")
    bad: dict[str, Any] = {"payload": Payload(b"{}", "application/json")}
    first = service.deliver(a_message(body=b"{}"), request_by_queue(**bad))
    await until(lambda: service.store.counts["discard"] == 1)
    second = service.deliver(a_message(body=b"{}"), request_by_queue(reply_to=OTHER_REPLIES, **bad))
    await until(lambda: service.store.counts["claim"] == 2)
    service.store.let_go("discard")

    assert set(await asyncio.gather(first, second)) == {Disposition.ACK}
    assert sorted(key for key, _ in service.outbox.addresses()) == ["billing.replies", "crm.replies"]


# --- held, and turned into tickets -----------------------------------------------------------------------


async def held(service: Service, *messages: tuple[ReceivedMessage, str]) -> "list[asyncio.Task[Disposition]]":
    """Deliver while the model is down, and wait until all of it is held."""
    service.model.down()
    deliveries = []
    for message, key in messages:
        request = request_by_queue(reply_to=Route("", key), correlation_id=key)
        deliveries.append(service.deliver(message, request))
        await service.until_waiting()
    return deliveries


async def work_off_tickets(service: Service) -> None:
    """Do what the broker does with the tickets that were stored."""
    done: set[str] = set()
    while left := [one for one in await service.store.unsent_tickets() if one.publication_id not in done]:
        for ticket in left:
            done.add(ticket.publication_id)
            assert await service.deliver(as_received(ticket)) is Disposition.ACK


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


async def test_at_a_drain_what_waits_goes_back_uncounted(service: Service) -> None:
    (delivered,) = await held(service, (a_message(), "crm.replies"))

    await service.runs.drain(30)

    assert await delivered is Disposition.RELEASE
    assert (await service.job()).state is State.PENDING
    claimed = await service.store.real.claim_stored((await service.job()).job_id)
    assert getattr(claimed, "claims", None) == 1


async def test_at_a_drain_what_works_is_finished(service: Service) -> None:
    service.model.hold()
    delivered = service.deliver(a_message())
    await service.until_calling()
    draining = service.beside(service.runs.drain(30))
    service.model.let_go()
    await draining

    assert await delivered is Disposition.ACK
    assert (await service.job()).state is State.SUCCEEDED


async def test_a_handler_that_is_cancelled_leaves_its_run_to_the_next_delivery(service: Service) -> None:
    service.model.hold()
    first = service.deliver(a_message())
    await service.until_calling()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)

    second = service.deliver(a_message(redelivered=True))
    service.model.let_go()

    assert await second is Disposition.ACK
    assert service.model.calls() == 1


# --- taking ----------------------------------------------------------------------------------------------


async def test_while_the_model_is_down_one_message_is_taken_to_find_out(service: Service) -> None:
    service.model.down()
    for number in range(2):
        with pytest.raises(ModelUnavailable):
            await service.jobs.run(a_request(f"r-{number}"), timeout_seconds=10)
    await until(lambda: not len(service.runs))

    await asyncio.wait_for(service.deliveries.wait_until_takable(TASK), 5)
    service.deliver(a_message("probe"), request_by_queue("probe"))
    await until(lambda: service.model.calls("probe") >= 1)
    waiting = service.beside(service.deliveries.wait_until_takable(TASK))
    await until(lambda: service.gate.waiting)
    assert not waiting.done()
    service.model.down(is_down=False)

    await asyncio.wait_for(waiting, 5)


async def test_a_full_process_takes_nothing(open_service: OpenService) -> None:
    service = await open_service(in_flight=1)
    service.model.hold()
    running = service.deliver(a_message())
    await service.until_calling()

    waiting = service.beside(service.deliveries.wait_until_takable(TASK))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(waiting), 0.05)
    service.model.let_go()

    await asyncio.wait_for(waiting, 5)
    await running


# --- dead letters ----------------------------------------------------------------------------------------


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

"""Deliveries that cannot be worked on: answered where that is possible, else parked."""

import asyncio
from typing import Any

import pytest

from adapter.domain.job import Route
from adapter.domain.payload import Payload
from adapter.errors import PayloadUnreadable, ReplyToRefused
from adapter.service.api import Disposition
from tests.integration.service.asking import OTHER_REPLIES, TASK, TICKET, a_message, request_by_queue
from tests.integration.service.bench import Service, until
from tests.integration.service.delivering import parked_reasons


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

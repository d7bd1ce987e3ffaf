"""The use cases of the queue face: who is answered, where, and what is acknowledged."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from adapter.domain.job import Route, State
from adapter.domain.message import Properties
from adapter.service.api import Disposition
from adapter.tasks.catalogue import Catalogue
from tests.integration.service.asking import (
    OTHER_REPLIES,
    REPLIES,
    TASK,
    a_message,
    a_request,
    as_received,
    request_by_queue,
)
from tests.integration.service.bench import Service, until


async def stored_messages(service: Service, request_id: str = "r-1") -> list[tuple[str, str]]:
    """Return routing key and message id of every message that is stored for a request's job."""
    job = await service.job(request_id)
    rows = await service.store.real.publications_of(job.job_id)
    return sorted((str(row["routing_key"]), str(row["publication_id"])) for row in rows)


def also_exchange(catalogue: Catalogue) -> Catalogue:
    """Let every task send its results to the exchange, too."""
    tasks = []
    for task in catalogue.all():
        results = task.definition.results.model_copy(update={"also_exchange": True})
        tasks.append(replace(task, definition=task.definition.model_copy(update={"results": results})))
    return Catalogue(tasks)


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
    grpc = service.beside(service.jobs.run(a_request(), timeout_seconds=60))
    service.model.let_go()

    assert set(await asyncio.gather(*deliveries)) == {Disposition.ACK}
    assert (await grpc).state is State.SUCCEEDED
    answered = [(one.message.routing_key, one.message.properties.correlation_id) for one in service.outbox.offered]
    assert sorted(answered) == sorted(routes)
    assert service.model.calls() == 1


async def test_a_delivery_joins_the_run_of_a_caller_and_outlives_its_wait(service: Service) -> None:
    service.model.hold()
    request = a_request(labels={"simulate": "invalid-once"})
    calling = service.beside(service.jobs.run(request, timeout_seconds=60))
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

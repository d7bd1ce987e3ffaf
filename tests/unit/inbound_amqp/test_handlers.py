"""Each kind of message reaches the use case that is meant for it."""

import gzip

import pytest
from structlog.testing import capture_logs

from adapter.domain.job import JobRequest, Route
from adapter.domain.message import ReceivedMessage
from adapter.inbound.amqp.handlers import DeadLetterHandler, RequestHandler, UnroutedHandler
from adapter.inbound.amqp.translate import Translator
from adapter.service.api import Disposition
from tests.unit.inbound_amqp.fakes import FakeClock, FakeQueueService
from tests.unit.inbound_amqp.messages import TASK_QUEUE, UNROUTED_QUEUE, message, settings


@pytest.fixture
def service() -> FakeQueueService:
    return FakeQueueService()


@pytest.fixture
def requests(service: FakeQueueService) -> RequestHandler:
    return RequestHandler(service, Translator(settings(payload_bytes=1_000_000)))


def unrouted(service: FakeQueueService, requests: RequestHandler, clock: FakeClock, releases: int) -> UnroutedHandler:
    return UnroutedHandler(
        service, requests, {"classify-ticket"}.__contains__, clock, releases=releases, release_seconds=2.0
    )


# --- request queues -----------------------------------------------------------------------------------


@pytest.mark.parametrize("disposition", list(Disposition))
async def test_a_request_is_worked_on_and_settled_as_the_service_says(
    service: FakeQueueService, requests: RequestHandler, disposition: Disposition
) -> None:
    service.disposition = disposition
    assert await requests.handle(message()) is disposition
    [(use_case, request)] = service.calls
    assert use_case == "work"
    assert isinstance(request, JobRequest)


async def test_a_ticket_is_worked_on_by_its_job(service: FakeQueueService, requests: RequestHandler) -> None:
    await requests.handle(message(b"", headers={"llm-job-id": "job-1"}))
    assert service.calls == [("work_ticket", "job-1")]


@pytest.mark.parametrize(("body", "job_id"), [(b"{}", "job-1"), (b"", 7), (b"", "")])
async def test_what_only_resembles_a_ticket_is_a_request(
    service: FakeQueueService, requests: RequestHandler, body: bytes, job_id: object
) -> None:
    await requests.handle(message(body, headers={"llm-job-id": job_id}))
    assert [use_case for use_case, _ in service.calls] == ["work"]


async def test_a_message_that_is_no_request_is_refused_with_its_route(
    service: FakeQueueService, requests: RequestHandler
) -> None:
    await requests.handle(message(content_encoding="br", reply_to="crm.replies"))
    [(use_case, (error, task, client, route))] = service.calls
    assert use_case == "refuse"
    assert error.reason == "PAYLOAD_UNREADABLE"
    assert (task, client, route) == ("classify-ticket", "default", Route("", "crm.replies", "id-1"))


async def test_a_message_without_id_is_parked_when_that_is_the_policy(service: FakeQueueService) -> None:
    handler = RequestHandler(service, Translator(settings(missing_message_id="park")))
    await handler.handle(message(message_id=""))
    assert service.calls == [("park", "MISSING_MESSAGE_ID")]


async def test_messages_without_id_are_counted_and_warned_of_once(
    service: FakeQueueService, requests: RequestHandler
) -> None:
    with capture_logs() as logs:
        for _ in range(3):
            await requests.handle(message(message_id=""))
    assert requests.without_message_id == 3
    assert [line["event"] for line in logs] == ["message_id_missing"]
    assert len(service.calls) == 3


@pytest.mark.parametrize("is_packed", [True, False])
async def test_large_and_packed_bodies_are_read_too(
    service: FakeQueueService, requests: RequestHandler, *, is_packed: bool
) -> None:
    body = b"x" * 100_000
    sent = gzip.compress(body) if is_packed else body
    await requests.handle(message(sent, content_encoding="gzip" if is_packed else ""))
    [(_, request)] = service.calls
    assert request.payload.content == body


# --- unrouted -----------------------------------------------------------------------------------------


def lost_request(correlation_id: str = "") -> ReceivedMessage:
    return message(routing_key="no-such-task", queue=UNROUTED_QUEUE, correlation_id=correlation_id)


async def test_an_unknown_task_is_answered_not_found(service: FakeQueueService, requests: RequestHandler) -> None:
    handler = unrouted(service, requests, FakeClock(), releases=0)
    assert await handler.handle(lost_request(correlation_id="c")) is Disposition.ACK
    [(use_case, (error, task, _, route))] = service.calls
    assert (use_case, error.reason, task) == ("refuse", "TASK_NOT_FOUND", "no-such-task")
    assert route == Route("adapter.results", "", "c", keyed_by_outcome=True)


async def test_an_unknown_task_is_given_back_a_few_times_first(
    service: FakeQueueService, requests: RequestHandler
) -> None:
    clock = FakeClock()
    handler = unrouted(service, requests, clock, releases=2)
    dispositions = [await handler.handle(lost_request()) for _ in range(3)]
    assert dispositions == [Disposition.RELEASE, Disposition.RELEASE, Disposition.ACK]
    assert clock.sleeps == [2.0, 2.0]
    assert [use_case for use_case, _ in service.calls] == ["refuse"]


async def test_returns_that_the_broker_counted_count(service: FakeQueueService, requests: RequestHandler) -> None:
    handler = unrouted(service, requests, FakeClock(), releases=2)
    received = lost_request()
    counted = ReceivedMessage(
        received.body, received.properties, received.exchange, received.routing_key, received.queue, delivery_count=2
    )
    assert await handler.handle(counted) is Disposition.ACK


async def test_a_task_that_is_known_after_all_is_worked_on(service: FakeQueueService, requests: RequestHandler) -> None:
    handler = unrouted(service, requests, FakeClock(), releases=2)
    await handler.handle(message(queue=UNROUTED_QUEUE))
    assert [use_case for use_case, _ in service.calls] == ["work"]


async def test_a_ticket_of_an_unloaded_task_stays_a_ticket(service: FakeQueueService, requests: RequestHandler) -> None:
    handler = unrouted(service, requests, FakeClock(), releases=0)
    await handler.handle(message(b"", routing_key="gone", queue=UNROUTED_QUEUE, headers={"llm-job-id": "job-1"}))
    assert service.calls == [("work_ticket", "job-1")]


# --- dead letters -------------------------------------------------------------------------------------


def dead(body: bytes = b"{}", reason: str = "expired", **headers: object) -> ReceivedMessage:
    death = {"reason": reason, "queue": TASK_QUEUE, "exchange": "adapter.requests", "routing-keys": ["classify-ticket"]}
    return message(body, queue="adapter.dead-letters", exchange="adapter.dlx", headers={"x-death": [death], **headers})


@pytest.mark.parametrize(("reason", "expired"), [("expired", True), ("delivery_limit", False), ("rejected", False)])
async def test_a_dead_letter_is_ended_by_its_cause(
    service: FakeQueueService, requests: RequestHandler, reason: str, *, expired: bool
) -> None:
    await DeadLetterHandler(service, requests).handle(dead(reason=reason))
    [(_, (original, request, was_expired))] = service.calls
    assert was_expired is expired
    assert request is not None
    assert request.task == "classify-ticket"
    assert (original.exchange, original.queue) == ("adapter.requests", TASK_QUEUE)


async def test_a_dead_letter_that_is_no_request_is_only_parked(
    service: FakeQueueService, requests: RequestHandler
) -> None:
    await DeadLetterHandler(service, requests).handle(dead(b"\xac\xed\x00\x05"))
    [(use_case, (_, request, _))] = service.calls
    assert (use_case, request) == ("dead_letter", None)


async def test_a_dead_ticket_is_no_request(service: FakeQueueService, requests: RequestHandler) -> None:
    await DeadLetterHandler(service, requests).handle(dead(b"", **{"llm-job-id": "job-1"}))
    [(_, (original, request, _))] = service.calls
    assert request is None
    assert original.properties.headers["llm-job-id"] == "job-1"

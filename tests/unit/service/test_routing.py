"""Where answers and tickets go."""

from dataclasses import replace
from typing import Any

import pytest

from adapter.domain.job import Route
from adapter.domain.message import Answer
from adapter.domain.publication import publication_of
from adapter.domain.trace import TraceContext
from adapter.outbound.task_folders import load_tasks
from adapter.service.routing import TICKET_HEADER, Routing
from adapter.tasks.task import Task
from tests.kit.adapter_process import ROOT
from tests.unit.service.runs import request

ROUTING = Routing(requests_exchange="adapter.requests", results_exchange="adapter.results")
REPLY_TO = Route("", "crm.replies", mandatory=False)


@pytest.fixture(scope="module")
def task() -> Task:
    return load_tasks(ROOT / "examples" / "tasks" / "classify-ticket").resolve("classify-ticket")


def also_exchange(task: Task) -> Task:
    results = task.definition.results.model_copy(update={"also_exchange": True})
    return replace(task, definition=task.definition.model_copy(update={"results": results}))


def test_without_a_reply_address_the_answer_goes_to_the_result_exchange(task: Task) -> None:
    routes = ROUTING.all_routes(request(), task)

    assert routes == (Route("adapter.results", "", "r-1", keyed_by_outcome=True),)


def test_the_correlation_id_of_the_request_goes_before_its_id() -> None:
    assert ROUTING.route_of(request(correlation_id="c-9")).correlation_id == "c-9"


@pytest.mark.parametrize("changes", [{}, {"reply_to": REPLY_TO}, {"reply_to": REPLY_TO, "correlation_id": "\udcff"}])
def test_the_route_of_an_answer_is_known_from_its_message(changes: Any) -> None:
    route = ROUTING.route_of(request(**changes))
    answer = Answer(b"{}", "application/json", "t.v1.succeeded", {}, result_key="t.v1.succeeded.crm")

    sent = publication_of("job-1", 1, answer, route, 5).message

    assert ROUTING.taken_by(sent) == route


def test_a_reply_address_is_used_alone(task: Task) -> None:
    routes = ROUTING.all_routes(request(reply_to=REPLY_TO), task)

    assert routes == (Route("", "crm.replies", "r-1", mandatory=False),)


def test_a_task_may_send_its_results_to_the_exchange_too(task: Task) -> None:
    routes = ROUTING.all_routes(request(reply_to=REPLY_TO, correlation_id="c-9"), also_exchange(task))

    assert [(route.exchange, route.routing_key, route.correlation_id) for route in routes] == [
        ("", "crm.replies", "c-9"),
        ("adapter.results", "", "c-9"),
    ]


def test_the_exchange_alone_is_not_used_twice(task: Task) -> None:
    assert len(ROUTING.all_routes(request(), also_exchange(task))) == 1


def test_a_task_that_is_not_loaded_has_only_the_route_of_the_request() -> None:
    assert len(ROUTING.all_routes(request(reply_to=REPLY_TO), None)) == 1


def test_a_ticket_is_an_empty_persistent_message_to_the_queue_of_the_task() -> None:
    ticket = ROUTING.ticket("job-1", "classify-ticket", "t-1")

    message = ticket.message
    assert (message.exchange, message.routing_key, message.body) == ("adapter.requests", "classify-ticket", b"")
    assert message.properties.headers == {TICKET_HEADER: "job-1"}
    assert message.properties.delivery_mode == 2
    assert message.mandatory
    assert ticket.publication_id == message.properties.message_id == "t-1"


def test_a_ticket_stays_in_the_trace_of_its_job() -> None:
    trace = TraceContext("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "shop=7")

    marked = ROUTING.ticket("j-1", "classify-ticket", "t-1", trace).message.properties.headers
    plain = ROUTING.ticket("j-1", "classify-ticket", "t-1").message.properties.headers

    assert marked == {TICKET_HEADER: "j-1", "traceparent": trace.traceparent, "tracestate": "shop=7"}
    assert plain == {TICKET_HEADER: "j-1"}

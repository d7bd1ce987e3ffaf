"""Who asks in these tests, and for what: one request in the form of each face, and the message it came in."""

from typing import Any

from adapter.domain.job import JobRequest, Route
from adapter.domain.message import Properties, Publication, ReceivedMessage
from adapter.domain.payload import Payload
from adapter.service.api import Caller
from tests.kit.adapter_process import ROOT

OPERATOR = Caller("crm", is_operator=True)
TASK = "classify-ticket"
TICKET = next(iter(sorted((ROOT / "examples/tasks/classify-ticket/samples").glob("*.json")))).read_bytes()
REPLIES = Route("", "crm.replies")
OTHER_REPLIES = Route("", "billing.replies")


def a_request(request_id: str = "r-1", **changes: Any) -> JobRequest:
    """Return a request as the gRPC face makes it."""
    values = {"client": "crm", "task": TASK, "payload": Payload(TICKET, "application/json"), "request_id": request_id}
    return JobRequest(**{**values, **changes})


def request_by_queue(request_id: str = "r-1", **changes: Any) -> JobRequest:
    """Return a request as the queue face makes it."""
    return a_request(request_id, **{"reply_to": REPLIES, "correlation_id": "corr-1", **changes})


def a_message(request_id: str = "r-1", **changes: Any) -> ReceivedMessage:
    """Return the message that such a request came in."""
    values = {
        "body": TICKET,
        "properties": Properties(message_id=request_id, correlation_id="corr-1", content_type="application/json"),
        "exchange": "adapter.requests",
        "routing_key": TASK,
        "queue": f"adapter.requests.{TASK}",
    }
    return ReceivedMessage(**{**values, **changes})


def as_received(ticket: Publication, **changes: Any) -> ReceivedMessage:
    """Return a ticket as the broker gives it to us."""
    sent = ticket.message
    values = {
        "body": b"",
        "properties": sent.properties,
        "exchange": sent.exchange,
        "routing_key": sent.routing_key,
        "queue": f"adapter.requests.{TASK}",
    }
    return ReceivedMessage(**{**values, **changes})

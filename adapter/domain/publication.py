"""How an answer becomes the message for one route: the properties of `contract.md` §2."""

from dataclasses import replace

from adapter.domain.job import Route
from adapter.domain.message import Answer, OutgoingMessage, Properties, Publication
from adapter.domain.publication_id import publication_id

REQUEST_ID_HEADER = "llm-request-id"
JOB_ID_HEADER = "llm-job-id"
REVISION_HEADER = "llm-revision"
REPUBLISHED_HEADER = "llm-republished"
_PERSISTENT = 2


def publication_of(
    job_id: str, revision: int, answer: Answer, route: Route, timestamp: int, *, message_id: str = ""
) -> Publication:
    """Address an answer to a route; timestamp in seconds since 1970.

    The message id is the same for the same job, revision and route; an answer that records nothing brings its own.
    Without a correlation id of the route, the request id (a header of the answer) stands in.
    """
    message_id = message_id or publication_id(job_id, revision, route)
    properties = Properties(
        message_id=message_id,
        correlation_id=route.correlation_id or str(answer.headers.get(REQUEST_ID_HEADER, "")),
        content_type=answer.content_type,
        content_encoding="UTF-8",
        type=answer.type,
        app_id="llm-adapter",
        timestamp=timestamp,
        delivery_mode=_PERSISTENT,
        headers=answer.headers,
    )
    routing_key = answer.result_key if route.keyed_by_outcome else route.routing_key
    message = OutgoingMessage(route.exchange, routing_key, answer.body, properties, route.mandatory)
    return Publication(message_id, job_id, message, remark=answer.remark)


def republished(stored: Publication, answer: Answer, timestamp: int, *, keyed_by_outcome: bool) -> Publication:
    """Make a stored message anew, for the same address and with the same message id; it says that it comes again."""
    message = stored.message
    properties = replace(
        message.properties,
        content_type=answer.content_type,
        type=answer.type,
        timestamp=timestamp,
        headers={**answer.headers, REPUBLISHED_HEADER: True},
    )
    routing_key = answer.result_key if keyed_by_outcome else message.routing_key
    message = replace(message, routing_key=routing_key, body=answer.body, properties=properties)
    return replace(stored, message=message, remark=answer.remark)


def ticket_for(ticket: Publication, job_id: str) -> Publication:
    """Let a ticket stand for another job: the one that its request turned out to be."""
    properties = ticket.message.properties
    headers = {**properties.headers, JOB_ID_HEADER: job_id}
    message = replace(ticket.message, properties=replace(properties, headers=headers))
    return replace(ticket, job_id=job_id, message=message)

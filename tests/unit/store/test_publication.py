"""The message of an answer: its properties, and an id that is the same whenever it is sent again."""

from dataclasses import replace
from uuid import UUID

import pytest

from adapter.domain.job import Route
from adapter.domain.message import Answer, OutgoingMessage, Properties, Publication
from adapter.domain.publication import publication_of, republished, ticket_for
from adapter.domain.publication_id import publication_id

ANSWER = Answer(b'{"a":1}', "application/json", "classify-ticket.v1.succeeded", {"llm-request-id": "r-1"})
ROUTE = Route("adapter.results", "classify-ticket.v1.succeeded.crm", "corr-\ud800", mandatory=True)


def test_a_message_has_the_properties_of_the_contract() -> None:
    publication = publication_of("job-1", 1, ANSWER, ROUTE, 1_700_000_000)
    assert publication.job_id == "job-1"
    assert publication.message == OutgoingMessage(
        "adapter.results",
        "classify-ticket.v1.succeeded.crm",
        b'{"a":1}',
        Properties(
            message_id=publication.publication_id,
            correlation_id="corr-\ud800",
            content_type="application/json",
            content_encoding="UTF-8",
            type="classify-ticket.v1.succeeded",
            app_id="llm-adapter",
            timestamp=1_700_000_000,
            delivery_mode=2,
            headers={"llm-request-id": "r-1"},
        ),
        mandatory=True,
    )


@pytest.mark.parametrize(("keyed", "routing_key"), [(True, "new.key"), (False, ROUTE.routing_key)])
def test_what_is_sent_again_keeps_address_and_id_and_says_so(
    keyed: bool,  # noqa: FBT001 - a parameter of the test
    routing_key: str,
) -> None:
    stored = publication_of("job-1", 1, ANSWER, ROUTE, 5)
    stored = replace(stored, message=replace(stored.message, body=b""))
    answer = replace(ANSWER, body=b"anew", result_key="new.key")

    again = republished(stored, answer, 9, keyed_by_outcome=keyed)

    assert again.publication_id == again.message.properties.message_id == stored.publication_id
    assert (again.message.exchange, again.message.routing_key, again.message.body) == (
        "adapter.results",
        routing_key,
        b"anew",
    )
    assert again.message.properties == replace(
        stored.message.properties, timestamp=9, headers={"llm-request-id": "r-1", "llm-republished": True}
    )


def test_without_a_correlation_id_the_request_id_stands_in() -> None:
    publication = publication_of("job-1", 1, ANSWER, replace(ROUTE, correlation_id=""), 5)
    assert publication.message.properties.correlation_id == "r-1"


def test_an_answer_that_records_nothing_brings_its_own_id() -> None:
    assert publication_of("", 0, ANSWER, ROUTE, 5, message_id="own").publication_id == "own"


def test_the_id_is_a_uuid_that_never_changes() -> None:
    first = publication_id("job-1", 1, ROUTE)
    assert UUID(first).version == 5
    assert first == publication_id("job-1", 1, replace(ROUTE, mandatory=False))
    assert first == "c13de106-e99e-5797-bc9e-208e720f783a"


@pytest.mark.parametrize(
    ("job_id", "revision", "route"),
    [
        ("job-2", 1, ROUTE),
        ("job-1", 2, ROUTE),
        ("job-1", 1, replace(ROUTE, exchange="")),
        ("job-1", 1, replace(ROUTE, routing_key="x")),
        ("job-1", 1, replace(ROUTE, correlation_id="")),
        ("job-1", 1, Route("adapter.results.classify-ticket", "v1.succeeded.crm", ROUTE.correlation_id)),
    ],
)
def test_anything_else_has_another_id(job_id: str, revision: int, route: Route) -> None:
    assert publication_id(job_id, revision, route) != publication_id("job-1", 1, ROUTE)


def test_a_ticket_can_be_made_to_stand_for_another_job() -> None:
    properties = Properties(message_id="t-1", headers={"llm-job-id": "job-1", "x": 1})
    ticket = Publication("t-1", "job-1", OutgoingMessage("e", "r", b"", properties))
    other = ticket_for(ticket, "job-2")
    assert (other.publication_id, other.job_id) == ("t-1", "job-2")
    assert other.message.properties.headers == {"llm-job-id": "job-2", "x": 1}

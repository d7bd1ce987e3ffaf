"""An answer becomes the message for its route, with the properties that the contract gives a result."""

from adapter.domain.job import Route
from adapter.domain.publication import publication_of
from adapter.service.answers import answer_of, result_route
from tests.unit.answers.jobs import DOCUMENT, succeeded

NOON = 1_795_435_200


def test_on_the_result_exchange_the_outcome_makes_the_routing_key() -> None:
    publication = publication_of("job-1", 1, answer_of(succeeded()), result_route("adapter.results", "c-1"), NOON)
    message = publication.message
    assert (message.exchange, message.routing_key) == ("adapter.results", "classify-ticket.v2.succeeded.crm")
    assert message.mandatory


def test_a_reply_address_is_used_as_it_is() -> None:
    route = Route("", "crm.replies", "c-1")
    message = publication_of("job-1", 1, answer_of(succeeded()), route, NOON).message
    assert (message.exchange, message.routing_key, message.body) == ("", "crm.replies", DOCUMENT)


def test_a_result_has_the_properties_of_the_contract() -> None:
    properties = publication_of("job-1", 1, answer_of(succeeded()), Route("", "q", "c-1"), NOON).message.properties
    assert properties.correlation_id == "c-1"
    assert properties.content_type == "application/json"
    assert properties.content_encoding == "UTF-8"
    assert properties.type == "classify-ticket.v2.succeeded"
    assert properties.app_id == "llm-adapter"
    assert (properties.timestamp, properties.delivery_mode) == (NOON, 2)
    assert (properties.user_id, properties.expiration, properties.reply_to) == ("", "", "")


def test_the_message_id_is_the_same_whenever_the_same_answer_goes_the_same_way() -> None:
    answer = answer_of(succeeded())
    ids = [
        publication_of(job_id, revision, answer, route, NOON).publication_id
        for job_id, revision, route in [
            ("job-1", 1, Route("", "q", "c-1")),
            ("job-1", 1, Route("", "q", "c-1")),
            ("job-1", 2, Route("", "q", "c-1")),
            ("job-1", 1, Route("", "q", "c-2")),
            ("job-1", 1, Route("", "r", "c-1")),
            ("job-2", 1, Route("", "q", "c-1")),
        ]
    ]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 5

"""A message becomes the request that the queue contract says, or is refused with all that an answer needs."""

from datetime import UTC, datetime

import pytest

from adapter.domain.client import Client
from adapter.domain.job import Route
from adapter.domain.payload import Payload
from adapter.inbound.amqp.translate import ToPark
from adapter.service.clients import ClientDirectory, Clients, KnownClient
from tests.unit.inbound_amqp.messages import UNROUTED_QUEUE, direct_reply_to, message, refused, request, translate

RESULTS = "adapter.results"


def test_a_plain_request_becomes_a_job_request() -> None:
    made = request(message(b'{"a":1}', content_type="application/json", correlation_id="c-1"))
    assert made.task == "classify-ticket"
    assert made.request_id == "id-1"
    assert made.payload == Payload(b'{"a":1}', "application/json", "")
    assert (made.client, made.correlation_id, made.reply_to) == ("default", "c-1", None)
    assert made.deadline is None


# --- which task ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("routing_key", "task"),
    [
        ("classify-ticket", "classify-ticket"),
        ("classify-ticket.v2", "classify-ticket@2"),
        ("classify-ticket.v0", "classify-ticket@0"),
        ("adapter.requests.classify-ticket", "classify-ticket"),
        ("some.binding.of.theirs", "classify-ticket"),
        ("", "classify-ticket"),
    ],
)
def test_queue_and_routing_key_name_the_task(routing_key: str, task: str) -> None:
    assert request(message(routing_key=routing_key)).task == task


@pytest.mark.parametrize(
    "routing_key", ["classify-ticket.batch", "classify-ticket.v01", "classify-ticket.1", "classify-ticket."]
)
def test_a_version_that_is_none_is_not_found(routing_key: str) -> None:
    refusal = refused(message(routing_key=routing_key))
    assert refusal.error.reason == "TASK_NOT_FOUND"
    assert refusal.task == "classify-ticket"


def test_an_unrouted_message_is_read_by_its_routing_key() -> None:
    assert request(message(routing_key="new-task.v3", queue=UNROUTED_QUEUE)).task == "new-task@3"


@pytest.mark.parametrize("routing_key", ["", "No Task", "a" * 65, "x.y.z", "unrouted\n", "\udc80"])
def test_a_routing_key_of_nobody_is_not_found(routing_key: str) -> None:
    assert refused(message(routing_key=routing_key, queue=UNROUTED_QUEUE)).error.reason == "TASK_NOT_FOUND"


def test_the_broker_user_names_the_client() -> None:
    clients = Clients(ClientDirectory([KnownClient(Client("crm"), amqp_users=["svc_crm"])]))
    made = request(message(user_id="svc_crm"), client_of=clients.name_of_amqp_user)
    assert made.client == "crm"
    assert request(message(user_id="somebody"), client_of=clients.name_of_amqp_user).client == "default"


# --- message id ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("message_id", ["x" * 201, "größe", "a\tb", "a\x7f", "\udcff"])
def test_a_message_id_that_is_no_request_id_is_refused(message_id: str) -> None:
    refusal = refused(message(message_id=message_id))
    assert refusal.error.reason == "INVALID_REQUEST"
    assert refusal.error.metadata == {"field": "message_id"}


def test_a_message_id_of_200_bytes_is_taken() -> None:
    assert request(message(message_id="x" * 200)).request_id == "x" * 200


def test_without_a_message_id_nothing_is_deduplicated_by_default() -> None:
    made = request(message(message_id="", correlation_id="c-1"))
    assert made.request_id == ""


def test_a_missing_message_id_is_derived_from_correlation_id_and_content() -> None:
    first = request(message(b"1", message_id="", correlation_id="c-1"), missing_message_id="derive")
    again = request(message(b"1", message_id="", correlation_id="c-1"), missing_message_id="derive")
    other = request(message(b"2", message_id="", correlation_id="c-1"), missing_message_id="derive")
    assert first.request_id == again.request_id != ""
    assert first.request_id != other.request_id


def test_a_derived_id_does_not_depend_on_the_version_asked_for() -> None:
    first = request(message(message_id="", correlation_id="c"), missing_message_id="derive")
    pinned = request(
        message(message_id="", correlation_id="c", routing_key="classify-ticket.v1"), missing_message_id="derive"
    )
    assert first.request_id == pinned.request_id


def test_an_id_is_derived_from_a_correlation_id_that_is_no_text() -> None:
    first = request(message(b"1", message_id="", correlation_id="\udcff"), missing_message_id="derive")
    other = request(message(b"1", message_id="", correlation_id="\udcfe"), missing_message_id="derive")

    assert first.request_id.isascii()
    assert first.request_id != other.request_id


def test_nothing_is_derived_without_a_correlation_id() -> None:
    assert request(message(message_id=""), missing_message_id="derive").request_id == ""


def test_a_missing_message_id_is_parked_when_that_is_the_policy() -> None:
    translation = translate(message(message_id=""), missing_message_id="park")
    assert isinstance(translation, ToPark)
    assert translation.reason == "MISSING_MESSAGE_ID"
    assert "message_id" in translation.detail


# --- payload ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content_type", ["", "application/octet-stream", "text/plain", "Text/Plain ", "text/plain;format=flowed"]
)
def test_types_that_say_nothing_leave_it_to_the_task(content_type: str) -> None:
    assert request(message(content_type=content_type)).payload == Payload(b"{}", "", "")


def test_other_types_are_kept_as_they_are() -> None:
    content_type = "text/xml; charset=ISO-8859-1"
    assert request(message(content_type=content_type)).payload.content_type == content_type


@pytest.mark.parametrize(
    "content_type", ["text/plain; charset=cp1252", 'text/plain;Charset="cp1252"', "text/plain; a=b; charset='cp1252'"]
)
def test_the_charset_of_a_type_that_says_nothing_else_is_kept(content_type: str) -> None:
    assert request(message(content_type=content_type)).payload == Payload(b"{}", "", "cp1252")


def test_the_charset_comes_from_the_content_encoding() -> None:
    assert request(message(content_encoding="ISO-8859-1")).payload.charset == "ISO-8859-1"


def test_two_names_of_one_charset_do_not_contradict() -> None:
    made = request(message(content_type="text/plain; charset=latin1", content_encoding="ISO-8859-1"))
    assert made.payload.charset == "ISO-8859-1"


def test_two_charsets_contradict_and_both_are_named() -> None:
    error = refused(message(content_type="text/plain; charset=cp1252", content_encoding="UTF-8")).error
    assert error.reason == "PAYLOAD_UNREADABLE"
    assert "cp1252" in error.message
    assert "UTF-8" in error.message


@pytest.mark.parametrize(
    ("body", "content_type"),
    [(b"{}", "application/x-java-serialized-object"), (b"\xac\xed\x00\x05t\x00\x01a", "application/json")],
)
def test_a_serialised_java_object_is_refused_with_the_way_out(body: bytes, content_type: str) -> None:
    error = refused(message(body, content_type=content_type)).error
    assert error.reason == "PAYLOAD_UNREADABLE"
    assert "JSON" in error.message


def test_a_payload_over_the_limit_is_refused() -> None:
    error = refused(message(b"x" * 1001)).error
    assert error.reason == "PAYLOAD_TOO_LARGE"
    assert error.metadata == {"bytes": "1001", "limit": "1000"}
    assert request(message(b"x" * 1000)).payload.content == b"x" * 1000


# --- reply_to, deadline, options ----------------------------------------------------------------------


def test_an_answer_goes_to_the_reply_queue_with_the_correlation_id() -> None:
    made = request(message(reply_to="crm.replies", correlation_id="c-1"))
    assert made.reply_to == Route("", "crm.replies", "c-1")


def test_an_answer_without_correlation_id_carries_the_message_id() -> None:
    made = request(message(reply_to="crm.replies"))
    assert made.reply_to == Route("", "crm.replies", "id-1")
    assert made.correlation_id == "id-1"


def test_a_direct_reply_is_not_mandatory() -> None:
    address = direct_reply_to()
    assert request(message(reply_to=address)).reply_to == Route("", address, "id-1", mandatory=False)


def test_an_exchange_that_the_operator_allows_is_taken() -> None:
    made = request(message(reply_to="crm.events/done.v1"), reply_to_allow=["crm\\.events/.*"])
    assert made.reply_to == Route("crm.events", "done.v1", "id-1")


def test_a_refused_reply_address_is_answered_on_the_result_exchange() -> None:
    refusal = refused(message(reply_to="their-queue", correlation_id="c-1"))
    assert refusal.error.reason == "REPLY_TO_REFUSED"
    assert refusal.route == Route(RESULTS, "", "c-1", keyed_by_outcome=True)
    assert (refusal.task, refusal.client) == ("classify-ticket", "default")


def test_headers_become_model_labels_deadline_and_trace() -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    made = request(
        message(
            headers={
                "llm-model": "cloud",
                "llm-label-tenant": "north",
                "llm-deadline": "2026-11-23T10:00:00Z",
                "traceparent": parent,
                "tracestate": "a=b",
                "x-other": [1, {"deep": None}],
            }
        )
    )
    assert made.model == "cloud"
    assert made.labels == {"tenant": "north"}
    assert made.deadline == datetime(2026, 11, 23, 10, tzinfo=UTC)
    assert (made.traceparent, made.tracestate) == (parent, "a=b")


# --- who can be answered ------------------------------------------------------------------------------


def test_a_refused_request_is_answered_where_it_asked() -> None:
    refusal = refused(message(b"x" * 1001, reply_to="crm.replies", correlation_id="c-1"))
    assert refusal.route == Route("", "crm.replies", "c-1")


def test_a_refused_request_without_reply_to_is_answered_on_the_result_exchange() -> None:
    assert refused(message(b"x" * 1001)).route == Route(RESULTS, "", "id-1", keyed_by_outcome=True)


def test_a_refused_request_that_nothing_tells_from_another_cannot_be_answered() -> None:
    assert refused(message(b"x" * 1001, message_id="")).route is None

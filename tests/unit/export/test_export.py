"""What is exported of a task: schemas of the bytes as they are, queues, sources; the same each time."""

import json
from datetime import UTC, datetime
from typing import Any

import jsonschema_rs
import pytest

from adapter.domain import exact_json
from adapter.domain.job import Job, JobError, Result, State, Verdict
from adapter.domain.usage import Usage
from adapter.errors import ModelRefused
from adapter.service.answers import answer_of, answer_of_error
from adapter.tasks.export.embedding import below, embedded
from adapter.tasks.export.files import export
from tests.unit.tasks.folders import INPUT, OUTPUT, TASK, build

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def asyncapi(**changes: str) -> Any:
    exported = export(build(**changes).task, prefix="crm", java="none")
    return json.loads(exact_json.dumps(dict(exported.documents["greet/asyncapi.json"])))


def payload_validator(document: Any, message: str) -> Any:
    """A validator of a message's payload; references lead into the whole document."""
    payload = document["components"]["messages"][message]["payload"]
    return jsonschema_rs.validator_for({**document, **payload})


def job(**parts: Any) -> Job:
    result = Result(b'{"greeting":"Hi","tone":"WARM"}', verdict=Verdict.ACCEPTED)
    defaults: dict[str, Any] = {
        "job_id": "j1",
        "request_id": "r1",
        "client": "default",
        "task": "greet",
        "task_version": "1.0.0",
        "task_hash": "0" * 64,
        "state": State.SUCCEEDED,
        "result": result,
        "usage": Usage(),
        "revision": 1,
        "create_time": NOW,
        "finish_time": NOW,
    }
    return Job(**(defaults | parts))


def test_the_same_task_gives_the_same_files() -> None:
    first, second = (export(build().task, prefix="adapter", java="beans") for _ in range(2))

    assert first == second
    assert sorted([*first.documents, *first.sources]) == [
        "greet/asyncapi.json",
        "greet/input.schema.json",
        "greet/output.schema.json",
        "java/llmadapter/greet/GreetInput.java",
        "java/llmadapter/greet/GreetOutput.java",
    ]


def test_the_queues_have_the_names_that_the_adapter_uses() -> None:
    document = asyncapi()

    channels = document["channels"]
    assert channels["requests"]["address"] == "greet.v1"
    assert channels["requests"]["bindings"]["amqp"]["exchange"]["name"] == "crm.requests"
    assert channels["failed"]["address"] == "greet.v1.failed.{client}"
    assert channels["failed"]["bindings"]["amqp"]["exchange"]["name"] == "crm.results"
    assert list(channels["replies"]["messages"]) == ["succeeded", "review", "failed", "cancelled"]


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (job(), "succeeded"),
        (job(result=Result(b'{"greeting":"Hi","tone":"COOL"}', verdict=Verdict.NEEDS_REVIEW)), "review"),
        (job(state=State.FAILED, result=None, error=JobError.of(ModelRefused())), "failed"),
        (job(state=State.CANCELLED, result=None, error=JobError.of(ModelRefused())), "cancelled"),
    ],
)
def test_what_is_published_is_what_the_document_says(made: Job, message: str) -> None:
    document = asyncapi()
    answer = answer_of(made)

    described = document["components"]["messages"][message]
    assert described["contentType"] == answer.content_type
    assert described["bindings"]["amqp"]["messageType"] == answer.type
    assert answer.headers.keys() <= described["headers"]["properties"].keys()
    headers = jsonschema_rs.validator_for(described["headers"])
    assert [str(one) for one in headers.iter_errors({"message_id": "m", **answer.headers})] == []
    payload_validator(document, message).validate(exact_json.loads(answer.body))


def test_a_document_that_breaks_the_contract_breaks_the_described_payload() -> None:
    validator = payload_validator(asyncapi(), "succeeded")

    assert not validator.is_valid({"greeting": "Hi", "tone": "RUDE"})


def test_an_answer_that_recorded_nothing_is_described_too() -> None:
    answer = answer_of_error(ModelRefused(), task="greet", client="default")

    payload_validator(asyncapi(), "failed").validate(exact_json.loads(answer.body))


def test_envelopes_are_described_where_the_task_sends_them() -> None:
    document = asyncapi(task_yaml=TASK + "results: {body: envelope}\n")
    answer = answer_of(job(), body_mode="envelope")

    assert document["components"]["messages"]["succeeded"]["contentType"] == answer.content_type
    payload_validator(document, "succeeded").validate(exact_json.loads(answer.body))


def test_the_input_schema_has_the_record_where_the_task_looks_for_it() -> None:
    task = build(task_yaml=TASK.replace("json: {}", "json: {select: /message/a~1b}")).task
    schema = export(task, prefix="adapter", java="none").documents["greet/input.schema.json"]
    validator = jsonschema_rs.validator_for(dict(schema))

    assert validator.is_valid({"message": {"a/b": {"name": "Ada"}}})
    assert not validator.is_valid({"message": {"a/b": {}}})
    assert not validator.is_valid({"name": "Ada"})


def test_a_task_that_takes_no_json_has_no_input_class_and_says_so() -> None:
    task = build(task_yaml=TASK.replace("json: {}", "text: {field: name}")).task
    exported = export(task, prefix="adapter", java="records")

    assert list(exported.sources) == ["java/llmadapter/greet/GreetOutput.java"]
    assert exported.remarks == ("no class for the input: greet takes no JSON record, but text",)


def test_input_and_output_of_one_title_are_two_classes() -> None:
    titled = ('"type": "object"', '"title": "Greeting", "type": "object"')
    same = build(input_schema_json=INPUT.replace(*titled), output_schema_json=OUTPUT.replace(*titled)).task
    exported = export(same, prefix="adapter", java="beans", package="com.acme")

    assert list(exported.sources) == ["java/com/acme/GreetInput.java", "java/com/acme/Greeting.java"]


def test_references_follow_a_schema_to_its_new_place() -> None:
    inner = {"a": {"default": {"$ref": "#/x"}}}
    schema = {"$schema": "s", "properties": {"$ref": {"$ref": "#/$defs/a"}}, "$defs": inner}

    assert embedded(schema, "/components/x") == {
        "properties": {"$ref": {"$ref": "#/components/x/$defs/a"}},
        "$defs": inner,
    }
    assert below({"$ref": "#"}, "/a")["properties"]["a"] == {"$ref": "#/properties/a"}

"""What is published of an outcome is what the contract says a consumer receives."""

import json
from decimal import Decimal
from typing import Any

import pytest

from adapter.domain.job import JobError, State, Verdict
from adapter.domain.usage import Usage
from adapter.errors import Cancelled, PayloadUnreadable, RequestIdReused, Retryable, Violation
from adapter.service.answers import answer_of, answer_of_error, result_key, result_route, result_type
from tests.unit.answers.jobs import DOCUMENT, failed, succeeded


def envelope(body: bytes) -> dict[str, Any]:
    """Read an envelope with its exact numbers."""
    document: dict[str, Any] = json.loads(body, parse_float=Decimal)
    return document


# --- bodies -------------------------------------------------------------------------------------------


def test_a_success_is_the_document_alone_byte_for_byte() -> None:
    answer = answer_of(succeeded())
    assert (answer.body, answer.content_type) == (DOCUMENT, "application/json")


def test_a_repaired_success_is_the_document_too() -> None:
    assert answer_of(succeeded(Verdict.ACCEPTED_REPAIRED)).body == DOCUMENT


def test_a_success_as_envelope_holds_the_document_with_its_exact_digits() -> None:
    answer = answer_of(succeeded(), body_mode="envelope")
    assert answer.content_type == "application/vnd.llm-adapter.job"
    assert DOCUMENT in answer.body
    assert envelope(answer.body)["result"]["output"]["z"] == Decimal("1.10")


def test_a_review_is_always_an_envelope() -> None:
    answer = answer_of(succeeded(Verdict.NEEDS_REVIEW))
    assert answer.content_type == "application/vnd.llm-adapter.review"
    assert envelope(answer.body)["result"]["verdict"] == "NEEDS_REVIEW"
    assert answer.headers["llm-outcome"] == "review"
    assert answer.type == "classify-ticket.v2.review"


@pytest.mark.parametrize("body_mode", ["document", "envelope"])
def test_a_failure_is_always_an_envelope(body_mode: Any) -> None:
    answer = answer_of(failed(), body_mode=body_mode)
    assert answer.content_type == "application/vnd.llm-adapter.failure"
    shown = envelope(answer.body)
    assert shown["state"] == "FAILED"
    assert shown["error"]["reason"] == "OUTPUT_INVALID"
    assert shown["error"]["retryable"] == "NO"
    assert shown["error"]["violations"] == [{"pointer": "/a", "rule": "required", "message": "a is required"}]
    assert "result" not in shown


def test_a_cancellation_is_a_failure_envelope_with_its_own_outcome() -> None:
    answer = answer_of(failed(state=State.CANCELLED, error=JobError.of(Cancelled())))
    assert answer.content_type == "application/vnd.llm-adapter.failure"
    assert answer.type == "classify-ticket.v2.cancelled"
    assert envelope(answer.body)["state"] == "CANCELLED"


def test_the_envelope_has_the_names_of_the_job() -> None:
    shown = envelope(answer_of(succeeded(), body_mode="envelope").body)
    assert list(shown) == [
        *("job_id", "request_id", "client", "task", "task_version", "task_hash", "state", "result"),
        *("usage", "attempts", "revision", "create_time", "start_time", "finish_time", "labels"),
    ]
    assert list(shown["result"]) == ["output", "content_type", "verdict", "changes", "findings"]
    assert shown["result"]["changes"] == [
        {"pointer": "/z", "rule": "number-as-text", "from_json": '"1.10"', "to_json": "1.10"}
    ]
    assert shown["result"]["findings"][0]["severity"] == "REVIEW"
    assert shown["create_time"] == "2026-11-23T12:00:00Z"
    assert shown["labels"] == {"tenant": "north"}


def test_the_envelope_counts_in_numbers_and_pays_in_exact_decimals() -> None:
    shown = envelope(answer_of(succeeded(), body_mode="envelope").body)
    assert shown["usage"] == {
        "input_tokens": 100,
        "cached_input_tokens": 10,
        "output_tokens": 20,
        "reasoning_tokens": 5,
        "model_calls": 2,
        "cost": "0.0000125",
        "currency": "USD",
        "model_time": "1.5s",
        "overhead_time": "0.25s",
    }
    assert shown["attempts"][0]["reason"] == "OUTPUT_INVALID"
    assert shown["attempts"][1]["duration"] == "1.5s"


# --- headers ------------------------------------------------------------------------------------------


def test_a_success_has_the_headers_of_the_contract() -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    assert dict(answer_of(succeeded(traceparent=parent)).headers) == {
        "llm-outcome": "succeeded",
        "llm-job-id": "job-1",
        "llm-request-id": "id-1",
        "llm-task-version": "2.1.0",
        "llm-task-hash": "abc",
        "llm-verdict": "ACCEPTED",
        "llm-model": "cloud",
        "llm-attempts": 2,
        "llm-change-count": 1,
        "llm-finding-count": 1,
        "llm-revision": 1,
        "llm-deduplicated": True,
        "llm-input-tokens": 100,
        "llm-output-tokens": 20,
        "llm-cost": "0.0000125",
        "llm-label-tenant": "north",
        "traceparent": parent,
    }


def test_a_failure_says_its_reason_and_no_verdict() -> None:
    headers = answer_of(failed()).headers
    assert headers["llm-reason"] == "OUTPUT_INVALID"
    assert "llm-verdict" not in headers


def test_a_request_without_id_is_not_deduplicated() -> None:
    headers = answer_of(succeeded(request_id="")).headers
    assert headers["llm-deduplicated"] is False
    assert "llm-request-id" not in headers


def test_no_price_is_no_cost() -> None:
    assert "llm-cost" not in answer_of(succeeded(usage=Usage())).headers


def test_headers_are_strings_integers_and_booleans_of_at_most_1024_bytes() -> None:
    answer = answer_of(succeeded(labels={"long": "ä" * 2000, "plain": "x"}))
    assert all(type(value) in {str, int, bool} for value in answer.headers.values())
    assert answer.headers["llm-label-long"] == "ä" * 512


# --- addresses ----------------------------------------------------------------------------------------


def test_the_routing_key_says_task_major_outcome_and_client() -> None:
    assert answer_of(succeeded()).result_key == "classify-ticket.v2.succeeded.crm"


@pytest.mark.parametrize(
    ("client", "slug"),
    [
        ("crm", "crm"),
        ("CRM West", "crm-west"),
        ("a.b*#", "a-b"),
        ("", "default"),
        ("Ä", "default"),
        ("x" * 99, "x" * 64),
    ],
)
def test_a_client_in_a_routing_key_is_lower_case_without_dots(client: str, slug: str) -> None:
    assert result_key("t", "1.0.0", "failed", client) == f"t.v1.failed.{slug}"


@pytest.mark.parametrize("version", ["", "x", "-1.0"])
def test_no_version_is_v0(version: str) -> None:
    assert result_type("t", version, "failed") == "t.v0.failed"


@pytest.mark.parametrize("task", ["", "A.b", "#", "x" * 65, "\udcff"])
def test_what_is_no_task_name_is_unknown_in_a_routing_key(task: str) -> None:
    assert result_type(task, "", "failed") == "unknown.v0.failed"


def test_the_result_route_is_keyed_by_the_outcome() -> None:
    route = result_route("adapter.results", "c-1")
    assert (route.exchange, route.correlation_id, route.keyed_by_outcome) == ("adapter.results", "c-1", True)


# --- too large ----------------------------------------------------------------------------------------


def test_a_result_that_is_too_large_is_told_of_as_a_failure() -> None:
    answer = answer_of(succeeded(), max_body_bytes=len(DOCUMENT) - 1)
    assert answer.content_type == "application/vnd.llm-adapter.failure"
    assert (answer.headers["llm-outcome"], answer.headers["llm-reason"]) == ("failed", "RESULT_TOO_LARGE")
    assert answer.result_key == "classify-ticket.v2.failed.crm"
    shown = envelope(answer.body)
    assert shown["error"]["reason"] == "RESULT_TOO_LARGE"
    assert shown["state"] == "SUCCEEDED"
    assert "result" not in shown
    assert answer.remark is not None
    assert answer.remark.reason == "RESULT_TOO_LARGE"


def test_a_result_of_exactly_the_limit_is_sent() -> None:
    answer = answer_of(succeeded(), max_body_bytes=len(DOCUMENT))
    assert answer.body == DOCUMENT
    assert answer.remark is None


def test_a_failure_that_is_too_large_keeps_its_reason() -> None:
    violations = tuple(Violation(f"/{number}", "rule", "m" * 100) for number in range(1000))
    error = JobError("OUTPUT_INVALID", "message", Retryable.NO, violations)
    answer = answer_of(failed(error=error), max_body_bytes=50_000)
    assert len(answer.body) < 50_000
    assert answer.headers["llm-reason"] == "OUTPUT_INVALID"
    assert len(envelope(answer.body)["error"]["violations"]) == 20


# --- answers that record nothing ----------------------------------------------------------------------


def test_a_refused_request_is_answered_in_the_form_of_a_failure() -> None:
    error = PayloadUnreadable("No gzip.", violations=[Violation("", "encoding", "gzip")])
    answer = answer_of_error(error, task="classify-ticket@9", client="crm", request_id="id-1")
    assert answer.content_type == "application/vnd.llm-adapter.failure"
    assert answer.type == "classify-ticket.v0.failed"
    assert answer.result_key == "classify-ticket.v0.failed.crm"
    assert dict(answer.headers) == {
        "llm-outcome": "failed",
        "llm-reason": "PAYLOAD_UNREADABLE",
        "llm-deduplicated": False,
        "llm-request-id": "id-1",
    }
    shown = envelope(answer.body)
    assert shown["state"] == "FAILED"
    assert (shown["task"], shown["request_id"], shown["client"]) == ("classify-ticket", "id-1", "crm")
    assert shown["error"]["message"] == "No gzip."


def test_a_version_that_was_resolved_is_in_the_type() -> None:
    answer = answer_of_error(PayloadUnreadable(), task="t", client="crm", task_version="3.0.1")
    assert answer.type == "t.v3.failed"


def test_the_job_that_had_the_id_first_is_named() -> None:
    answer = answer_of_error(RequestIdReused(metadata={"job_id": "job-7"}), task="t", client="crm")
    assert answer.headers["llm-job-id"] == envelope(answer.body)["job_id"] == "job-7"


def test_undecodable_names_are_answered_all_the_same() -> None:
    answer = answer_of_error(PayloadUnreadable(), task="\udcff", client="\udc80", request_id="a\udcff")
    assert envelope(answer.body)["request_id"] == "a\\udcff"
    assert answer.headers["llm-request-id"] == "a\\udcff"

"""What comes out of a job, and what never does."""

import pydoc
from dataclasses import dataclass
from decimal import Decimal

import pytest
from llm_adapter import AdapterClient, AdapterError, AsyncAdapterClient, Job, State, Tls, Verdict
from llm_adapter.calls import cancel, get, list_jobs, run, submit
from llm_adapter.v1 import job_pb2
from pydantic import BaseModel

CONTENT = b'{"total":1234567890123456789.10,"lines":12345678901234567890}'


def succeeded(content: bytes = CONTENT, verdict: "job_pb2.Verdict.ValueType" = job_pb2.VERDICT_ACCEPTED) -> Job:
    result = job_pb2.Result(content=content, verdict=verdict)
    return Job(job_pb2.Job(job_id="j-1", state=job_pb2.STATE_SUCCEEDED, result=result))


class Invoice(BaseModel):
    total: Decimal
    lines: int


@dataclass
class Plain:
    total: Decimal
    lines: int


def test_numbers_keep_their_digits() -> None:
    assert succeeded().document() == {"total": Decimal("1234567890123456789.10"), "lines": 12345678901234567890}


def test_the_document_becomes_a_pydantic_class_with_exact_decimals() -> None:
    invoice = succeeded().into(Invoice)

    assert invoice == Invoice(total=Decimal("1234567890123456789.10"), lines=12345678901234567890)


def test_the_document_becomes_what_any_callable_makes_of_it() -> None:
    assert succeeded().into(lambda document: Plain(**document)).total == Decimal("1234567890123456789.10")


def test_the_bytes_are_those_that_were_published() -> None:
    assert succeeded().content == CONTENT


@pytest.mark.parametrize("verdict", [job_pb2.VERDICT_NEEDS_REVIEW, job_pb2.VERDICT_UNSPECIFIED])
def test_a_document_that_is_not_accepted_comes_out_only_on_request(verdict: "job_pb2.Verdict.ValueType") -> None:
    job = succeeded(b'{"a":1}', verdict)

    with pytest.raises(AdapterError) as failed:
        job.document()

    assert failed.value.reason == "REVIEW_NEEDED"
    assert job.accepting_review().document() == {"a": 1}


def test_a_failed_job_raises_its_error_instead_of_a_document() -> None:
    error = job_pb2.JobError(reason="OUTPUT_INVALID", message="…", violations=[job_pb2.Violation(pointer="/a")])
    job = Job(job_pb2.Job(job_id="j-1", state=job_pb2.STATE_FAILED, error=error), accepts_review=True)

    with pytest.raises(AdapterError) as failed:
        job.into(Invoice)

    assert (failed.value.reason, failed.value.job_id) == ("OUTPUT_INVALID", "j-1")
    assert failed.value.violations[0].pointer == "/a"


def test_an_unfinished_job_says_so() -> None:
    job = Job(job_pb2.Job(job_id="j-1", state=job_pb2.STATE_RUNNING))

    with pytest.raises(AdapterError) as failed:
        _ = job.content

    assert (failed.value.reason, failed.value.is_retryable) == ("NOT_FINISHED", True)
    assert not job.is_finished


def test_states_and_verdicts_of_a_newer_adapter_do_not_break_the_client() -> None:
    job = Job(job_pb2.Job(state=77, result=job_pb2.Result(verdict=77)))  # type: ignore[arg-type]  # of a newer adapter

    assert (job.state, job.verdict) == (State.UNSPECIFIED, Verdict.UNSPECIFIED)


@pytest.mark.parametrize("plan", [run, submit])
def test_each_call_makes_a_request_id_of_its_own_unless_it_is_given_one(plan: object) -> None:
    assert callable(plan)
    first, second, named = plan("t", b""), plan("t", b""), plan("t", b"", request_id="order-1")

    assert first.request.request_id
    assert first.request.request_id != second.request.request_id
    assert named.request.request_id == "order-1"


@pytest.mark.parametrize("plan", [get, cancel])
def test_a_job_is_named_by_exactly_one_id(plan: object) -> None:
    assert callable(plan)
    for ids in ({}, {"job_id": "a", "request_id": "b"}):
        with pytest.raises(ValueError, match="one of them"):
            plan(**ids)


def test_a_time_without_a_zone_is_refused() -> None:
    from datetime import datetime  # noqa: PLC0415 - only here

    with pytest.raises(ValueError, match="time zone"):
        list_jobs(created_from=datetime(2026, 1, 1))  # noqa: DTZ001 - what is refused


@pytest.mark.parametrize("kind", [AdapterClient, AsyncAdapterClient])
def test_options_that_make_no_sense_are_refused(kind: type[AdapterClient] | type[AsyncAdapterClient]) -> None:
    for options in ({"timeout_seconds": 0}, {"most_tries": 0}, {"tls": Tls(certificate_file="a.pem")}):
        with pytest.raises(ValueError, match=r"timeout_seconds|together"):
            kind("127.0.0.1:1", **options)


@pytest.mark.parametrize("kind", [AdapterClient, AsyncAdapterClient])
def test_help_tells_what_a_method_takes_and_gives(kind: type[AdapterClient] | type[AsyncAdapterClient]) -> None:
    shown = pydoc.render_doc(kind.run, renderer=pydoc.TextDoc())

    assert "self" in shown
    assert "request_id: str = ''" in shown
    assert "-> llm_adapter.job.Job" in shown
    assert "accept_review: return a document that a person has to look at" in shown

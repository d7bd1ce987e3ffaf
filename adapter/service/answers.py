"""What is published of an outcome: body, type and headers. Pure; where it goes is the route's to say."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from adapter.domain.job import Job, JobError, Route, State, Verdict
from adapter.domain.message import Answer, HeaderValue
from adapter.domain.publication import REVISION_HEADER
from adapter.errors import AdapterError, ResultTooLarge
from adapter.service.envelope import decimal_text, envelope_of, envelope_of_refusal, plain_text
from adapter.tasks.definition import TASK_NAME

DOCUMENT = "application/json"
# All are JSON. The types keep a Java converter, which ignores unknown fields, from filling a result class with nulls.
ENVELOPE = "application/vnd.llm-adapter.job"
REVIEW = "application/vnd.llm-adapter.review"
FAILURE = "application/vnd.llm-adapter.failure"
MAX_HEADER_BYTES = 1024
"""Java clients show a longer string as LongString, which is no String."""
MAX_BODY_BYTES = 16_000_000
"""Brokers from 4.0 take messages of 16 MiB at most."""
UNKNOWN_TASK = "unknown"

_NOT_IN_A_KEY = re.compile(r"[^a-z0-9-]+")
_MAX_NAME = 64
_VIOLATIONS_SHOWN = 20


def answer_of(
    job: Job,
    *,
    body_mode: Literal["document", "envelope"] = "document",
    deduplicated: bool | None = None,
    model: str = "",
    max_body_bytes: int = MAX_BODY_BYTES,
) -> Answer:
    """Answer with the outcome of a job that has one.

    deduplicated None: it is if it has a request id. model "": the one of the last attempt. A body over max_body_bytes
    is replaced by a failure RESULT_TOO_LARGE, with the outcome `failed` on the wire; that is its remark, too.
    """
    body, content_type = _body(job, body_mode)
    outcome = job.wire_outcome
    remark = None
    if len(body) > max_body_bytes:
        remark = _too_large(len(body), max_body_bytes) if job.error is None else None
        job = _shortened(job, remark)
        body, content_type = envelope_of(job), FAILURE
        outcome = job.wire_outcome if job.state is State.CANCELLED else State.FAILED.lower()
    headers = {
        "llm-outcome": outcome,
        "llm-reason": job.error.reason if job.error else "",
        "llm-deduplicated": bool(job.request_id) if deduplicated is None else deduplicated,
        "llm-model": model or (job.attempts[-1].model if job.attempts else ""),
        "traceparent": job.traceparent,
        **_headers_of(job),
    }
    answer = _answer(job.task, job.task_version, job.client, outcome, body, content_type, headers)
    return replace(answer, remark=remark)


def answer_of_error(
    error: AdapterError,
    *,
    task: str,
    client: str,
    request_id: str = "",
    task_version: str = "",
    labels: Mapping[str, str] | None = None,
    traceparent: str = "",
) -> Answer:
    """Answer with an error that records nothing: there is no job of its own, but the same form of failure.

    task is what was asked for, with or without a version; task_version is the one that was resolved, "" = none.
    """
    name = task.partition("@")[0]
    job_id = error.metadata.get("job_id", "")
    body = envelope_of_refusal(
        JobError.of(error),
        request_id=request_id,
        client=client,
        task=name[:_MAX_NAME],
        job_id=job_id,
        labels=labels or {},
    )
    outcome = State.FAILED.lower()
    headers: dict[str, HeaderValue] = {
        "llm-outcome": outcome,
        "llm-reason": error.reason,
        "llm-deduplicated": False,
        "llm-job-id": job_id,
        "llm-request-id": request_id,
        "llm-task-version": task_version,
        "traceparent": traceparent,
        **_label_headers(labels or {}),
    }
    return _answer(name, task_version, client, outcome, body, FAILURE, headers)


def result_key(task: str, task_version: str, outcome: str, client: str) -> str:
    """Routing key on the result exchange: `<task>.v<major>.<outcome>.<client>`; client in [a-z0-9-]."""
    slug = _NOT_IN_A_KEY.sub("-", client.lower()).strip("-")[:_MAX_NAME]
    return f"{result_type(task, task_version, outcome)}.{slug or 'default'}"


def result_type(task: str, task_version: str, outcome: str) -> str:
    """Message type: `<task>.v<major>.<outcome>`; v0 when no version was resolved."""
    major = task_version.partition(".")[0]
    name = task if TASK_NAME.match(task) else UNKNOWN_TASK
    return f"{name}.v{major if major.isdecimal() else 0}.{outcome}"


def result_route(results_exchange: str, correlation_id: str) -> Route:
    """The result exchange, whose routing key only the outcome knows."""
    return Route(results_exchange, "", correlation_id, keyed_by_outcome=True)


def _body(job: Job, body_mode: str) -> tuple[bytes, str]:
    if job.result is None:
        return envelope_of(job), FAILURE
    if job.result.verdict is Verdict.NEEDS_REVIEW:
        return envelope_of(job), REVIEW
    if body_mode == "envelope":
        return envelope_of(job), ENVELOPE
    return job.result.content, DOCUMENT


def _too_large(size: int, limit: int) -> JobError:
    message = f"The result has {size} bytes, a message may have {limit}. {ResultTooLarge().message}"
    return JobError.of(ResultTooLarge(message))


def _shortened(job: Job, remark: JobError | None) -> Job:
    """Leave out what is long: GetJob has it. A failure keeps its reason and its first violations."""
    error = job.error and replace(job.error, violations=job.error.violations[:_VIOLATIONS_SHOWN])
    return replace(job, result=None, error=error or remark)


def _headers_of(job: Job) -> dict[str, HeaderValue]:
    result = job.result
    return {
        "llm-job-id": job.job_id,
        "llm-request-id": job.request_id,
        "llm-task-version": job.task_version,
        "llm-task-hash": job.task_hash,
        REVISION_HEADER: job.revision,
        "llm-verdict": result.verdict.value if result else "",
        "llm-attempts": len(job.attempts),
        "llm-change-count": len(result.changes) if result else 0,
        "llm-finding-count": len(result.findings) if result else 0,
        "llm-input-tokens": job.usage.input_tokens,
        "llm-output-tokens": job.usage.output_tokens,
        "llm-cost": decimal_text(job.usage.cost),
        **_label_headers(job.labels),
    }


def _label_headers(labels: Mapping[str, str]) -> dict[str, HeaderValue]:
    return {f"llm-label-{name}": value for name, value in labels.items()}


def _answer(
    task: str,
    task_version: str,
    client: str,
    outcome: str,
    body: bytes,
    content_type: str,
    headers: Mapping[str, HeaderValue],
) -> Answer:
    return Answer(
        body=body,
        content_type=content_type,
        type=result_type(task, task_version, outcome),
        headers={plain_text(name): _bounded(value) for name, value in headers.items() if value != ""},
        result_key=result_key(task, task_version, outcome, client),
    )


def _bounded(value: HeaderValue) -> HeaderValue:
    if not isinstance(value, str):
        return value
    return plain_text(value).encode()[:MAX_HEADER_BYTES].decode(errors="ignore")

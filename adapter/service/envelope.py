"""The JSON form of a job: snake_case names, RFC 3339 times, bare enum values, the output document itself inside."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from adapter.domain import exact_json
from adapter.domain.job import Attempt, Job, JobError, Result, State
from adapter.domain.usage import Usage


def envelope_of(job: Job) -> bytes:
    """Write a job. Parts that it does not have are left out."""
    envelope: dict[str, Any] = {
        "job_id": job.job_id,
        "request_id": plain_text(job.request_id),
        "client": plain_text(job.client),
        "task": plain_text(job.task),
        "task_version": job.task_version,
        "task_hash": job.task_hash,
        "state": job.state.value,
        "result": _result(job.result) if job.result else None,
        "error": _error(job.error) if job.error else None,
        "usage": _usage(job.usage),
        "attempts": [_attempt(attempt) for attempt in job.attempts],
        "revision": job.revision,
        "create_time": rfc3339(job.create_time),
        "start_time": rfc3339(job.start_time),
        "finish_time": rfc3339(job.finish_time),
        "labels": {plain_text(name): plain_text(value) for name, value in job.labels.items()},
        "remark": _error(job.remark) if job.remark else None,
    }
    return exact_json.dumps({name: value for name, value in envelope.items() if value is not None})


def envelope_of_refusal(
    error: JobError, *, request_id: str, client: str, task: str, job_id: str, labels: Mapping[str, str]
) -> bytes:
    """Write an error that records nothing in the form of a failed job; job_id "" = there is none."""
    envelope: dict[str, Any] = {
        "job_id": job_id,
        "request_id": plain_text(request_id),
        "client": plain_text(client),
        "task": plain_text(task),
        "state": State.FAILED.value,
        "error": _error(error),
        "labels": {plain_text(name): plain_text(value) for name, value in labels.items()},
    }
    return exact_json.dumps(envelope)


def plain_text(text: str) -> str:
    """Text that JSON and AMQP can carry: bytes that came undecoded (lone surrogates) become escapes."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def rfc3339(time: datetime | None) -> str | None:
    """UTC with a Z, to the microsecond."""
    return None if time is None else time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def decimal_text(cost: object) -> str:
    """A cost without an exponent, "" = no price is configured."""
    return "" if cost is None else f"{cost:f}"


def _result(result: Result) -> Mapping[str, Any]:
    return {
        "output": orjson.Fragment(result.content),
        "content_type": result.content_type,
        "verdict": result.verdict.value,
        "changes": [
            {
                "pointer": change.pointer,
                "rule": change.rule,
                "from_json": change.from_json,
                "to_json": change.to_json,
            }
            for change in result.changes
        ],
        "findings": [
            {
                "code": finding.code,
                "pointer": finding.pointer,
                "message": finding.message,
                "severity": finding.severity.value,
            }
            for finding in result.findings
        ],
    }


def _error(error: JobError) -> Mapping[str, Any]:
    return {
        "reason": error.reason,
        "message": plain_text(error.message),
        "retryable": error.retryable.value,
        "violations": [
            {
                "pointer": plain_text(violation.pointer),
                "rule": plain_text(violation.rule),
                "message": plain_text(violation.message),
            }
            for violation in error.violations
        ],
    }


def _usage(usage: Usage) -> Mapping[str, Any]:
    return {
        "input_tokens": usage.input_tokens,
        "cached_input_tokens": usage.cached_input_tokens,
        "output_tokens": usage.output_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "model_calls": usage.model_calls,
        "cost": decimal_text(usage.cost),
        "currency": usage.currency,
        "model_time": _duration(usage.model_seconds),
        "overhead_time": _duration(usage.overhead_seconds),
    }


def _attempt(attempt: Attempt) -> Mapping[str, Any]:
    return {
        "model": attempt.model,
        "served_model": plain_text(attempt.served_model),
        "system_fingerprint": plain_text(attempt.system_fingerprint),
        "mode": attempt.mode,
        "finish_reason": attempt.finish_reason,
        "usage": _usage(attempt.usage),
        "start_time": rfc3339(attempt.start_time),
        "duration": _duration(attempt.duration_seconds),
        "reason": attempt.reason,
        "unsent_parameters": list(attempt.unsent_parameters),
    }


def _duration(seconds: float) -> str:
    """A duration as protobuf's JSON writes it: seconds with an s."""
    return f"{max(0.0, seconds):.6f}".rstrip("0").rstrip(".") + "s"

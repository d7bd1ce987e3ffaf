"""Jobs and their parts as the messages of the contract."""

from datetime import datetime
from decimal import Decimal

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from llm_adapter.v1 import job_pb2

from adapter.domain.job import Attempt, Change, Finding, Job, JobError, Result
from adapter.domain.progress import Progress
from adapter.domain.usage import Usage
from adapter.errors import Violation
from adapter.inbound.grpc.enums import PROGRESS_KINDS, RETRYABLE, SEVERITIES, STATES, VERDICTS
from adapter.inbound.grpc.text import foreign_text


def job_message(job: Job) -> job_pb2.Job:
    """Return a job with everything that callers see of it."""
    return job_pb2.Job(
        job_id=job.job_id,
        request_id=foreign_text(job.request_id),
        client=foreign_text(job.client),
        task=foreign_text(job.task),
        task_version=job.task_version,
        task_hash=job.task_hash,
        state=STATES[job.state],
        result=None if job.result is None else _result(job.result),
        error=None if job.error is None else _error(job.error),
        usage=_usage(job.usage),
        attempts=[_attempt(attempt) for attempt in job.attempts],
        revision=job.revision,
        create_time=timestamp(job.create_time),
        start_time=timestamp(job.start_time),
        finish_time=timestamp(job.finish_time),
        labels={foreign_text(key): foreign_text(value) for key, value in job.labels.items()},
        remark=None if job.remark is None else _error(job.remark),
    )


def progress_message(progress: Progress) -> job_pb2.Progress:
    """Return one step of a running job."""
    return job_pb2.Progress(
        job_id=progress.job_id,
        kind=PROGRESS_KINDS[progress.kind],
        model=progress.model,
        detail=foreign_text(progress.detail),
    )


def timestamp(time: datetime | None) -> Timestamp | None:
    """Return a point in time; None stays unset."""
    if time is None:
        return None
    message = Timestamp()
    message.FromDatetime(time)
    return message


def duration(seconds: float) -> Duration:
    """Return a span of time, exact to the microsecond."""
    message = Duration()
    message.FromMicroseconds(round(seconds * 1_000_000))
    return message


def _result(result: Result) -> job_pb2.Result:
    return job_pb2.Result(
        content=result.content,
        content_type=result.content_type,
        verdict=VERDICTS[result.verdict],
        changes=[_change(change) for change in result.changes],
        findings=[_finding(finding) for finding in result.findings],
    )


def _change(change: Change) -> job_pb2.Change:
    return job_pb2.Change(
        pointer=foreign_text(change.pointer),
        rule=change.rule,
        from_json=foreign_text(change.from_json),
        to_json=foreign_text(change.to_json),
    )


def _finding(finding: Finding) -> job_pb2.Finding:
    return job_pb2.Finding(
        code=finding.code,
        pointer=foreign_text(finding.pointer),
        message=foreign_text(finding.message),
        severity=SEVERITIES[finding.severity],
    )


def _error(error: JobError) -> job_pb2.JobError:
    return job_pb2.JobError(
        reason=error.reason,
        message=foreign_text(error.message),
        retryable=RETRYABLE[error.retryable],
        violations=[_violation(violation) for violation in error.violations],
    )


def _violation(violation: Violation) -> job_pb2.Violation:
    return job_pb2.Violation(
        pointer=foreign_text(violation.pointer), rule=violation.rule, message=foreign_text(violation.message)
    )


def _attempt(attempt: Attempt) -> job_pb2.Attempt:
    return job_pb2.Attempt(
        model=attempt.model,
        served_model=foreign_text(attempt.served_model),
        system_fingerprint=foreign_text(attempt.system_fingerprint),
        mode=attempt.mode,
        finish_reason=attempt.finish_reason,
        usage=_usage(attempt.usage),
        start_time=timestamp(attempt.start_time),
        duration=duration(attempt.duration_seconds),
        reason=attempt.reason,
        unsent_parameters=attempt.unsent_parameters,
    )


def _usage(usage: Usage) -> job_pb2.Usage:
    return job_pb2.Usage(
        input_tokens=usage.input_tokens,
        cached_input_tokens=usage.cached_input_tokens,
        output_tokens=usage.output_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        model_calls=usage.model_calls,
        cost=_decimal(usage.cost),
        currency=usage.currency,
        model_time=duration(usage.model_seconds),
        overhead_time=duration(usage.overhead_seconds),
    )


def _decimal(number: Decimal | None) -> str:
    # "f": a small cost is 0.0000001 and not 1E-7, which not every decimal parser reads.
    return "" if number is None else format(number, "f")

"""Rows of jobs and domain values, both ways."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Row

from adapter.domain.job import (
    Attempt,
    Change,
    Finding,
    Job,
    JobError,
    Origin,
    Outcome,
    Result,
    Severity,
    State,
    Verdict,
)
from adapter.domain.usage import Usage
from adapter.errors import Retryable, Violation
from adapter.outbound.sql import json_text
from adapter.outbound.sql.times import from_us, some_from_us, some_to_us
from adapter.ports import NewJob

Values = dict[str, object]  # of one row, by column


def request_values(new: NewJob) -> Values:
    """Columns that say how a request is to be worked on."""
    return {
        "origin": str(new.origin),
        "task_ref": new.task_ref,
        "model": new.model,
        "labels": json_text.write_some(new.labels),
        "deadline": some_to_us(new.deadline),
        "traceparent": new.traceparent,
        "tracestate": new.tracestate,
    }


def job_values(new: NewJob) -> Values:
    """Columns of a job that was just seen for the first time."""
    return {
        "job_id": new.job_id,
        "client": new.client,
        "request_id": new.request_id or None,
        "content_hash": new.content_hash,
        "task": new.task,
        "task_version": new.task_version,
        "task_hash": new.task_hash,
        **request_values(new),
    }


def outcome_values(outcome: Outcome, attempts: Sequence[Attempt]) -> Values:
    """Columns of an outcome, all of them, so that statements with them stay the same."""
    result, error = outcome.result, outcome.error
    return {
        "state": str(outcome.state),
        "verdict": str(result.verdict) if result else None,
        "reason": error.reason if error else None,
        "result": result.content if result else None,
        "result_type": result.content_type if result else None,
        "changes": json_text.write_some(result.changes) if result else None,
        "findings": json_text.write_some(result.findings) if result else None,
        "error": json_text.write_some(error),
        "usage": json_text.write(outcome.usage),
        "attempts": json_text.write_some(attempts),
    }


def new_of(row: Row[Any]) -> NewJob:
    """Return the request of a job's row."""
    return NewJob(
        job_id=row.job_id,
        client=row.client,
        request_id=row.request_id or "",
        content_hash=row.content_hash,
        origin=Origin(row.origin),
        task=row.task,
        task_ref=row.task_ref,
        task_version=row.task_version,
        task_hash=row.task_hash,
        model=row.model,
        labels=_labels(row),
        deadline=some_from_us(row.deadline),
        traceparent=row.traceparent,
        tracestate=row.tracestate,
    )


def fresh_job(new: NewJob, state: State, times: Row[Any]) -> Job:
    """Return the job of a row that was inserted just now, given its create and start time."""
    return Job(
        job_id=new.job_id,
        request_id=new.request_id,
        client=new.client,
        task=new.task,
        task_version=new.task_version,
        task_hash=new.task_hash,
        state=state,
        revision=1,
        create_time=from_us(times.create_time),
        labels=new.labels,
        start_time=some_from_us(times.start_time),
        traceparent=new.traceparent,
    )


def job_of(row: Row[Any], attempts: Sequence[Attempt] | None = None) -> Job:
    """Return the job of a row; attempts are those stored with its outcome unless given."""
    if attempts is None:
        attempts = [_attempt(item) for item in json_text.read_some(row.attempts)]
    return Job(
        job_id=row.job_id,
        request_id=row.request_id or "",
        client=row.client,
        task=row.task,
        task_version=row.task_version,
        task_hash=row.task_hash,
        state=State(row.state),
        revision=row.revision,
        create_time=from_us(row.create_time),
        labels=_labels(row),
        result=_result(row),
        error=_error(row.error),
        usage=usage_of(json_text.read(row.usage)) if row.usage else Usage(),
        attempts=tuple(attempts),
        start_time=some_from_us(row.start_time),
        finish_time=some_from_us(row.finish_time),
        remark=_error(row.remark),
        traceparent=row.traceparent,
    )


def usage_of(document: Mapping[str, Any]) -> Usage:
    """Read a usage from its JSON."""
    cost = document["cost"]
    return Usage(**{**document, "cost": None if cost is None else Decimal(cost)})


def _labels(row: Row[Any]) -> Mapping[str, str]:
    return json_text.read(row.labels) if row.labels else {}


def _result(row: Row[Any]) -> Result | None:
    if row.result is None:
        return None
    return Result(
        content=bytes(row.result),
        verdict=Verdict(row.verdict),
        changes=tuple(Change(**item) for item in json_text.read_some(row.changes)),
        findings=tuple(
            Finding(**{**item, "severity": Severity(item["severity"])}) for item in json_text.read_some(row.findings)
        ),
        content_type=row.result_type,
    )


def _error(text: str | None) -> JobError | None:
    if text is None:
        return None
    document = json_text.read(text)
    return JobError(
        reason=document["reason"],
        message=document["message"],
        retryable=Retryable(document["retryable"]),
        violations=tuple(Violation(**item) for item in document["violations"]),
    )


def _attempt(document: Mapping[str, Any]) -> Attempt:
    return Attempt(
        **{
            **document,
            "usage": usage_of(document["usage"]),
            "start_time": datetime.fromisoformat(document["start_time"]),
            "unsent_parameters": tuple(document["unsent_parameters"]),
        }
    )

"""Jobs with an outcome."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from adapter.domain.job import Attempt, Change, Finding, Job, JobError, Result, Severity, State, Verdict
from adapter.domain.usage import Usage
from adapter.errors import OutputInvalid, Violation

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
USAGE = Usage(100, 10, 20, 5, 2, Decimal("0.0000125"), "USD", 1.5, 0.25)
DOCUMENT = b'{"z":1.10,"a":12345678901234567890123,"s":"\xc3\xa4"}'


def succeeded(verdict: Verdict = Verdict.ACCEPTED, **changes: Any) -> Job:
    """A job with a result."""
    attempt = Attempt("cloud", "gpt-5", "fp", "json_schema", "stop", USAGE, NOON, 1.5)
    job = Job(
        job_id="job-1",
        request_id="id-1",
        client="crm",
        task="classify-ticket",
        task_version="2.1.0",
        task_hash="abc",
        state=State.SUCCEEDED,
        revision=1,
        create_time=NOON,
        start_time=NOON,
        finish_time=NOON,
        labels={"tenant": "north"},
        result=Result(
            DOCUMENT,
            verdict,
            changes=(Change("/z", "number-as-text", '"1.10"', "1.10"),),
            findings=(Finding("ODD", "/a", "look", Severity.REVIEW),),
        ),
        usage=USAGE,
        attempts=(replace(attempt, reason="OUTPUT_INVALID"), attempt),
    )
    return replace(job, **changes)


def failed(**changes: Any) -> Job:
    """A job with an error."""
    error = JobError.of(OutputInvalid(violations=[Violation("/a", "required", "a is required")]))
    return succeeded(**{"state": State.FAILED, "result": None, "error": error, **changes})

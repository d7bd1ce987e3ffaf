"""A job: one run of one task for one request, from PENDING to its one outcome."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from adapter.domain.payload import Payload
from adapter.domain.usage import Usage
from adapter.errors import AdapterError, Retryable, Violation


class State(StrEnum):
    """Where a job stands. Legal moves: PENDING ⇄ RUNNING, RUNNING → an end, PENDING → CANCELLED."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def is_end(self) -> bool:
        """True when the job has its outcome."""
        return self in {State.SUCCEEDED, State.FAILED, State.CANCELLED}


class Verdict(StrEnum):
    """What we say of an output that satisfies its contract."""

    ACCEPTED = "ACCEPTED"
    ACCEPTED_REPAIRED = "ACCEPTED_REPAIRED"
    NEEDS_REVIEW = "NEEDS_REVIEW"


class Severity(StrEnum):
    """How much a finding weighs; REVIEW and above make the verdict NEEDS_REVIEW."""

    INFO = "INFO"
    REVIEW = "REVIEW"


class Origin(StrEnum):
    """How a job came in; submitted and queued jobs go on when nobody waits for them."""

    RUN = "run"
    SUBMITTED = "submitted"
    QUEUED = "queued"


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the ledger: what was changed in a reply, by which rule. JSON texts, "" = was or became absent."""

    pointer: str
    rule: str
    from_json: str
    to_json: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something worth a person's look in an output."""

    code: str
    pointer: str
    message: str
    severity: Severity


@dataclass(frozen=True, slots=True)
class Result:
    """The output document as JSON bytes, and what we say of it."""

    content: bytes
    verdict: Verdict
    changes: tuple[Change, ...] = ()
    findings: tuple[Finding, ...] = ()
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class JobError:
    """Why a job failed, for developers."""

    reason: str
    message: str
    retryable: Retryable
    violations: tuple[Violation, ...] = ()

    @classmethod
    def of(cls, error: AdapterError) -> "JobError":
        """Take what is recorded of an error."""
        return cls(error.reason, error.message, error.retryable, error.violations)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One model call that returned a reply, or during which its worker died (finish_reason "lost")."""

    model: str
    served_model: str
    system_fingerprint: str
    mode: str
    finish_reason: str
    usage: Usage
    start_time: datetime
    duration_seconds: float
    reason: str = ""
    unsent_parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """What callers see of a job. Times are UTC; request_id "" = none was given."""

    job_id: str
    request_id: str
    client: str
    task: str
    task_version: str
    task_hash: str
    state: State
    revision: int
    create_time: datetime
    labels: Mapping[str, str] = field(default_factory=dict)
    result: Result | None = None
    error: JobError | None = None
    usage: Usage = field(default_factory=Usage)
    attempts: tuple[Attempt, ...] = ()
    start_time: datetime | None = None
    finish_time: datetime | None = None
    remark: JobError | None = None
    """RESULT_TOO_LARGE or RESULT_UNDELIVERABLE, beside the outcome."""
    traceparent: str = ""
    """Of the request, for the headers of its answers."""

    @property
    def wire_outcome(self) -> str:
        """Name of the outcome on the wire: succeeded, review, failed or cancelled."""
        if self.result is not None and self.result.verdict is Verdict.NEEDS_REVIEW:
            return "review"
        return self.state.lower()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The one final state of a job: SUCCEEDED with a result, or FAILED or CANCELLED with an error."""

    state: State
    result: Result | None = None
    error: JobError | None = None
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class Route:
    """Where one answer goes: exchange and routing key, and the correlation id to echo (bytes as text, latin-1)."""

    exchange: str
    routing_key: str
    correlation_id: str = ""
    mandatory: bool = True
    keyed_by_outcome: bool = False
    """The result exchange: the routing key is not known before the outcome is, and is the answer's result_key."""


@dataclass(frozen=True, slots=True)
class JobRequest:
    """One request, whichever way it came. request_id "" = not deduplicated."""

    client: str
    task: str
    """`name`, `name@1` or `name@1.2.0`."""
    payload: Payload
    request_id: str = ""
    model: str = ""
    accept_review: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    deadline: datetime | None = None
    """The request's own deadline (llm-deadline, SubmitJob.deadline): after it the job is REQUEST_EXPIRED."""
    reply_to: Route | None = None
    """None = the result exchange."""
    correlation_id: str = ""
    traceparent: str = ""
    tracestate: str = ""

    @property
    def task_name(self) -> str:
        """Task without its version."""
        return self.task.partition("@")[0]

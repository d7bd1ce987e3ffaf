"""What the memory takes and gives: new jobs, claims, calls, filters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from adapter.domain.job import Job, Origin, Route, State, Verdict
from adapter.domain.model import Reply, Turn
from adapter.domain.payload import Payload

SUSPECT_CLAIMS = 2
"""A job that was claimed so often without an end is worked on alone once more, and after that not at all."""


@dataclass(frozen=True, slots=True)
class NewJob:
    """What a job's row is made of when its request is first seen."""

    job_id: str
    client: str
    request_id: str
    content_hash: str
    origin: Origin
    task: str
    task_ref: str
    """Task with the version as the caller asked for it."""
    task_version: str = ""
    task_hash: str = ""
    """What task_ref meant when the request came; the run writes it down again if that has changed."""
    model: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    deadline: datetime | None = None
    traceparent: str = ""
    tracestate: str = ""
    routes: tuple[Route, ...] = ()
    """Of a request by queue: where it wants its answer, should its message be lost."""


@dataclass(frozen=True, slots=True)
class StoredCall:
    """One model call as the memory has it. reply None and error "" = sent, and its worker died before an answer."""

    NOT_SENT: ClassVar[str] = "not sent: the model went away while the call was written down"
    """Error of a call that was given up before it left; it counts for nothing."""

    number: int
    model: str
    start_time: datetime
    duration_seconds: float = 0.0
    reply: Reply | None = None
    error: str = ""

    @property
    def was_sent(self) -> bool:
        """True unless it was given up before it left."""
        return self.error != self.NOT_SENT


@dataclass(frozen=True, slots=True)
class Claim:
    """A job taken for one run by this replica. Every later write of the run carries the token and is fenced by it."""

    job: Job
    token: int
    claims: int
    """How often the job was claimed without reaching an end, this claim included."""
    new: NewJob
    work_seconds: float = 0.0
    """Time already worked on it by earlier runs."""
    calls: tuple[StoredCall, ...] = ()
    payload: Payload | None = None
    """Set when the memory holds the payload (submitted, or turned into a ticket)."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """The job has its outcome already."""

    job: Job


@dataclass(frozen=True, slots=True)
class RunningNow:
    """A live replica works on the job. owner is its replica id."""

    job_id: str
    owner: str


@dataclass(frozen=True, slots=True)
class Suspect:
    """The job was claimed twice without an end, and may be why: it is claimed again only to be worked on alone."""

    job_id: str
    task: str


@dataclass(frozen=True, slots=True)
class IdReused:
    """The same client and request id came before with other content."""

    job_id: str


ClaimResult = Claim | Recorded | RunningNow | Suspect | IdReused


class ClaimLostError(Exception):
    """The claim's token is no longer the job's: another replica took over, or the job was ended. Write nothing."""


@dataclass(frozen=True, slots=True)
class JobFilter:
    """What ListJobs selects; empty = everything. Newest first."""

    task: str = ""
    states: Sequence[State] = ()
    verdict: Verdict | None = None
    reason: str = ""
    client: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    created_from: datetime | None = None
    created_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class CallDetail:
    """A call with its prompt and raw reply, for `jobs show`; the turns are empty once retention dropped them."""

    call: StoredCall
    turns: tuple[Turn, ...]

"""What operators do with finished jobs, many at a time: run them again, send their results again, erase them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from adapter.domain.job import Job, Origin, Route, State
from adapter.domain.message import Publication
from adapter.domain.payload import Payload
from adapter.ports.records import CallDetail, JobFilter


class Obstacle(StrEnum):
    """Why a job was left as it is."""

    NOT_FOUND = "NOT_FOUND"
    """It is gone: erased, or past its retention."""
    NOT_FINISHED = "NOT_FINISHED"
    """It has no outcome yet, or is being retried already."""
    CHANGED = "CHANGED"
    """It has a newer revision than the one that was selected."""
    PAYLOAD_NOT_KEPT = "PAYLOAD_NOT_KEPT"
    """There is nothing to run again: retention.payloads says which payloads are kept."""
    TASK_NOT_LOADED = "TASK_NOT_LOADED"
    """Its task is not loaded any more."""
    NEVER_PUBLISHED = "NEVER_PUBLISHED"
    """No message ever carried its result: it was asked for by gRPC alone."""
    RESULT_NOT_SENT = "RESULT_NOT_SENT"
    """Its result is still to be sent, and would be lost."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which finished jobs: those named, in either way, or all; and the filter must hold."""

    filter: JobFilter = field(default_factory=JobFilter)
    job_ids: Sequence[str] = ()
    request_ids: Sequence[str] = ()
    """Of filter.client, or of the default client."""


@dataclass(frozen=True, slots=True)
class PickedJob:
    """A finished job as it was selected."""

    job_id: str
    request_id: str
    client: str
    task: str
    state: State
    revision: int
    has_payload: bool
    has_unsent_result: bool
    traceparent: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """What a job waited for. until None: it waits still, or its worker died meanwhile."""

    reason: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class PastRevision:
    """An outcome that a newer revision took the place of, with its calls."""

    job: Job
    retry_time: datetime
    """When the next revision was made."""
    calls: Sequence[CallDetail]


@dataclass(frozen=True, slots=True)
class History:
    """What a job's story tells beside its newest revision, for people."""

    origin: Origin
    """How the request first came."""
    past: Sequence[PastRevision]
    """Outcomes that were retried, oldest first."""
    waits: Mapping[int, Sequence[Wait]]
    """What the job waited for, by revision; short waits are not noted."""


class OperatorStore(Protocol):
    """The part of the memory that operators change. Raises StoreUnavailable; each write is one transaction."""

    async def pick(self, selection: Selection, *, limit: int, token: str = "") -> tuple[Sequence[PickedJob], str]:
        """One batch, oldest first, and the token of the next ("" = last).

        Only jobs that had ended when the first batch was asked for: what ends later, a retried one too, is not met.
        """

    async def results_of(self, job_id: str) -> Sequence[Publication]:
        """The messages that carry the newest revision's outcome, as they were addressed; their bodies may be gone."""

    async def retry(
        self, job: PickedJob, ticket: Publication | None, routes: Sequence[Route], payload: Payload | None = None
    ) -> Obstacle | None:
        """Make the revision after job.revision, PENDING, to be answered on these routes; None = done.

        The outcome goes to the job's history. payload: what to run where the job's own is not kept. Once more for the
        same revision changes nothing, and is done too.
        """

    async def republish(self, job: Job, results: Sequence[Publication]) -> Obstacle | None:
        """Store messages of the job's outcome once more, to be sent by whoever finds them; the remark goes."""

    async def purge(self, job_id: str) -> Obstacle | None:
        """Erase a finished job with all that hangs on it: payload, calls, revisions, publications, parked messages."""

    async def history(self, job_id: str) -> History | None:
        """What came before, and what it waited for. None = no such job."""

    async def wait_began(self, job: Job, reason: str, since: datetime) -> None:
        """Note that a job waits."""

    async def wait_ended(self, job_id: str, since: datetime, until: datetime) -> None:
        """Note that it no longer does."""

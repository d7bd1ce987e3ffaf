"""What the faces call: JobService serves gRPC, QueueService deliveries, ParkedService and BulkService operators."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from adapter.domain.client import DEFAULT_CLIENT, Client, Role
from adapter.domain.job import Job, JobRequest, Route
from adapter.domain.message import ParkedMessage, ReceivedMessage
from adapter.domain.progress import Progress, ProgressKind
from adapter.errors import AdapterError
from adapter.ports import JobFilter
from adapter.service.bulk import Batch, Bulk

__all__ = [
    "BulkService",
    "Caller",
    "Disposition",
    "JobService",
    "ParkedService",
    "Progress",
    "ProgressKind",
    "QueueService",
]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the client name that keys are scoped by, and whether they may see every client's jobs."""

    client: str = DEFAULT_CLIENT
    is_operator: bool = True
    tasks: frozenset[str] | None = None
    """Names of the tasks that they may use and see; None = every task."""

    @classmethod
    def of(cls, client: Client) -> "Caller":
        """Take what a call needs to know of a client."""
        return cls(client.name, client.role is Role.OPERATOR, client.tasks)

    def may_use(self, task_name: str) -> bool:
        """Return whether they may use a task, named without version."""
        return self.tasks is None or task_name in self.tasks


class Disposition(StrEnum):
    """What to do with a delivery once the service is done with it."""

    ACK = "ack"
    """One transaction has stored what answers for it."""
    RELEASE = "release"
    """Not now: nack with requeue."""


class JobService(Protocol):
    """Use cases of the gRPC face. All raise AdapterErrors; job_id is in error.metadata once there is one."""

    async def run(self, request: JobRequest, *, timeout_seconds: float | None) -> Job:
        """Run and wait for the outcome: a SUCCEEDED job, else its error is raised (ReviewNeeded unless accept_review).

        timeout_seconds already has the 300 ms margin taken off; CallerDeadlineExceeded when it passes.
        Cancelling this coroutine ends this caller's wait only.
        """

    async def submit(self, request: JobRequest) -> Job:
        """Decode and check the input, then store the job and return it PENDING (or as it stands, for a repeat)."""

    async def get(self, caller: Caller, *, job_id: str = "", request_id: str = "") -> Job:
        """Return the job, failed ones too. Raises JobNotFound."""

    async def list(
        self, caller: Caller, selection: JobFilter, *, page_size: int, page_token: str
    ) -> tuple[Sequence[Job], str]:
        """One page, newest first."""

    def watch(self, caller: Caller, *, job_id: str = "", request_id: str = "") -> AsyncIterator[Job | Progress]:
        """Yield the job at each change of state and its progress in between; ends with the final job."""

    async def cancel(
        self, caller: Caller, *, job_id: str = "", request_id: str = "", allow_missing: bool = False
    ) -> Job:
        """Stop a job; a stored outcome wins."""


class QueueService(Protocol):
    """Use cases of the queue face. Each returns what to do with the delivery and never raises but when cancelled."""

    async def wait_until_takable(self, task: str) -> None:
        """Return when a message of this task may be started: some model of it is up, and there is room."""

    async def work(self, request: JobRequest, message: ReceivedMessage) -> Disposition:
        """Run a request to its outcome, held as long as it must be, and store what answers for it."""

    async def work_ticket(self, job_id: str, message: ReceivedMessage) -> Disposition:
        """Run the stored job that a ticket stands for."""

    async def refuse(
        self, message: ReceivedMessage, error: AdapterError, *, task: str, client: str, route: Route | None
    ) -> Disposition:
        """Answer a request that cannot become a job; park it where the error's fate says so or route is None."""

    async def park(self, message: ReceivedMessage, reason: str, detail: str) -> Disposition:
        """Keep a message for a person."""

    async def dead_letter(
        self, message: ReceivedMessage, request: JobRequest | None, *, expired: bool, detail: str
    ) -> Disposition:
        """End the job of a dead-lettered message (REQUEST_EXPIRED or INTERRUPTED), answer its requester, park it."""


class ParkedService(Protocol):
    """Use cases of operators on parked messages."""

    async def list(self, *, page_size: int, page_token: str) -> tuple[Sequence[ParkedMessage], str]:
        """One page, newest first, bodies included."""

    async def get(self, parked_id: str) -> ParkedMessage:
        """One parked message. Raises JobNotFound."""

    async def replay(self, parked_id: str) -> ParkedMessage:
        """Work on it again: a revision of the job that ended for its reason, else the message once more, confirmed."""

    async def discard(self, parked_id: str) -> None:
        """Delete it for good."""


class BulkService(Protocol):
    """Use cases of operators on many finished jobs. Each yields batches; raises InvalidRequest, StoreUnavailable."""

    def retry(self, bulk: Bulk) -> AsyncGenerator[Batch, None]:
        """Make the next revision of each job. Without states, verdict and ids: of the failed ones."""

    def republish(self, bulk: Bulk) -> AsyncGenerator[Batch, None]:
        """Send each job's stored result again, with the same message ids."""

    def purge(self, bulk: Bulk) -> AsyncGenerator[Batch, None]:
        """Erase each job with all that hangs on it."""

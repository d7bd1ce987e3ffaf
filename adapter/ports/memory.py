"""The memory: jobs, calls, publications, parked messages."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from adapter.domain.job import Attempt, Job, Outcome, Route
from adapter.domain.message import Answer, ParkedMessage, Publication
from adapter.domain.model import Turn
from adapter.domain.payload import Payload
from adapter.ports.records import CallDetail, Claim, ClaimResult, IdReused, JobFilter, NewJob, StoredCall


class JobStore(Protocol):
    """The memory: each method is one transaction, fenced by its claim. Raises StoreUnavailable, ClaimLostError.

    `replica_id` names this process in the heartbeat table; all times are the database's.
    """

    replica_id: str

    # a job's life
    async def claim(self, new: NewJob, *, alone: bool = False) -> ClaimResult:
        """Insert the job as RUNNING of this replica, or take it if nobody works on it (PENDING, or its owner lapsed).

        Dedupes by (client, request_id) when a request_id is given; content_hash must match the row's ("" in the row =
        a cancel that came first, which matches anything). With a tombstone (cancelled before arrival) returns Recorded.
        A suspect is taken only for work on it alone.
        """

    async def claim_stored(self, job_id: str, *, alone: bool = False) -> ClaimResult | None:
        """Take a stored job (ticket, submitted). None = no such job."""

    async def submit(
        self,
        new: NewJob,
        payload: Payload,
        route: Route | None,
        ticket: Publication | None,
        *,
        more_routes: Sequence[Route] = (),
    ) -> Job | IdReused:
        """Store a submitted job PENDING with its payload, routes and ticket; or, if it is known, add the routes to it.

        A known job that has its outcome is returned with it, and nothing is added: the caller answers the routes.
        route and ticket are None when there is no broker.
        """

    async def ticket(
        self,
        claim: Claim,
        payload: Payload,
        route: Route | None,
        ticket: Publication,
        *,
        more_routes: Sequence[Route] = (),
    ) -> None:
        """Turn a held claim into a stored PENDING job with a ticket publication; the run is not counted."""

    async def set_version(self, claim: Claim, task_version: str, task_hash: str) -> None:
        """Record the version of the task that works on the job, before its first call."""

    async def release(self, claim: Claim, *, worked_seconds: float = 0.0, counted: bool = False) -> None:
        """Give the job back as PENDING (not recorded); counted=False takes the claim off the count."""

    async def discard(
        self, claim: Claim | None, publications: Sequence[Publication] = (), parked: ParkedMessage | None = None
    ) -> None:
        """Forget a claim whose request was refused (row deleted), and store what answers for it; None: only store."""

    async def call_started(self, claim: Claim, call: StoredCall, turns: Sequence[Turn]) -> None:
        """Write the call's row before it is sent."""

    async def call_ended(self, claim: Claim, call: StoredCall) -> None:
        """Write what came of it: the raw reply, before anybody judges it, or the error."""

    async def finish(
        self,
        claim: Claim,
        outcome: Outcome,
        answer: Callable[[Job], Answer] | None,
        routes: Sequence[Route] = (),
        *,
        attempts: Sequence[Attempt] = (),
        keep_payload: Payload | None = None,
        parked: ParkedMessage | None = None,
        worked_seconds: float = 0.0,
    ) -> tuple[Job, tuple[Publication, ...]]:
        """One fenced transaction: the outcome, and answer(job) for each of `routes` and of the job's stored routes.

        The stored payload is dropped unless keep_payload is given, which is then stored.
        """

    async def publish_again(self, job: Job, publications: Sequence[Publication]) -> None:
        """Store publications that answer a repeat of a recorded job (same id = already stored: sent again)."""

    # questions
    async def get(self, job_id: str) -> Job | None:
        """Newest revision of a job, with attempts."""

    async def find(self, client: str, request_id: str) -> Job | None:
        """The job of a request."""

    async def list(self, selection: JobFilter, *, page_size: int, page_token: str = "") -> tuple[Sequence[Job], str]:
        """One page, newest first, and the token of the next ("" = last)."""

    async def calls(self, job_id: str) -> Sequence[CallDetail]:
        """Every call of a job, the failed ones too."""

    async def publications_of(self, job_id: str) -> Sequence[Mapping[str, Any]]:
        """The job's publications with state, tries, times and last outcome, for `jobs show`."""

    # cancelling
    async def cancel(
        self, job_id: str, answer: Callable[[Job], Answer] | None
    ) -> tuple[Job | None, tuple[Publication, ...]]:
        """End a PENDING or lapsed job as CANCELLED, or ask its owner to stop; an outcome stays. None = unknown."""

    async def cancel_unseen(self, client: str, request_id: str, job_id: str) -> Job:
        """Leave a tombstone for a request that has not arrived; if it has, return its job unchanged."""

    async def cancel_requests(self) -> Sequence[str]:
        """Job ids of this replica's running jobs that somebody asked to cancel."""

    # the replica
    async def heartbeat(self) -> None:
        """Renew this replica's lease; inserts the row at first."""

    async def reap(self) -> int:
        """Give RUNNING jobs of lapsed replicas back: runs → PENDING, submitted → PENDING; returns how many."""

    async def recoverable(self, limit: int) -> Sequence[str]:
        """Job ids of submitted PENDING jobs, oldest first, for a replica without a broker."""

    async def retire(self) -> None:
        """Remove this replica's heartbeat row at a clean stop."""

    async def live_replicas(self) -> int:
        """How many replicas have a lease that runs, this one included; each worker of a machine counts."""

    # publications
    async def due_publications(self, limit: int) -> Sequence[Publication]:
        """Pending publications whose time has come and whose owner lapsed or gave them up; now owned here."""

    async def publication_sent(self, publication: Publication) -> None:
        """Mark it confirmed."""

    async def publication_failed(self, publication: Publication, detail: str, retry_in_seconds: float) -> None:
        """Count a try and set the next."""

    async def publication_undeliverable(self, publication: Publication, remark_reason: str, detail: str) -> None:
        """Give it up; the job gets the remark."""

    async def pending_publications(self) -> int:
        """How many wait to be sent, for metrics."""

    # parked messages
    async def park(self, parked: ParkedMessage, publications: Sequence[Publication] = ()) -> None:
        """Keep a message, with the publication that answers its sender, if any."""

    async def list_parked(self, *, page_size: int, page_token: str = "") -> tuple[Sequence[ParkedMessage], str]:
        """One page, newest first."""

    async def get_parked(self, parked_id: str) -> ParkedMessage | None:
        """One parked message, body included."""

    async def replayed(self, parked_id: str) -> None:
        """Note when it was replayed."""

    async def discard_parked(self, parked_id: str) -> bool:
        """Delete it for good; False = there was none."""

    # housekeeping
    async def retain(self, *, jobs_seconds: float, replies_seconds: float, limit: int) -> int:
        """Delete at most `limit` rows past their retention; returns how many."""

    async def check(self) -> None:
        """Prove that the store can be written. Raises StoreUnavailable."""

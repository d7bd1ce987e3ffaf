"""What the core needs from outside: a clock, models, the memory, a publisher, an observer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Protocol

from adapter.domain.job import Attempt, Job, Origin, Outcome, Route, State, Verdict
from adapter.domain.message import Answer, OutgoingMessage, ParkedMessage, Publication, PublishOutcome
from adapter.domain.model import ModelRequest, Reply, Turn
from adapter.domain.payload import Payload
from adapter.domain.usage import Usage


class Clock(Protocol):
    """Time and ids, passed in so that tests own them."""

    def now(self) -> datetime:
        """Wall clock, UTC."""

    def monotonic(self) -> float:
        """Seconds that only ever grow."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""

    def new_id(self) -> str:
        """Make a job id: a UUID, time-ordered."""


class Model(Protocol):
    """A configured endpoint. Calls do not retry: that is the pipeline's."""

    name: str

    async def call(self, request: ModelRequest, *, timeout_seconds: float) -> Reply:
        """Make one call. Raises a CallError when no reply came."""


# --- the memory ---------------------------------------------------------------------------------------


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
class IdReused:
    """The same client and request id came before with other content."""

    job_id: str


ClaimResult = Claim | Recorded | RunningNow | IdReused


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


class JobStore(Protocol):
    """The memory: each method is one transaction, fenced by its claim. Raises StoreUnavailable, ClaimLostError.

    `replica_id` names this process in the heartbeat table; all times are the database's.
    """

    replica_id: str

    # a job's life
    async def claim(self, new: NewJob) -> ClaimResult:
        """Insert the job as RUNNING of this replica, or take it if nobody works on it (PENDING, or its owner lapsed).

        Dedupes by (client, request_id) when a request_id is given; content_hash must match the row's ("" in the row =
        a cancel that came first, which matches anything). With a tombstone (cancelled before arrival) returns Recorded.
        """

    async def claim_stored(self, job_id: str) -> ClaimResult | None:
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

    # publications
    async def due_publications(self, limit: int) -> Sequence[Publication]:
        """Pending publications whose time has come and whose owner lapsed or gave them up; now owned here."""

    async def publication_sent(self, publication_id: str) -> None:
        """Mark it confirmed."""

    async def publication_failed(self, publication_id: str, detail: str, retry_in_seconds: float) -> None:
        """Count a try and set the next."""

    async def publication_undeliverable(self, publication_id: str, remark_reason: str, detail: str) -> None:
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


class Publisher(Protocol):
    """Sends one message with a confirm; never raises for the link's troubles."""

    async def publish(self, message: OutgoingMessage) -> PublishOutcome:
        """Publish and wait for the confirm."""


class Observer(Protocol):
    """Counts what happens, for metrics; calls are cheap and never fail."""

    def job_finished(self, job: Job, origin: Origin) -> None:
        """An outcome was recorded."""

    def request_refused(self, reason: str, face: str) -> None:
        """A request was answered with an error that records nothing; face is grpc or amqp."""

    def call_finished(self, model: str, result: str, seconds: float, usage: Usage) -> None:
        """A model call ended; result is reply or the CallError's class."""

    def in_flight(self, change: int) -> None:
        """Jobs being worked on changed."""

    def held(self, cause: str, change: int) -> None:
        """Jobs held for a cause changed."""

    def publication(self, status: str) -> None:
        """A publish ended so."""

    def parked(self, reason: str) -> None:
        """A message was parked."""

    def model_state(self, model: str, state: str) -> None:
        """A model's gate changed: open for calls (up), down or misconfigured."""

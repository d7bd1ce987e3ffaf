"""The service with its real parts (store, tasks, simulated model) and short waits."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from adapter.domain.job import Job, JobRequest
from adapter.domain.message import Answer, OutgoingMessage, PublishOutcome, PublishStatus, ReceivedMessage
from adapter.domain.payload import Payload
from adapter.outbound.sql.store import SqlJobStore
from adapter.outbound.system_clock import SystemClock
from adapter.pipeline.availability.gate import GateSettings, ModelGate
from adapter.pipeline.availability.gated_model import CallSettings, GatedModel
from adapter.ports import JobStore
from adapter.service.admission import Admission
from adapter.service.answers import MAX_BODY_BYTES, answer_of
from adapter.service.deliveries import Deliveries
from adapter.service.holding import QueueSettings
from adapter.service.jobs import Jobs, JobSettings
from adapter.service.live_runs import LiveRun, LiveRuns
from adapter.service.operations import Operations
from adapter.service.parked import ParkedMessages
from adapter.service.refusals import Refusals
from adapter.service.revisions import Revisions
from adapter.service.routing import TICKET_HEADER, Routing
from adapter.service.submissions import Submissions
from adapter.service.wait_notes import WaitNotes
from adapter.service.work import Worker, WorkSettings
from adapter.tasks.catalogue import Catalogue
from tests.integration.service.asking import OPERATOR, request_by_queue
from tests.integration.service.switches import RecordingOutbox, SwitchedModel, SwitchedStore
from tests.kit.databases import url_at
from tests.kit.fake_model import RecordingObserver

T = TypeVar("T")

ROUTING = Routing(requests_exchange="adapter.requests", results_exchange="adapter.results")
DEADLINE_SECONDS = 60.0
LEASE_SECONDS = 30.0


class RecordingPublisher:
    """Confirms everything."""

    def __init__(self) -> None:
        self.published: list[OutgoingMessage] = []

    async def publish(self, message: OutgoingMessage) -> PublishOutcome:
        self.published.append(message)
        return PublishOutcome(PublishStatus.CONFIRMED)


def payload_of(message: ReceivedMessage) -> Payload | None:
    """Read a message as the queue face does; a ticket has none."""
    return Payload(message.body, message.properties.content_type) if message.body else None


class Service:
    """One process's worth of service on a database file."""

    def __init__(
        self,
        folder: Path,
        catalogue: Catalogue,
        *,
        has_broker: bool = True,
        max_hold_seconds: float = 60.0,
        longest_hold_seconds: float = 90.0,
        model_wait_seconds: float = 0.2,
        in_flight: int = 100,
        name: str = "replica-a",
    ) -> None:
        url = url_at(folder / "jobs.db")
        self.store = SwitchedStore(SqlJobStore(url, replica_id=name, lease_seconds=LEASE_SECONDS))
        store = cast("JobStore", self.store)
        self.max_body_bytes = MAX_BODY_BYTES
        self.clock = SystemClock()
        self.model = SwitchedModel()
        self.observer = RecordingObserver()
        self.outbox = RecordingOutbox()
        self.catalogue = catalogue
        self.runs = LiveRuns(in_flight)
        gate = GateSettings(
            failures_to_open=2, probe_seconds=0.02, max_probe_seconds=0.05, misconfigured_probe_seconds=0.02
        )
        calls = CallSettings(backoff_seconds=0.01, max_backoff_seconds=0.02, timeout_seconds=20)
        self.gate = ModelGate("default", gate, self.clock)
        self.worker = Worker(
            store=store,
            catalogue=catalogue,
            models={"default": GatedModel(self.model, self.gate, calls)},
            outbox=self.outbox,
            answer_for=self.answer_for,
            runs=self.runs,
            clock=self.clock,
            observer=self.observer,
            settings=WorkSettings(store_retry_seconds=0.01),
            note_wait=WaitNotes(self.store.real.operators, self.clock, after_seconds=0.0).begin,
        )
        self.admission = Admission(
            store=store,
            catalogue=catalogue,
            worker=self.worker,
            runs=self.runs,
            clock=self.clock,
            payload_bytes=1_000_000,
        )
        self.submissions = Submissions(
            store=store,
            admission=self.admission,
            worker=self.worker,
            runs=self.runs,
            clock=self.clock,
            routing=ROUTING if has_broker else None,
            poll_seconds=0.05,
        )
        self.jobs = Jobs(
            store=store,
            admission=self.admission,
            worker=self.worker,
            runs=self.runs,
            submissions=self.submissions,
            clock=self.clock,
            settings=JobSettings(model_wait_seconds, poll_seconds=0.01),
        )
        refusals = Refusals(
            store=store,
            worker=self.worker,
            routing=ROUTING,
            clock=self.clock,
            observer=self.observer,
            retry_seconds=0.01,
        )
        self.deliveries = Deliveries(
            admission=self.admission,
            worker=self.worker,
            runs=self.runs,
            submissions=self.submissions,
            refusals=refusals,
            routing=ROUTING,
            clock=self.clock,
            observer=self.observer,
            settings=QueueSettings(max_hold_seconds, longest_hold_seconds, retry_seconds=0.02, gate_poll_seconds=0.01),
        )
        self.publisher = RecordingPublisher()
        routing = ROUTING if has_broker else None
        revisions = Revisions(
            store,
            self.store.real.operators,
            catalogue,
            self.clock,
            routing=routing,
            stored=self.submissions.look_again,
            payload_of=payload_of,
        )
        self.operations = Operations(
            store, self.store.real.operators, revisions, self.clock, routing=routing, answer_for=self.answer_for
        )
        self.parked = ParkedMessages(store, self.publisher, revisions)
        self._beside: list[asyncio.Task[Any]] = []

    def answer_for(self, job: Job) -> Answer:
        """Answer as the configuration says, which a test may change meanwhile."""
        return answer_of(job, max_body_bytes=self.max_body_bytes)

    async def open(self) -> "Service":
        """Begin as `adapter serve` does; without a broker, stored jobs are worked on."""
        await self.store.real.open()
        await self.store.real.reap()
        return self

    def beside(self, work: Awaitable[T]) -> "asyncio.Task[T]":
        """Do something beside the test; it is stopped with the service."""
        task = asyncio.ensure_future(work)
        self._beside.append(task)
        return task

    async def leave(self, request: JobRequest, when: Callable[[], object]) -> None:
        """Run a request, and go away once the condition holds, as a caller does whose connection is lost."""
        running = self.beside(self.jobs.run(request, timeout_seconds=DEADLINE_SECONDS))
        await until(when)
        running.cancel()
        await asyncio.wait({running})

    def run_stored(self) -> None:
        """Work on stored jobs, as without a broker."""
        self.beside(self.submissions.run_stored())

    async def crash(self) -> None:
        """Stop everything at once; nothing is given back, and nothing more is written."""
        tasks = [*self._beside, *(run.task for run in self.runs if run.task is not None)]
        self.store.die()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.store.real.close()

    def run_of(self, job_id: str = "") -> LiveRun:
        """The only run, or the one of a job."""
        (run,) = [run for run in self.runs if job_id in {"", run.job_id}]
        return run

    async def job(self, request_id: str = "r-1") -> Job:
        """Look a job up by its request."""
        return await self.jobs.get(OPERATOR, request_id=request_id)

    async def until_calling(self, calls: int = 1) -> None:
        """Wait until so many calls are in flight."""
        await until(lambda: self.model.in_flight == calls)

    async def until_waiting(self) -> None:
        """Wait until a run waits at the closed gate."""
        await until(lambda: any(run.cause is not None for run in self.runs))

    def deliver(self, message: ReceivedMessage, request: JobRequest | None = None) -> "asyncio.Task[Any]":
        """Hand a message to the queue face."""
        ticket_of = message.properties.headers.get(TICKET_HEADER)
        if isinstance(ticket_of, str):
            return self.beside(self.deliveries.work_ticket(ticket_of, message))
        return self.beside(self.deliveries.work(request or request_by_queue(), message))


async def until(condition: Callable[[], object]) -> None:
    """Wait for a condition, at most DEADLINE_SECONDS."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        await asyncio.sleep(0.002)

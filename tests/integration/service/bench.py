"""The service with its real parts (store, tasks, simulated model), short waits, and switches for what goes wrong."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import select, text

from adapter.domain.job import Job, JobRequest, Route
from adapter.domain.message import Properties, Publication, ReceivedMessage
from adapter.domain.model import ModelRequest, Reply
from adapter.domain.payload import Payload
from adapter.errors import StoreUnavailable
from adapter.outbound.sql.message_rows import publication_of_row
from adapter.outbound.sql.store import SqlJobStore
from adapter.outbound.sql.tables import publications
from adapter.outbound.system_clock import SystemClock
from adapter.pipeline.call_model import CallSettings, GatedModel
from adapter.pipeline.gate import GateSettings, ModelGate
from adapter.ports import Claim, ClaimLostError, JobStore
from adapter.service.admission import Admission
from adapter.service.answers import answer_of
from adapter.service.api import Caller
from adapter.service.deliveries import Deliveries, QueueSettings
from adapter.service.jobs import Jobs, JobSettings
from adapter.service.live_runs import LiveRun, LiveRuns
from adapter.service.refusals import Refusals
from adapter.service.routing import TICKET_HEADER, Routing
from adapter.service.submissions import Submissions
from adapter.service.work import Worker, WorkSettings
from adapter.simulator.model import SimulatedModel
from adapter.tasks.catalogue import Catalogue
from tests.kit.adapter_process import ROOT
from tests.kit.fake_model import RecordingObserver

T = TypeVar("T")

OPERATOR = Caller("crm", is_operator=True)
TASK = "classify-ticket"
TICKET = next(iter(sorted((ROOT / "examples/tasks/classify-ticket/samples").glob("*.json")))).read_bytes()
REPLIES = Route("", "crm.replies")
ROUTING = Routing(requests_exchange="adapter.requests", results_exchange="adapter.results")
DEADLINE_SECONDS = 10.0
LEASE_SECONDS = 30.0


class SwitchedModel:
    """The simulated model; calls can be held in flight."""

    def __init__(self, name: str = "default") -> None:
        self.name = name
        self.simulated = SimulatedModel(name)
        self.in_flight = 0
        self._open = asyncio.Event()
        self._open.set()

    async def call(self, request: ModelRequest, *, timeout_seconds: float) -> Reply:
        self.in_flight += 1
        try:
            await self._open.wait()
            return await self.simulated.call(request, timeout_seconds=timeout_seconds)
        finally:
            self.in_flight -= 1

    def hold(self) -> None:
        """Let calls hang from now on."""
        self._open.clear()

    def let_go(self) -> None:
        """Let them go on."""
        self._open.set()

    def down(self, *, is_down: bool = True) -> None:
        """Reset every call, or none."""
        self.simulated.controls.down = is_down

    def calls(self, request_id: str = "r-1") -> int:
        """Calls that reached the simulated model for a request."""
        return self.simulated.log.counts.get(request_id, 0)


class SwitchedStore:
    """Decorates the real store: methods can fail, or wait, and are counted. Everything else is the store's own."""

    def __init__(self, store: SqlJobStore) -> None:
        self.real = store
        self.counts: Counter[str] = Counter()
        self.claimed: list[str] = []
        """Ids of the jobs that were claimed."""
        self._failures: dict[str, list[Exception]] = {}
        self._held: dict[str, asyncio.Event] = {}
        self._afterwards: set[str] = set()
        self._is_dead = False

    def die(self) -> None:
        """Write nothing from now on, as a process that is no more."""
        self._is_dead = True
        for held in self._held.values():
            held.set()

    def fail(self, method: str, *errors: Exception) -> None:
        """Let the next calls of a method raise these, one each, and write nothing."""
        self._failures.setdefault(method, []).extend(errors)

    def goes_away(self, method: str, times: int = 3) -> None:
        """Let the store be unavailable to a method so many times."""
        self.fail(method, *[StoreUnavailable() for _ in range(times)])

    def comes_back(self, method: str) -> None:
        """End what fail or goes_away began."""
        self._failures.pop(method)

    async def take_over(self, job_id: str) -> None:
        """Do what another replica does once this one lapsed: claim the job, so that our claim is lost; give it back."""
        with self.real.engine.begin() as connection:
            connection.execute(
                text("UPDATE jobs SET token = token + 1, owner = NULL, state = 'PENDING' WHERE job_id = :job_id"),
                {"job_id": job_id},
            )

    async def unsent_tickets(self) -> list[Publication]:
        """Return every ticket that is stored and was not sent, as the relay finds them."""

        def ask() -> list[Publication]:
            with self.real.engine.connect() as connection:
                rows = connection.execute(select(publications)).all()
            return [publication_of_row(row) for row in rows if not row.body and "llm-job-id" in row.envelope]

        return await asyncio.to_thread(ask)

    def lose_claim(self, method: str) -> None:
        """Let the next call of a method find its claim lost."""
        self.fail(method, ClaimLostError())

    def hold(self, method: str) -> None:
        """Let calls of a method wait before they write."""
        self._held[method] = asyncio.Event()

    def hold_after(self, method: str) -> None:
        """Let calls of a method wait once they have written."""
        self.hold(method)
        self._afterwards.add(method)

    def let_go(self, method: str) -> None:
        """Let them go on."""
        self._afterwards.discard(method)
        self._held.pop(method).set()

    def __getattr__(self, name: str) -> Any:
        """Wrap a method."""
        method = getattr(self.real, name)
        if not asyncio.iscoroutinefunction(method):
            return method

        async def switched(*args: Any, **kwargs: Any) -> Any:
            self.counts[name] += 1
            held, is_afterwards = self._held.get(name), name in self._afterwards
            if held is not None and not is_afterwards:
                await held.wait()
            if self._is_dead:
                raise asyncio.CancelledError
            if self._failures.get(name):
                raise self._failures[name].pop(0)
            result = await method(*args, **kwargs)
            if isinstance(result, Claim):
                self.claimed.append(result.job.job_id)
            if held is not None and is_afterwards:
                await held.wait()
            return result

        return switched


class RecordingOutbox:
    """Remembers what it was offered to send."""

    def __init__(self) -> None:
        self.offered: list[Publication] = []

    def offer(self, publications: Sequence[Publication]) -> None:
        self.offered.extend(publications)

    def addresses(self) -> list[tuple[str, str]]:
        """Routing key and type of each message."""
        return [(one.message.routing_key, one.message.properties.type) for one in self.offered]

    def tickets(self) -> list[Publication]:
        """Those that are tickets."""
        return [one for one in self.offered if TICKET_HEADER in one.message.properties.headers and not one.message.body]

    def answers(self) -> list[Publication]:
        """Those that are not."""
        return [one for one in self.offered if one.message.body]


class Service:
    """One process's worth of service on a database file."""

    def __init__(
        self,
        folder: Path,
        catalogue: Catalogue,
        *,
        has_broker: bool = True,
        max_hold_seconds: float = 60.0,
        model_wait_seconds: float = 0.2,
        in_flight: int = 100,
        name: str = "replica-a",
    ) -> None:
        url = f"sqlite:///{folder / 'jobs.db'}"
        self.store = SwitchedStore(SqlJobStore(url, replica_id=name, lease_seconds=LEASE_SECONDS))
        store = cast("JobStore", self.store)
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
            answer_for=answer_of,
            runs=self.runs,
            clock=self.clock,
            observer=self.observer,
            settings=WorkSettings(store_retry_seconds=0.01),
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
            settings=QueueSettings(max_hold_seconds, retry_seconds=0.02, gate_poll_seconds=0.01),
        )
        self._beside: list[asyncio.Task[Any]] = []

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


def a_request(request_id: str = "r-1", **changes: Any) -> JobRequest:
    """Return a request as the gRPC face makes it."""
    values = {"client": "crm", "task": TASK, "payload": Payload(TICKET, "application/json"), "request_id": request_id}
    return JobRequest(**{**values, **changes})


def request_by_queue(request_id: str = "r-1", **changes: Any) -> JobRequest:
    """Return a request as the queue face makes it."""
    return a_request(request_id, **{"reply_to": REPLIES, "correlation_id": "corr-1", **changes})


def a_message(request_id: str = "r-1", **changes: Any) -> ReceivedMessage:
    """Return the message that such a request came in."""
    values = {
        "body": TICKET,
        "properties": Properties(message_id=request_id, correlation_id="corr-1", content_type="application/json"),
        "exchange": "adapter.requests",
        "routing_key": TASK,
        "queue": f"adapter.requests.{TASK}",
    }
    return ReceivedMessage(**{**values, **changes})


def as_received(ticket: Publication, **changes: Any) -> ReceivedMessage:
    """Return a ticket as the broker gives it to us."""
    sent = ticket.message
    values = {
        "body": b"",
        "properties": sent.properties,
        "exchange": sent.exchange,
        "routing_key": sent.routing_key,
        "queue": f"adapter.requests.{TASK}",
    }
    return ReceivedMessage(**{**values, **changes})


async def until(condition: Callable[[], object]) -> None:
    """Wait for a condition, at most DEADLINE_SECONDS."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        await asyncio.sleep(0.002)

"""The core with its memory and models: what `adapter run` and `adapter serve` have in common."""

import os
import secrets
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from adapter.domain.client import Client
from adapter.domain.job import Job, Route
from adapter.domain.message import Answer, Publication
from adapter.errors import TaskNotFound
from adapter.outbound.metrics import Metrics
from adapter.outbound.sql.engine import is_sqlite
from adapter.outbound.sql.store import SqlJobStore
from adapter.outbound.system_clock import SystemClock
from adapter.pipeline.availability.gated_model import GatedModel
from adapter.ports import NO_TRACER, Tracer
from adapter.secret import reveal
from adapter.service.admission import Admission
from adapter.service.answers import answer_of
from adapter.service.clients import ClientOf
from adapter.service.jobs import Jobs, JobSettings
from adapter.service.live_runs import LiveRuns
from adapter.service.routing import Routing
from adapter.service.submissions import Submissions
from adapter.service.wait_notes import WaitNotes
from adapter.service.work import Outbox, Worker, WorkSettings
from adapter.settings import Settings
from adapter.tasks.catalogue import Catalogue


class NoOutbox:
    """Without a broker nothing is published."""

    def offer(self, publications: Sequence[Publication]) -> None:
        """Do nothing: there are none."""


@dataclass(frozen=True, slots=True)
class Core:
    """The use cases and what they stand on."""

    settings: Settings
    catalogue: Catalogue
    models: Mapping[str, GatedModel]
    store: SqlJobStore
    clock: SystemClock
    metrics: Metrics
    runs: LiveRuns
    worker: Worker
    admission: Admission
    submissions: Submissions
    jobs: Jobs


def build_core(
    settings: Settings,
    catalogue: Catalogue,
    models: Mapping[str, GatedModel],
    metrics: Metrics,
    store: SqlJobStore,
    *,
    outbox: Outbox | None = None,
    routing: Routing | None = None,
    check_reply_to: Callable[[Route], None] | None = None,
    tracer: Tracer = NO_TRACER,
    client_of: ClientOf = Client,
) -> Core:
    """Wire the core; nothing is opened yet."""
    clock = SystemClock()
    runs = LiveRuns(settings.limits.in_flight)
    worker = Worker(
        store=store,
        catalogue=catalogue,
        models=models,
        outbox=outbox or NoOutbox(),
        answer_for=answers_for(catalogue, settings),
        runs=runs,
        clock=clock,
        observer=metrics,
        settings=WorkSettings(settings.limits.payload_bytes, settings.retention.payloads),
        tracer=tracer,
        note_wait=WaitNotes(store.operators, clock).begin,
    )
    admission = Admission(
        store=store,
        catalogue=catalogue,
        worker=worker,
        runs=runs,
        clock=clock,
        payload_bytes=settings.limits.payload_bytes,
        tracer=tracer,
        client_of=client_of,
    )
    submissions = Submissions(
        store=store,
        admission=admission,
        worker=worker,
        runs=runs,
        clock=clock,
        routing=routing,
        check_reply_to=check_reply_to,
    )
    jobs = Jobs(
        store=store,
        admission=admission,
        worker=worker,
        runs=runs,
        submissions=submissions,
        clock=clock,
        settings=JobSettings(settings.limits.model_wait_seconds),
    )
    return Core(settings, catalogue, models, store, clock, metrics, runs, worker, admission, submissions, jobs)


def serves_alone(settings: Settings) -> str:
    """Say why there may be no second serving process beside this one; "" = there may. Raises StoreUrlInvalid."""
    if is_sqlite(reveal(settings.database.url)):
        return "SQLite allows exactly one serving process. Set a database.url of PostgreSQL for more."
    if settings.amqp is None:
        return "without a broker there is exactly one serving process. Configure amqp for more."
    return ""


def build_store(settings: Settings) -> SqlJobStore:
    """The memory, not opened yet."""
    database = settings.database
    return SqlJobStore(
        reveal(database.url),
        replica_id=replica_id(),
        lease_seconds=database.lease_seconds,
        busy_seconds=database.statement_seconds,
        is_alone=bool(serves_alone(settings)),
    )


def answers_for(catalogue: Catalogue, settings: Settings) -> Callable[[Job], Answer]:
    """What is published of an ended job, after the results section of its task."""
    limit = settings.amqp.max_result_bytes if settings.amqp else 8_388_608

    def answer(job: Job) -> Answer:
        try:
            task = catalogue.resolve(f"{job.task}@{job.task_version}" if job.task_version else job.task)
        except TaskNotFound:
            return answer_of(job, max_body_bytes=limit)
        return answer_of(job, body_mode=task.definition.results.body, max_body_bytes=limit)

    return answer


def replica_id() -> str:
    """Name this process in the heartbeat table: host, process, and a random part, so that none is ever met again."""
    return f"{socket.gethostname()[:40]}-{os.getpid()}-{secrets.token_hex(4)}"

"""The use cases behind the face, written by hand, and the face started around them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast

import grpc.aio
import pytest
from google.rpc import status_pb2
from grpc_status import rpc_status
from llm_adapter.v1 import admin_service_pb2_grpc, job_pb2, job_service_pb2_grpc, task_service_pb2_grpc
from llm_adapter.v1.job_service_pb2 import RunJobRequest

from adapter.domain.job import Job, JobRequest, Result, State, Verdict
from adapter.domain.message import ParkedMessage, Properties, ReceivedMessage
from adapter.errors import JobNotFound, TaskNotFound
from adapter.inbound.grpc.callers import CallerOf, anonymous
from adapter.inbound.grpc.server import GrpcServer, GrpcServerSettings
from adapter.ports import JobFilter, Observer
from adapter.service.api import Caller, Progress
from adapter.tasks.definition import TaskDefinition
from adapter.tasks.task import Task
from tests.integration.grpc.fake_bulk import FakeBulkService

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
JOB = Job(
    "j-1",
    "r-1",
    "default",
    "classify-ticket",
    "1.0.0",
    "hash",
    State.SUCCEEDED,
    1,
    NOON,
    result=Result(b'{"category":"BILLING"}', Verdict.ACCEPTED),
)
RUN = RunJobRequest(task="classify-ticket", request_id="r-1", payload=job_pb2.Payload(content=b"{}"))
DEADLINE_SECONDS = 60.0
"""What every wait of these tests ends at."""
TRIES = 5
"""So often a call is made that a slow machine may not get to the end of in its time."""


async def answer_at_once(_: object) -> Job:
    """Be done."""
    return JOB


@dataclass
class FakeJobService:
    """Remembers what it was asked, and answers as each test says."""

    answer: Callable[[Any], Awaitable[Job]] = answer_at_once
    stored: Sequence[Job] = (JOB,)
    events: Sequence[Job | Progress | Exception] = ()
    ran: list[tuple[JobRequest, float | None]] = field(default_factory=list)
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    watching: asyncio.Event = field(default_factory=asyncio.Event)
    watch_ended: asyncio.Event = field(default_factory=asyncio.Event)
    watch_goes_on: bool = False

    async def run(self, request: JobRequest, *, timeout_seconds: float | None) -> Job:
        """Answer as the test says."""
        self.ran.append((request, timeout_seconds))
        return await self.answer(timeout_seconds)

    async def submit(self, request: JobRequest) -> Job:
        """Answer as the test says."""
        self.ran.append((request, None))
        return await self.answer(request)

    async def get(self, caller: Caller, *, job_id: str = "", request_id: str = "") -> Job:
        """Find a stored job."""
        self.asked.append((caller, job_id, request_id))
        await asyncio.sleep(0)  # as a store does, give way once
        for job in self.stored:
            if job_id == job.job_id or request_id == job.request_id:
                return job
        raise JobNotFound(metadata={"job_id": job_id} if job_id else None)

    async def list(
        self, caller: Caller, selection: JobFilter, *, page_size: int, page_token: str
    ) -> tuple[Sequence[Job], str]:
        """Return a page of the stored jobs; the token is where it begins."""
        self.asked.append((caller, selection, page_size, page_token))
        begin = int(page_token or 0)
        end = begin + page_size
        return self.stored[begin:end], str(end) if end < len(self.stored) else ""

    async def watch(self, caller: Caller, *, job_id: str = "", request_id: str = "") -> AsyncIterator[Job | Progress]:
        """Yield the events, raising those that are errors; then end, or go on without any."""
        self.asked.append((caller, job_id, request_id))
        try:
            for event in self.events:
                if isinstance(event, Exception):
                    raise event
                yield event
            self.watching.set()
            if self.watch_goes_on:
                await asyncio.Event().wait()
        finally:
            self.watch_ended.set()

    async def cancel(
        self, caller: Caller, *, job_id: str = "", request_id: str = "", allow_missing: bool = False
    ) -> Job:
        """Show the job as cancelled."""
        self.asked.append((caller, job_id, request_id, allow_missing))
        return replace(JOB, state=State.CANCELLED, result=None)


PARKED = ParkedMessage(
    "p-1", ReceivedMessage(b"<x/>", Properties(message_id="m-1"), "adapter.requests", "nobody", "q"), "INTERNAL", "why"
)


@dataclass
class FakeParkedService:
    """Parked messages in memory."""

    parked: dict[str, ParkedMessage] = field(default_factory=lambda: {"p-1": PARKED})

    async def list(self, *, page_size: int, page_token: str) -> tuple[Sequence[ParkedMessage], str]:
        """Return a page."""
        return list(self.parked.values())[int(page_token or 0) :][:page_size], ""

    async def get(self, parked_id: str) -> ParkedMessage:
        """Find one."""
        if parked_id not in self.parked:
            raise JobNotFound(f"No message {parked_id} is parked. List them to see which are.")
        return self.parked[parked_id]

    async def replay(self, parked_id: str) -> ParkedMessage:
        """Note the time."""
        self.parked[parked_id] = replace(await self.get(parked_id), replay_time=NOON)
        return self.parked[parked_id]

    async def discard(self, parked_id: str) -> None:
        """Forget one."""
        await self.get(parked_id)
        del self.parked[parked_id]


@dataclass(frozen=True)
class FakeContract:
    """A contract of which only the schema is asked."""

    schema: Mapping[str, Any]


@dataclass(frozen=True)
class FakeTask:
    """A task of which only the description is asked."""

    definition: TaskDefinition
    input: FakeContract
    output: FakeContract
    task_hash: str

    @property
    def name(self) -> str:
        """Task name."""
        return self.definition.task

    @property
    def version(self) -> str:
        """MAJOR.MINOR.PATCH."""
        return self.definition.version


def fake_task(version: str) -> Task:
    """Return a version of classify-ticket."""
    definition = TaskDefinition.model_validate(
        {
            "task": "classify-ticket",
            "version": version,
            "summary": "Routes a support ticket.",
            "input": {"schema": "input.schema.json", "formats": {"json": {"select": ""}}},
            "output": {"schema": "output.schema.json"},
            "model": {"use": ["default"], "allow": ["cloud"]},
            "policy": {"attempts": 5, "repairs": 2, "tokens": 12000, "seconds": 60},
        }
    )
    schema = FakeContract({"type": "object", "properties": {"b": {"const": version}, "a": {}}})
    return cast("Task", FakeTask(definition, schema, schema, f"hash-of-{version}"))


@dataclass(frozen=True)
class FakeCatalogue:
    """One task in two versions; the lower is the default."""

    tasks: Mapping[str, Task] = field(default_factory=lambda: {one: fake_task(one) for one in ("1.0.0", "2.0.0")})

    def names(self) -> Sequence[str]:
        """Names of all tasks."""
        return ["classify-ticket"]

    def versions(self, name: str) -> Sequence[Task]:
        """Every version of a task, lowest first."""
        return list(self.tasks.values()) if name == "classify-ticket" else []

    def resolve(self, ref: str) -> Task:
        """Find one."""
        name, _, version = ref.partition("@")
        found = self.tasks.get(version or "1.0.0") if name == "classify-ticket" else None
        if found is None:
            raise TaskNotFound(metadata={"task": ref})
        return found


@dataclass(frozen=True)
class Running:
    """A server with a client of it."""

    server: GrpcServer
    port: int
    channel: grpc.aio.Channel
    jobs: "job_service_pb2_grpc.JobServiceAsyncStub"
    tasks: "task_service_pb2_grpc.TaskServiceAsyncStub"
    admin: "admin_service_pb2_grpc.AdminServiceAsyncStub"


@asynccontextmanager
async def serving(
    service: FakeJobService | None = None,
    *,
    bulk_service: FakeBulkService | None = None,
    settings: GrpcServerSettings | None = None,
    caller_of: CallerOf = anonymous,
    observer: Observer | None = None,
    channel_options: Sequence[tuple[str, int]] = (),
) -> AsyncIterator[Running]:
    """Serve on a free port, with one client channel."""
    server = GrpcServer(
        settings or GrpcServerSettings(listen="127.0.0.1:0"),
        service or FakeJobService(),
        FakeCatalogue(),
        FakeParkedService(),
        bulk_service or FakeBulkService(),
        caller_of=caller_of,
        observer=observer,
    )
    port = await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=list(channel_options)) as channel:
            yield Running(
                server,
                port,
                channel,
                job_service_pb2_grpc.JobServiceStub(channel),
                task_service_pb2_grpc.TaskServiceStub(channel),
                admin_service_pb2_grpc.AdminServiceStub(channel),
            )
    finally:
        await server.stop(0)


async def told(call: Callable[[], Awaitable[object]]) -> grpc.aio.AioRpcError:
    """Make a call that must fail, again while its failure has no details: then the client's own deadline was first."""
    for _ in range(TRIES):
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await call()
        if rpc_status.from_call(cast("grpc.Call", refusal.value)) is not None:
            return refusal.value
    raise AssertionError(f"no answer came before the caller's deadline: {refusal.value}")


def status_of(error: grpc.aio.AioRpcError) -> status_pb2.Status:
    """Read the status as a client does."""
    status = rpc_status.from_call(cast("grpc.Call", error))
    assert isinstance(status, status_pb2.Status)
    return status


def trailers_of(error: grpc.aio.AioRpcError) -> dict[str, str | bytes]:
    """Return the trailers of a failed call."""
    return dict(error.trailing_metadata() or ())

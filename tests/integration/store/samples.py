"""What store tests are made of: requests, calls, outcomes, and waiting for a condition."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar

from adapter.domain.job import (
    Attempt,
    Change,
    Finding,
    Job,
    JobError,
    Origin,
    Outcome,
    Result,
    Route,
    Severity,
    State,
    Verdict,
)
from adapter.domain.message import (
    Answer,
    HeaderValue,
    OutgoingMessage,
    ParkedMessage,
    Properties,
    Publication,
    ReceivedMessage,
)
from adapter.domain.model import FinishReason, Reply, Turn
from adapter.domain.payload import Payload
from adapter.domain.usage import Usage
from adapter.errors import Retryable, Violation
from adapter.outbound.sql import SqlJobStore
from adapter.ports import Claim, NewJob, StoredCall

T = TypeVar("T")

NOON = datetime(2026, 11, 23, 12, 0, 0, 250_000, tzinfo=UTC)
LEASE_SECONDS = 30.0
SHORT_LEASE_SECONDS = 0.05
DEADLINE_SECONDS = 60.0

PAYLOAD = Payload(b"<ticket>\xe4</ticket>", "application/xml", "latin-1")
ROUTE = Route("adapter.results", "classify-ticket.v1.succeeded.crm", "corr-1")
OTHER_ROUTE = Route("", "crm.replies", "corr-2", mandatory=False)
TURNS = (Turn("system", "Sort tickets."), Turn("user", "A\u00e4 \ud800 \x00"))
USAGE = Usage(120, 20, 30, 5, 1, Decimal("0.00042"), "USD", 1.5, 0.25)
REPLY = Reply(
    text='{"category": "BILLING \ud800"}',
    finish_reason=FinishReason.STOP,
    usage=USAGE,
    served_model="gpt-5-mini-2026",
    system_fingerprint="fp",
    provider_request_id="req-1",
    unsent_parameters=("temperature",),
)
ATTEMPT = Attempt("default", "gpt-5-mini-2026", "fp", "json_schema", "stop", USAGE, NOON, 1.5, "INVALID", ("seed",))
SUCCESS = Outcome(
    State.SUCCEEDED,
    Result(
        b'{"category":"BILLING","total":1.10}',
        Verdict.ACCEPTED_REPAIRED,
        (Change("/total", "decimal", '"1.1"', "1.10"),),
        (Finding("LOW", "/category", "unsure", Severity.INFO),),
    ),
    usage=USAGE,
)
FAILURE = Outcome(
    State.FAILED,
    error=JobError("OUTPUT_INVALID", "broken", Retryable.NO, (Violation("/a", "type", "must be a string"),)),
    usage=USAGE,
)

_numbers = itertools.count(1)


def new_job(request_id: str = "r-1", **changes: object) -> NewJob:
    """Return a request that was just seen, with a job id of its own."""
    job = NewJob(
        job_id=f"job-{next(_numbers):06}",
        client="crm",
        request_id=request_id,
        content_hash="hash-1",
        origin=Origin.QUEUED,
        task="classify-ticket",
        task_ref="classify-ticket@1",
        model="default",
        labels={"tenant": "a"},
        deadline=NOON,
        traceparent="00-1",
        tracestate="x=1",
    )
    return replace(job, **changes)  # type: ignore[arg-type]  # tests name fields freely


def call(number: int = 1, reply: Reply | None = None, error: str = "", seconds: float = 0.0) -> StoredCall:
    """Return a model call; without reply and error it is in flight."""
    return StoredCall(number, "default", NOON, seconds, reply, error)


def answer(job: Job) -> Answer:
    """Return what is published of a job."""
    body = f"{job.job_id} {job.state} {len(job.attempts)}".encode()
    headers: dict[str, HeaderValue] = {
        "llm-request-id": job.request_id,
        "llm-outcome": job.wire_outcome,
        "llm-deduplicated": False,
        "llm-revision": job.revision,
    }
    return Answer(body, "application/json", f"{job.task}.v1.{job.wire_outcome}", headers)


def ticket(publication_id: str, job_id: str) -> Publication:
    """Return a ticket that stands for a job."""
    properties = Properties(message_id=publication_id, delivery_mode=2, headers={"llm-job-id": job_id})
    return Publication(publication_id, job_id, OutgoingMessage("adapter.requests", "classify-ticket", b"", properties))


def parked(parked_id: str, **changes: object) -> ParkedMessage:
    """Return a message for a person, with headers of every type that AMQP has."""
    headers: dict[str, object] = {
        "text": "\u00e4\ud800",
        "bytes": b"\x00\xff",
        "decimal": Decimal("1.20"),
        "time": NOON,
        "float": 0.1,
        "large": 2**63,
        "none": None,
        "flag": True,
        "table": {"$": [1, {"deep": b"x"}]},
        "list": [b"a", 1, {"b": Decimal(2)}],
    }
    properties = Properties(message_id="m-1", correlation_id="c-1", timestamp=5, priority=0, headers=headers)
    message = ReceivedMessage(
        b"\x00body",
        properties,
        "adapter.requests",
        "nobody",
        "adapter.unrouted",
        redelivered=True,
        delivery_count=3,
    )
    return replace(ParkedMessage(parked_id, message, "TASK_NOT_FOUND", "no such task", client="crm"), **changes)  # type: ignore[arg-type]  # tests name fields freely


async def claimed(store: SqlJobStore, new: NewJob) -> Claim:
    """Claim a job that must be free."""
    result = await store.claim(new)
    assert isinstance(result, Claim)
    return result


async def finished(store: SqlJobStore, new: NewJob, outcome: Outcome = SUCCESS) -> Job:
    """Claim a job and end it."""
    job, _ = await store.finish(await claimed(store, new), outcome, None)
    return job


async def until(question: Callable[[], Awaitable[T]]) -> T:
    """Ask until the answer is true, at most DEADLINE_SECONDS."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        result = await question()
        if result:
            return result
        assert time.monotonic() < deadline, "the condition did not come true in time"
        await asyncio.sleep(0.005)

"""Callers for end-to-end tests: a gRPC client and a queue client, both plain and blocking like a monolith's."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import grpc
import pika
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from llm_adapter.v1 import (
    admin_service_pb2_grpc,
    job_pb2,
    job_service_pb2,
    job_service_pb2_grpc,
    task_service_pb2_grpc,
)

from tests.kit.metadata import showing
from tests.kit.secret_scan import OUTPUTS

IN_TURN = '{"loadBalancingConfig": [{"round_robin": {}}]}'


@dataclass(eq=False)
class GrpcFailure(Exception):
    """What a failed call told its caller."""

    code: str
    reason: str
    message: str
    metadata: Mapping[str, str]
    violations: tuple[tuple[str, str], ...] = ()
    pushback_ms: str = ""


class GrpcCaller:
    """Calls one adapter."""

    def __init__(self, address: str, *, key: str = "", tls: grpc.ChannelCredentials | None = None) -> None:
        """Show a key, and a certificate if tls has one. Calls go to each of several addresses (`ipv4:A,B`) in turn."""
        # Each has a connection of its own: gRPC would otherwise share it between callers of one address.
        options: list[tuple[str, Any]] = [("grpc.use_local_subchannel_pool", 1)]
        if "," in address:
            options.append(("grpc.service_config", IN_TURN))
        plain = grpc.insecure_channel(address, options) if tls is None else grpc.secure_channel(address, tls, options)
        self.channel = showing(plain, (("authorization", f"Bearer {key}"),)) if key else plain
        self.jobs = job_service_pb2_grpc.JobServiceStub(self.channel)
        self.tasks = task_service_pb2_grpc.TaskServiceStub(self.channel)
        self.admin = admin_service_pb2_grpc.AdminServiceStub(self.channel)

    def close(self) -> None:
        self.channel.close()

    def run(
        self,
        task: str,
        content: bytes,
        *,
        request_id: str = "",
        content_type: str = "application/json",
        labels: Mapping[str, str] | None = None,
        accept_review: bool = False,
        charset: str = "",
        model: str = "",
        timeout: float = 60.0,
    ) -> job_pb2.Job:
        """Run a job. Raises GrpcFailure."""
        request = job_service_pb2.RunJobRequest(
            task=task,
            request_id=request_id,
            payload=job_pb2.Payload(content=content, content_type=content_type, charset=charset),
            labels=dict(labels or {}),
            options=job_pb2.JobOptions(accept_review=accept_review, model=model),
        )
        with failures():
            return self.jobs.RunJob(request, timeout=timeout).job

    def submit(self, task: str, content: bytes, **fields: Any) -> job_pb2.Job:
        """Submit a job. Raises GrpcFailure."""
        content_type = fields.pop("content_type", "application/json")
        payload = job_pb2.Payload(content=content, content_type=content_type)
        request = job_service_pb2.SubmitJobRequest(task=task, payload=payload, **fields)
        with failures():
            return self.jobs.SubmitJob(request, timeout=60).job

    def get(self, job_id: str = "", *, request_id: str = "") -> job_pb2.Job:
        """Fetch a job. Raises GrpcFailure."""
        key = {"request_id": request_id} if request_id else {"job_id": job_id}
        with failures():
            return self.jobs.GetJob(job_service_pb2.GetJobRequest(**key), timeout=60).job

    def wait_for_end(self, job_id: str, *, seconds: float = 60.0) -> job_pb2.Job:
        """Watch a job to its end."""
        last = None
        with failures():
            for event in self.jobs.WatchJob(job_service_pb2.WatchJobRequest(job_id=job_id), timeout=seconds):
                if event.HasField("job"):
                    last = event.job
        assert last is not None
        return last


def new_id() -> str:
    """Make a request id that nobody has used."""
    return f"test-{uuid4().hex[:10]}"


def grpc_failure(caller: GrpcCaller, task: str, content: bytes, **fields: Any) -> GrpcFailure:
    """Run a job that must fail, and return how."""
    try:
        caller.run(task, content, **fields)
    except GrpcFailure as failure:
        return failure
    raise AssertionError(f"the call for {task} succeeded")


@contextmanager
def failures() -> Iterator[None]:
    """Turn a gRPC error into a GrpcFailure."""
    try:
        yield
    except grpc.RpcError as exc:
        raise _failure(exc) from exc


def _failure(exc: Any) -> GrpcFailure:
    status = rpc_status.from_call(exc)
    info = error_details_pb2.ErrorInfo()
    request = error_details_pb2.BadRequest()
    for detail in status.details if status else ():
        if detail.Is(info.DESCRIPTOR):
            detail.Unpack(info)
        if detail.Is(request.DESCRIPTOR):
            detail.Unpack(request)
    trailers = dict(exc.trailing_metadata() or ())
    OUTPUTS.look("the status and trailers of a failed call", f"{exc.details()} {status} {trailers}")
    return GrpcFailure(
        exc.code().name,
        info.reason,
        exc.details() or "",
        dict(info.metadata),
        tuple((violation.field, violation.description) for violation in request.field_violations),
        trailers.get("grpc-retry-pushback-ms", ""),
    )


@dataclass(frozen=True, slots=True)
class QueueAnswer:
    """One message of a result queue."""

    body: bytes
    properties: pika.BasicProperties
    routing_key: str

    @property
    def headers(self) -> Mapping[str, Any]:
        return self.properties.headers or {}

    @property
    def outcome(self) -> str:
        return str(self.headers["llm-outcome"])

    @property
    def reason(self) -> str:
        return str(self.headers.get("llm-reason", ""))

    @property
    def document(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True)
class QueueCaller:
    """Sends requests and takes results of one adapter prefix; owns a reply queue and a queue of all results."""

    url: str
    prefix: str
    replies: str = field(default_factory=lambda: f"crm{uuid4().hex[:6]}.replies")
    results: str = field(default_factory=lambda: f"results-{uuid4().hex[:6]}")
    connection: Any = None
    channel: Any = None

    def open(self) -> "QueueCaller":
        """Connect, and declare the queues; the results exchange must exist."""
        self.connection = pika.BlockingConnection(pika.URLParameters(self.url))
        self.channel = self.connection.channel()
        self.channel.confirm_delivery()
        self.channel.queue_declare(self.replies, durable=True)
        self.channel.queue_declare(self.results, durable=True)
        self.channel.queue_bind(self.results, f"{self.prefix}.results", "#")
        return self

    def close(self) -> None:
        if self.connection is not None and self.connection.is_open:
            self.connection.close()

    def send(
        self,
        task: str,
        body: bytes,
        *,
        headers: Mapping[str, Any] | None = None,
        routing_key: str = "",
        exchange: str | None = None,
        **properties: Any,
    ) -> str:
        """Publish a request, confirmed by the broker; returns its message id."""
        properties.setdefault("message_id", f"q-{uuid4().hex[:12]}")
        properties.setdefault("content_type", "application/json")
        basic = pika.BasicProperties(headers=dict(headers or {}), delivery_mode=2, **properties)
        target = f"{self.prefix}.requests" if exchange is None else exchange
        self.channel.basic_publish(target, routing_key or task, body, basic, mandatory=True)
        return str(properties["message_id"] or "")

    def next(self, queue: str, *, seconds: float = 60.0) -> QueueAnswer:
        """Take the next message of a queue; fails when none comes in time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            method, properties, body = self.channel.basic_get(queue, auto_ack=True)
            if method is not None:
                OUTPUTS.look(f"a message in {queue}", b"%b %r" % (body, vars(properties)))
                return QueueAnswer(body, properties, method.routing_key)
            self.connection.process_data_events(0.02)
        raise AssertionError(f"no message in {queue} within {seconds:g} s")

    def next_reply(self, **waits: float) -> QueueAnswer:
        return self.next(self.replies, **waits)

    def next_result(self, *, of: str = "", **waits: float) -> QueueAnswer:
        """Take the next result, or the next of one request: an earlier test may have had late ones."""
        while True:
            answer = self.next(self.results, **waits)
            if of in {"", answer.properties.correlation_id, answer.headers.get("llm-request-id")}:
                return answer

    def count(self, queue: str) -> int:
        """Messages ready in a queue."""
        return int(self.channel.queue_declare(queue, passive=True).method.message_count)

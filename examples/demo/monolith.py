"""What a monolith does: send records by gRPC and by queue, and take the results where it asked for them."""

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from uuid import uuid4

import grpc
import pika
from google.protobuf.json_format import MessageToDict
from grpc_status import rpc_status
from llm_adapter.v1 import job_pb2, job_service_pb2, job_service_pb2_grpc

TIMEOUT_SECONDS = 240.0
RESULT_QUEUE = "monolith.results"


@dataclass(frozen=True, slots=True)
class Record:
    """One legacy record to send."""

    task: str
    name: str
    payload: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for a record."""

    record: Record
    way_in: str
    verdict: str
    model_calls: str
    tokens: str
    seconds: float
    document: str
    is_failure: bool = False


def send_by_grpc(address: str, records: Sequence[Record], done: Callable[[Answer], None]) -> None:
    """Run each record with a RunJob call, two at a time."""
    # The channel is closed first: that ends calls that somebody interrupts, and the pool need not wait for them.
    with ThreadPoolExecutor(2) as pool, grpc.insecure_channel(address) as channel:
        stub = job_service_pb2_grpc.JobServiceStub(channel)
        for future in as_completed([pool.submit(_run, stub, record) for record in records]):
            done(future.result())


def _run(stub: job_service_pb2_grpc.JobServiceStub, record: Record) -> Answer:
    request = job_service_pb2.RunJobRequest(
        task=record.task,
        request_id=f"demo-{record.name}-{uuid4().hex[:8]}",
        payload=job_pb2.Payload(content=record.payload, content_type=record.content_type),
    )
    begun = time.monotonic()
    try:
        job = stub.RunJob(request, timeout=TIMEOUT_SECONDS).job
    except grpc.RpcError as exc:
        reason, job_id = _reason(exc)
        calls = ""
        if job_id:
            job = stub.GetJob(job_service_pb2.GetJobRequest(job_id=job_id), timeout=10).job
            calls = str(job.usage.model_calls)
        return Answer(record, "gRPC", reason, calls, "", time.monotonic() - begun, exc.details() or "", is_failure=True)
    usage = job.usage
    verdict = job_pb2.Verdict.Name(job.result.verdict).removeprefix("VERDICT_")
    return Answer(
        record,
        "gRPC",
        verdict,
        str(usage.model_calls),
        f"{usage.input_tokens}+{usage.output_tokens}",
        time.monotonic() - begun,
        job.result.content.decode(),
    )


def _reason(exc: grpc.RpcError) -> tuple[str, str]:
    status = rpc_status.from_call(exc)
    for detail in status.details if status else ():
        if detail.type_url.endswith("google.rpc.ErrorInfo"):
            info = MessageToDict(detail)
            return str(info["reason"]), str(info.get("metadata", {}).get("job_id", ""))
    return str(exc.code().name), ""


def send_by_queue(url: str, records: Sequence[Record], done: Callable[[Answer], None]) -> None:
    """Publish each record with a confirm, then take the results from a queue of ours."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.queue_declare(RESULT_QUEUE, durable=True)
        channel.queue_bind(RESULT_QUEUE, "adapter.results", "*.*.*.default")
        waiting: dict[str, Record] = {}
        for record in records:
            message_id = f"demo-{record.name}-{uuid4().hex[:8]}"
            properties = pika.BasicProperties(
                message_id=message_id, content_type=record.content_type or None, delivery_mode=2
            )
            channel.basic_publish("adapter.requests", record.task, record.payload, properties, mandatory=True)
            waiting[message_id] = record
        begun = time.monotonic()
        for _, properties, body in channel.consume(RESULT_QUEUE, auto_ack=True, inactivity_timeout=TIMEOUT_SECONDS):
            if properties is None:
                raise TimeoutError(f"no result for {', '.join(r.name for r in waiting.values())}")
            record = waiting.pop(properties.correlation_id)
            done(_answer(record, properties, body, time.monotonic() - begun))
            if not waiting:
                break
    finally:
        connection.close()


def _answer(record: Record, properties: pika.BasicProperties, body: bytes, seconds: float) -> Answer:
    headers = properties.headers or {}
    tokens = f"{headers.get('llm-input-tokens', 0)}+{headers.get('llm-output-tokens', 0)}"
    calls = str(headers.get("llm-attempts", ""))
    if headers["llm-outcome"] in {"succeeded", "review"}:
        return Answer(record, "queue", str(headers["llm-verdict"]), calls, tokens, seconds, body.decode())
    failure = json.loads(body)["error"]["message"]
    return Answer(record, "queue", str(headers["llm-reason"]), calls, tokens, seconds, failure, is_failure=True)

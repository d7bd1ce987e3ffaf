"""What a monolith does: send records by gRPC and by queue, and take the results where it asked for them."""

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from uuid import uuid4

import pika
from llm_adapter import AdapterClient, AdapterError

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
    # The client is closed first: that ends calls that somebody interrupts, and the pool need not wait for them.
    with ThreadPoolExecutor(2) as pool, AdapterClient(address, timeout_seconds=TIMEOUT_SECONDS) as client:
        for future in as_completed([pool.submit(_run, client, record) for record in records]):
            done(future.result())


def _run(client: AdapterClient, record: Record) -> Answer:
    request_id = f"demo-{record.name}-{uuid4().hex[:8]}"
    begun = time.monotonic()
    try:
        job = client.run(record.task, record.payload, request_id=request_id, content_type=record.content_type)
    except AdapterError as exc:
        calls = str(client.get(exc.job_id).message.usage.model_calls) if exc.job_id else ""
        return Answer(record, "gRPC", exc.reason, calls, "", time.monotonic() - begun, exc.message, is_failure=True)
    usage = job.message.usage
    tokens = f"{usage.input_tokens}+{usage.output_tokens}"
    seconds = time.monotonic() - begun
    return Answer(record, "gRPC", str(job.verdict), str(usage.model_calls), tokens, seconds, job.content.decode())


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

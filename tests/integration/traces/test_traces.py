"""One trace from a caller over gRPC and queue to the model and back, as a collector sees it."""

import asyncio
import json
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from llm_adapter import AdapterError, AsyncAdapterClient

from tests.kit.adapter_process import AdapterProcess
from tests.kit.callers import QueueCaller
from tests.kit.otlp_receiver import OtlpReceiver, SeenSpan, otlp_receiver, tree_of
from tests.kit.rabbitmq import broker  # noqa: F401 - a fixture
from tests.kit.scripted_endpoint import ScriptedEndpoint, answer, completion, scripted_endpoint

pytestmark = pytest.mark.asyncio(loop_scope="module")

PREFIX = f"t{secrets.token_hex(5)}"
REQUESTS = f"{PREFIX}.requests.classify-ticket"
SECRET_WORD = "zebrafish"
TICKET = json.dumps({"KDNR-1": "4711", "BETREFF": f"About a {SECRET_WORD}"}).encode()
TRIAGE = {
    "summary": f"The customer asks about a {SECRET_WORD}.",
    "category": "OTHER",
    "team": "FRONT_DESK",
    "priority": "LOW",
    "sentiment": "NEUTRAL",
}
STEPS = ["decode", "check_input", "prompt", "chat tiny", "parse", "check_output"]


class Caller:
    """A traceparent of somebody who calls."""

    def __init__(self) -> None:
        self.trace_id = secrets.token_hex(16)
        self.span_id = secrets.token_hex(8)
        self.headers = {"traceparent": f"00-{self.trace_id}-{self.span_id}-01", "tracestate": "shop=7"}


@dataclass(frozen=True, slots=True)
class Parts:
    """Collector, model endpoint and adapter."""

    receiver: OtlpReceiver
    endpoint: ScriptedEndpoint
    adapter: AdapterProcess

    def client(self, caller: Caller | None = None) -> AsyncAdapterClient:
        headers = caller.headers if caller else {}
        return AsyncAdapterClient(self.adapter.grpc_address, extra_metadata=lambda: headers)

    async def spans_of(self, trace_id: str, *names: str) -> list[SeenSpan]:
        """Wait until a trace has spans of these names, a name as often as it is given; returns all of it, by start."""
        wanted = Counter(names)
        await asyncio.to_thread(
            self.receiver.wait_for,
            lambda seen: not wanted - Counter(span.name for span in seen if span.trace_id == trace_id),
        )
        return sorted(
            (span for span in self.receiver.spans if span.trace_id == trace_id), key=lambda span: span.start_ns
        )


@asynccontextmanager
async def running(folder: Path, receiver: OtlpReceiver, **settings: Any) -> AsyncIterator[Parts]:
    async with scripted_endpoint() as endpoint:
        endpoint.script = [answer(completion(json.dumps(TRIAGE)))]
        model = {"provider": "compatible", "model": "tiny", "base_url": endpoint.url}
        adapter = AdapterProcess(folder, {"models": {"default": model}} | settings)
        await asyncio.to_thread(adapter.start)
        try:
            yield Parts(receiver, endpoint, adapter)
        finally:
            await asyncio.to_thread(adapter.stop)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def parts(tmp_path_factory: pytest.TempPathFactory, broker: Any) -> AsyncIterator[Parts]:  # noqa: F811 - the fixture
    with otlp_receiver() as receiver:
        traces = {"endpoint": receiver.url, "headers": {"x-collector-key": "made-up"}}
        amqp = {"urls": [broker.url], "prefix": PREFIX}
        async with running(tmp_path_factory.mktemp("traces"), receiver, traces=traces, amqp=amqp) as parts:
            yield parts


def by_name(spans: Iterable[SeenSpan]) -> dict[str, SeenSpan]:
    return {span.name: span for span in spans}


async def test_a_request_by_queue_is_one_trace_to_the_model_and_back(parts: Parts, broker: Any) -> None:  # noqa: F811 - the fixture
    caller = Caller()
    parts.endpoint.asked.clear()
    queue = await asyncio.to_thread(QueueCaller(broker.url, PREFIX).open)
    await asyncio.to_thread(queue.send, "classify-ticket", TICKET, headers=caller.headers, reply_to=queue.replies)
    result = await asyncio.to_thread(queue.next_reply)
    await asyncio.to_thread(queue.close)
    all_spans = await parts.spans_of(caller.trace_id, f"send {queue.replies}", f"process {REQUESTS}")

    spans = by_name(all_spans)
    process, job = spans[f"process {REQUESTS}"], spans["job classify-ticket"]
    call, send = spans["chat tiny"], spans[f"send {queue.replies}"]
    (asked,) = parts.endpoint.asked
    assert (process.kind, process.parent_id) == ("CONSUMER", caller.span_id)
    assert job.parent_id == process.span_id
    assert [span.name for span in all_spans if span.parent_id == job.span_id] == STEPS
    assert (send.kind, send.parent_id) == ("PRODUCER", process.span_id)
    assert asked.headers["traceparent"] == f"00-{caller.trace_id}-{call.span_id}-01"
    assert asked.headers["tracestate"] == "shop=7"
    assert result.headers["traceparent"] == f"00-{caller.trace_id}-{send.span_id}-01"
    assert job.attributes["llm_adapter.verdict"] == "ACCEPTED"
    assert call.attributes["gen_ai.operation.name"] == "chat"
    assert call.attributes["gen_ai.request.model"] == "tiny"
    assert call.attributes["gen_ai.usage.output_tokens"] == 5
    assert process.attributes["messaging.system"] == "rabbitmq"
    assert tree_of(all_spans, caller.trace_id).splitlines()[1].startswith("  job classify-ticket")


async def test_a_submitted_job_stays_in_its_trace_through_the_ticket(parts: Parts) -> None:
    caller = Caller()
    async with parts.client(caller) as client:
        await client.submit("classify-ticket", TICKET)
        # The name of its ticket's span, too: both exchanges are ours.
        spans = by_name(await parts.spans_of(caller.trace_id, f"process {REQUESTS}", f"send {PREFIX}.results"))

    submit, ticket = spans["llm_adapter.v1.JobService/SubmitJob"], spans[f"send {PREFIX}.requests"]
    process = spans[f"process {REQUESTS}"]
    assert (submit.kind, submit.parent_id) == ("SERVER", caller.span_id)
    assert ticket.parent_id == submit.span_id
    assert process.parent_id == ticket.span_id
    assert spans["job classify-ticket"].parent_id == process.span_id
    assert spans[f"send {PREFIX}.results"].parent_id == submit.span_id


async def test_failures_and_log_lines_carry_their_trace_and_no_content(parts: Parts) -> None:
    caller = Caller()
    parts.endpoint.script = [answer(completion(f"no {SECRET_WORD} document"))]
    try:
        async with parts.client(caller) as client:
            with pytest.raises(AdapterError) as failed:
                await client.run("classify-ticket", TICKET)
            with pytest.raises(AdapterError):
                await client.run("unheard-of", TICKET)
    finally:
        parts.endpoint.script = [answer(completion(json.dumps(TRIAGE)))]
    run = "llm_adapter.v1.JobService/RunJob"
    spans = await parts.spans_of(caller.trace_id, run, run)
    (line,) = [
        event
        for event in parts.adapter.events()
        if event["event"] == "job_finished" and event["job_id"] == failed.value.job_id
    ]

    failure = by_name(spans)["job classify-ticket"]
    servers = [span for span in spans if span.kind == "SERVER"]
    assert {span.parent_id for span in servers} == {caller.span_id}
    assert [span.attributes["rpc.grpc.status_code"] for span in servers] == [9, 5]
    assert not any(span.is_error for span in servers)
    assert failure.is_error
    assert failure.attributes["error.type"] == failed.value.reason
    assert failure.attributes["llm_adapter.job_id"] == failed.value.job_id
    assert (line["trace_id"], line["span_id"]) == (caller.trace_id, failure.span_id)
    assert not [body for body in parts.receiver.bodies if SECRET_WORD.encode() in body]
    assert {headers["x-collector-key"] for headers in parts.receiver.headers} == {"made-up"}


async def test_only_what_is_sampled_is_exported_and_content_only_when_it_is_asked_for(tmp_path: Path) -> None:
    caller = Caller()
    with otlp_receiver() as receiver:
        traces = {"endpoint": receiver.url, "sample": 0, "content": True}
        async with running(tmp_path, receiver, traces=traces) as parts:
            async with parts.client() as client:
                await client.run("classify-ticket", TICKET)
            async with parts.client(caller) as client:
                await client.run("classify-ticket", TICKET)
            spans = by_name(await parts.spans_of(caller.trace_id, "llm_adapter.v1.JobService/RunJob"))

    call = spans["chat tiny"]
    asked = json.loads(call.attributes["gen_ai.input.messages"])
    replied = json.loads(call.attributes["gen_ai.output.messages"])
    assert {span.trace_id for span in receiver.spans} == {caller.trace_id}
    assert SECRET_WORD in asked[-1]["parts"][0]["content"]
    assert json.loads(replied[0]["parts"][0]["content"]) == TRIAGE
    assert replied[0]["finish_reason"] == "stop"


async def test_a_collector_that_is_gone_harms_nobody(tmp_path: Path) -> None:
    with otlp_receiver() as receiver:
        url = receiver.url
    async with running(tmp_path, receiver, traces={"endpoint": url}) as parts:
        async with parts.client() as client:
            jobs = await asyncio.gather(*(client.run("classify-ticket", TICKET) for _ in range(100)))
        code = await asyncio.to_thread(parts.adapter.stop)
        warnings = [event["event"] for event in parts.adapter.events() if event["level"] == "warning"]

    assert len({job.job_id for job in jobs}) == 100
    assert code == 0
    # One line or two, not one for each span.
    said = [warning for warning in warnings if warning.startswith("traces_")]
    assert 0 < len(said) == len(set(said))

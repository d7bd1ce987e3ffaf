"""One trace of a real run, printed as a tree: a caller, RabbitMQ, the adapter, a model over HTTP, and the way back.

`--listen PORT` only receives instead, and prints each trace that any caller and adapter send there, once it is quiet.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from llm_adapter import AdapterClient
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from tests.integration.end_to_end.conftest import SimulatorProcess
from tests.kit.adapter_process import ROOT, AdapterProcess
from tests.kit.callers import QueueCaller
from tests.kit.otlp_receiver import OtlpReceiver, otlp_receiver, tree_of
from tests.kit.rabbitmq import private_broker_module
from tests.traces import java_caller

TASK = "classify-ticket"
SAMPLE = ROOT / "examples" / "tasks" / TASK / "samples" / "01-double-charge.json"
TICKET = SAMPLE.read_bytes()
PROPAGATOR = TraceContextTextMapPropagator()
QUIET_SECONDS = 3.0


class Monolith:
    """A caller that traces itself, as one with an OpenTelemetry agent does."""

    def __init__(self, receiver: OtlpReceiver) -> None:
        self._provider = TracerProvider(resource=Resource({"service.name": "monolith"}))
        exporter = OTLPSpanExporter(endpoint=f"{receiver.url}/v1/traces")
        self._provider.add_span_processor(SimpleSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("monolith")

    def ask_by_queue(self, url: str, prefix: str) -> str:
        """Send a ticket, take the answer; returns the trace."""
        queue = QueueCaller(url, prefix, replies="monolith.replies").open()
        with self._tracer.start_as_current_span("book a ticket by queue") as span:
            with self._tracer.start_as_current_span(f"send {prefix}.requests", kind=trace.SpanKind.PRODUCER):
                queue.send(TASK, TICKET, headers=headers_here(), reply_to=queue.replies)
            answer = queue.next_reply()
            arrived = PROPAGATOR.extract({name: str(value) for name, value in answer.headers.items()})
            kind = trace.SpanKind.CONSUMER
            with self._tracer.start_as_current_span(f"process {queue.replies}", context=arrived, kind=kind):
                queue.close()
            return trace.format_trace_id(span.get_span_context().trace_id)

    def ask_by_grpc(self, address: str) -> str:
        """Run a job; returns the trace."""
        with self._tracer.start_as_current_span("book a ticket by gRPC") as span:
            with AdapterClient(address, extra_metadata=headers_here) as client:
                client.run(TASK, TICKET)
            return trace.format_trace_id(span.get_span_context().trace_id)


def headers_here() -> dict[str, str]:
    """Of the current span."""
    headers: dict[str, str] = {}
    PROPAGATOR.inject(headers)
    return headers


@contextmanager
def parts(receiver: OtlpReceiver) -> Iterator[tuple[AdapterProcess, str]]:
    """Broker, simulated model behind HTTP, adapter; gives the adapter and the broker's URL."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="trace-run-")))
        broker = stack.enter_context(private_broker_module().PrivateBroker())
        simulator = SimulatorProcess(folder, "--latency", "0.2")
        stack.callback(simulator.stop)
        model = {"provider": "compatible", "model": "simulated", "base_url": simulator.url, "simulator": True}
        settings = {
            "models": {"default": model},
            "traces": {"endpoint": receiver.url},
            "amqp": {"urls": [broker.url], "prefix": "adapter"},
        }
        yield stack.enter_context(AdapterProcess(folder, settings)), broker.url


def run_java() -> None:
    """Ask by queue from Java, and print the trace."""
    with otlp_receiver() as receiver, parts(receiver) as (adapter, broker_url):
        trace_id = java_caller.ask_by_queue(broker_url, "adapter.requests", TASK, SAMPLE, receiver.url)
        wait_for(receiver, trace_id, f"process adapter.requests.{TASK}")
        adapter.stop()
        sys.stdout.write(f"From Java by queue, trace {trace_id}\n\n{tree_of(receiver.spans, trace_id)}\n")


def run() -> None:
    """Ask once by queue and once by gRPC, and print both traces."""
    with otlp_receiver() as receiver, parts(receiver) as (adapter, broker_url):
        monolith = Monolith(receiver)
        by_queue = monolith.ask_by_queue(broker_url, "adapter")
        by_grpc = monolith.ask_by_grpc(adapter.grpc_address)
        wait_for(receiver, by_queue, f"process adapter.requests.{TASK}")
        wait_for(receiver, by_grpc, "book a ticket by gRPC")
        adapter.stop()
        for title, trace_id in (("By queue", by_queue), ("By gRPC", by_grpc)):
            sys.stdout.write(f"{title}, trace {trace_id}\n\n{tree_of(receiver.spans, trace_id)}\n\n")


def wait_for(receiver: OtlpReceiver, trace_id: str, name: str) -> None:
    """Wait for a span of a trace."""
    receiver.wait_for(lambda seen: any((span.trace_id, span.name) == (trace_id, name) for span in seen))


def listen(port: int) -> None:
    """Print each trace when nothing of it has come for a while, until Ctrl-C."""
    with otlp_receiver(port) as receiver:
        sys.stdout.write(f"receiving at {receiver.url}: set traces.endpoint to it\n")
        printed: dict[str, int] = {}
        while True:
            count = len(receiver.spans)
            time.sleep(QUIET_SECONDS)
            if len(receiver.spans) != count:
                continue
            for trace_id in {span.trace_id for span in receiver.spans}:
                size = sum(span.trace_id == trace_id for span in receiver.spans)
                if printed.get(trace_id) != size:
                    printed[trace_id] = size
                    sys.stdout.write(f"\ntrace {trace_id}\n\n{tree_of(receiver.spans, trace_id)}\n")
                    sys.stdout.flush()


def main() -> None:
    """Run, or listen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listen", type=int, metavar="PORT", help="only receive there, and print what comes")
    parser.add_argument("--caller", choices=["python", "java"], default="python", help="who asks")
    options = parser.parse_args()
    port = options.listen
    if port is None:
        return run_java() if options.caller == "java" else run()
    try:
        listen(port)
    except KeyboardInterrupt:
        sys.stdout.write("\n")


if __name__ == "__main__":
    main()

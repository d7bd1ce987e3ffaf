"""An OTLP/HTTP receiver on a real socket that keeps the spans it is sent, and can show a trace as a tree."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1 import trace_pb2

from tests.kit.secret_scan import OUTPUTS


@dataclass(frozen=True, slots=True)
class SeenSpan:
    """One span; ids in hexadecimal, "" = no parent."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    kind: str
    service: str
    start_ns: int
    end_ns: int
    attributes: Mapping[str, Any]
    is_error: bool

    @property
    def milliseconds(self) -> float:
        return (self.end_ns - self.start_ns) / 1e6


class OtlpReceiver:
    """Remembers every span and every request's headers."""

    def __init__(self, port: int = 0) -> None:
        self.spans: list[SeenSpan] = []
        self.headers: list[Mapping[str, str]] = []
        self.bodies: list[bytes] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait_for(self, condition: Callable[[list[SeenSpan]], object], *, seconds: float = 60.0) -> list[SeenSpan]:
        """Wait until the spans so far are enough; returns them."""
        deadline = time.monotonic() + seconds
        while not condition(self.spans):
            assert time.monotonic() < deadline, f"not enough spans: {sorted(span.name for span in self.spans)}"
            time.sleep(0.02)
        return list(self.spans)

    def _take(self, body: bytes, headers: Mapping[str, str]) -> None:
        self.headers.append(headers)
        self.bodies.append(body)
        OUTPUTS.look("spans", body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = _values(resource.resource.attributes).get("service.name", "")
            self.spans += [_seen(span, service) for scope in resource.scope_spans for span in scope.spans]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        take = self._take

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                """Take a batch."""
                take(self.rfile.read(int(self.headers["Content-Length"])), dict(self.headers))
                answer = ExportTraceServiceResponse().SerializeToString()
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as it is declared there
                """Say nothing."""

        return Handler


@contextmanager
def otlp_receiver(port: int = 0) -> Iterator[OtlpReceiver]:
    """Receive for the length of a block; port 0 = a free one."""
    receiver = OtlpReceiver(port)
    receiver.start()
    try:
        yield receiver
    finally:
        receiver.stop()


def tree_of(spans: Iterable[SeenSpan], trace_id: str) -> str:
    """Write a trace as a tree: name, kind, milliseconds from its start and of its length, service, what it says."""
    mine = sorted((span for span in spans if span.trace_id == trace_id), key=lambda span: (span.start_ns, -span.end_ns))
    known = {span.span_id for span in mine}
    zero = min((span.start_ns for span in mine), default=0)
    lines: list[str] = []

    def write(span: SeenSpan, depth: int) -> None:
        said = {name: value for name, value in span.attributes.items() if name in _SHOWN}
        words = " ".join(f"{name.rpartition('.')[2]}={value}" for name, value in said.items())
        name = f"{'  ' * depth}{span.name}{' ✗' if span.is_error else ''}"
        at = (span.start_ns - zero) / 1e6
        lines.append(f"{name:<52} {span.kind:<8} {at:>8.1f} +{span.milliseconds:>7.1f} ms  {span.service}  {words}")
        for child in mine:
            if child.parent_id == span.span_id:
                write(child, depth + 1)

    for root in mine:
        if root.parent_id not in known:
            write(root, 0)
    return "\n".join(line.rstrip() for line in lines)


_SHOWN = (
    "llm_adapter.state",
    "llm_adapter.verdict",
    "gen_ai.provider.name",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.output_tokens",
    "messaging.rabbitmq.destination.routing_key",
    "rpc.grpc.status_code",
    "error.type",
)


def _seen(span: trace_pb2.Span, service: str) -> SeenSpan:
    return SeenSpan(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        name=span.name,
        kind=trace_pb2.Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        service=service,
        start_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
        attributes=_values(span.attributes),
        is_error=span.status.code == trace_pb2.Status.STATUS_CODE_ERROR,
    )


def _values(attributes: Iterable[Any]) -> dict[str, Any]:
    return {one.key: _value(one.value) for one in attributes}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(one) for one in value.array_value.values]
    return getattr(value, kind) if kind else None

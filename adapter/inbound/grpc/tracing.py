"""Calls as spans, by OpenTelemetry's semantic conventions for RPC (names as of release 1.37)."""

from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import grpc.aio

from adapter.inbound.grpc.answering import Context
from adapter.inbound.grpc.callers import metadata_of
from adapter.inbound.grpc.from_proto import trace_of
from adapter.ports import AttributeValue, Span, SpanKind, Tracer

_OURS = "/llm_adapter."
# What is the server's fault: the caller's own faults are no errors of a server span.
_FAULTS = frozenset({"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"})
Behavior = Callable[[Any, Context], Awaitable[Any]]


class TracingInterceptor(grpc.aio.ServerInterceptor):
    """Puts each unary call of our own services into a span, beneath the one that its metadata name.

    Not streams: a span that is open across events would have to be closed in another context than it began in.
    """

    def __init__(self, tracer: Tracer) -> None:
        """Take the tracer."""
        self._tracer = tracer

    async def intercept_service(self, continuation: Any, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """Wrap the handler of a call."""
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or handler.unary_unary is None or not method.startswith(_OURS):
            return handler
        return grpc.unary_unary_rpc_method_handler(
            self._traced(method, handler.unary_unary), handler.request_deserializer, handler.response_serializer
        )

    def _traced(self, method: str, behavior: Any) -> Any:
        name = method.removeprefix("/")
        service, _, rpc = name.rpartition("/")
        attributes: dict[str, AttributeValue] = {"rpc.system": "grpc", "rpc.service": service, "rpc.method": rpc}

        async def call(request: Any, context: Context) -> Any:
            parent = trace_of(metadata_of(context))
            aborted: grpc.aio.AbortError | None = None
            answer = None
            with self._tracer.span(name, kind=SpanKind.SERVER, attributes=attributes, parent=parent) as span:
                try:
                    answer = await behavior(request, context)
                except grpc.aio.AbortError as exc:
                    aborted = exc
                _note_end(span, context, ok=aborted is None)
            if aborted is not None:
                raise aborted
            return answer

        return call


def _note_end(span: Span, context: Context, *, ok: bool) -> None:
    code = grpc.StatusCode.OK if ok else context.code()
    status = code if isinstance(code, grpc.StatusCode) else grpc.StatusCode.UNKNOWN
    span.note({"rpc.grpc.status_code": status.value[0]})
    if status.name in _FAULTS:
        span.failed(status.name)

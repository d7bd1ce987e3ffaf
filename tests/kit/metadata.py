"""Channels that send metadata with every call."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import grpc

Metadata = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _Details(grpc.ClientCallDetails):
    method: str
    timeout: float | None
    metadata: Any
    credentials: grpc.CallCredentials | None
    wait_for_ready: bool | None
    compression: grpc.Compression | None


class _Showing(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor, grpc.StreamStreamClientInterceptor):
    def __init__(self, metadata: Metadata) -> None:
        self._metadata = metadata

    def intercept_unary_unary(
        self, continuation: Callable[[Any, Any], Any], client_call_details: grpc.ClientCallDetails, request: Any
    ) -> Any:
        return continuation(self._with(client_call_details), request)

    def intercept_unary_stream(
        self, continuation: Callable[[Any, Any], Any], client_call_details: grpc.ClientCallDetails, request: Any
    ) -> Any:
        return continuation(self._with(client_call_details), request)

    def intercept_stream_stream(
        self,
        continuation: Callable[[Any, Any], Any],
        client_call_details: grpc.ClientCallDetails,
        request_iterator: Any,
    ) -> Any:
        return continuation(self._with(client_call_details), request_iterator)

    def _with(self, call: grpc.ClientCallDetails) -> _Details:
        metadata = [*(call.metadata or ()), *self._metadata]
        return _Details(call.method, call.timeout, metadata, call.credentials, call.wait_for_ready, call.compression)


def showing(channel: grpc.Channel, metadata: Metadata) -> grpc.Channel:
    """Give a channel whose calls carry this metadata, too."""
    return grpc.intercept_channel(channel, _Showing(metadata))

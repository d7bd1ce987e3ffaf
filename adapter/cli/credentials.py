"""What commands show to the running service, from the environment: a process's arguments are there for all to see."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from pydantic import SecretStr

from adapter.operator_errors import ConfigurationError
from adapter.secret import reveal

API_KEY = "ADAPTER_API_KEY"
CA, CERTIFICATE, KEY = "ADAPTER_TLS_CA", "ADAPTER_TLS_CERTIFICATE", "ADAPTER_TLS_KEY"


@dataclass(frozen=True, slots=True)
class _Details(grpc.ClientCallDetails):
    """A call as it was, with more metadata."""

    method: str
    timeout: float | None
    metadata: Any
    credentials: grpc.CallCredentials | None
    wait_for_ready: bool | None
    compression: grpc.Compression | None


class _WithKey(grpc.UnaryUnaryClientInterceptor):
    """Sends the key with each call."""

    def __init__(self, key: str) -> None:
        self._key = key

    def intercept_unary_unary(
        self, continuation: Callable[[Any, Any], Any], client_call_details: grpc.ClientCallDetails, request: Any
    ) -> Any:
        """Add the metadata."""
        call = client_call_details
        metadata = [*(call.metadata or ()), ("authorization", f"Bearer {self._key}")]
        details = _Details(call.method, call.timeout, metadata, call.credentials, call.wait_for_ready, call.compression)
        return continuation(details, request)


def is_tls_wanted(configured: bool, environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether the service is reached over TLS: it is configured so here, or the environment names a CA."""
    return configured or bool(environment.get(CA))


def open_channel(target: str, *, over_tls: bool, environment: Mapping[str, str] = os.environ) -> grpc.Channel:
    """Open a channel to the service, with the key if there is one.

    Raises ConfigurationError: a key is not there, a file cannot be read, or the key would cross a network in clear.
    """
    key = environment.get(API_KEY, "")
    if key and not over_tls and target.rpartition(":")[0].strip("[]") not in {"localhost", "127.0.0.1", "::1"}:
        raise ConfigurationError(f"{API_KEY} would be sent to {target} in clear. Set {CA} to reach it over TLS.")
    channel = grpc.secure_channel(target, _tls(environment)) if over_tls else grpc.insecure_channel(target)
    return grpc.intercept_channel(channel, _WithKey(reveal(SecretStr(key), environment))) if key else channel


def _tls(environment: Mapping[str, str]) -> grpc.ChannelCredentials:
    """Without a CA of ours, those that gRPC brings along are trusted."""
    return grpc.ssl_channel_credentials(
        _content(environment, CA), _content(environment, KEY), _content(environment, CERTIFICATE)
    )


def _content(environment: Mapping[str, str], name: str) -> bytes | None:
    if not environment.get(name):
        return None
    try:
        return Path(environment[name]).read_bytes()
    except OSError as exc:
        raise ConfigurationError(f"{name}: {environment[name]} cannot be read: {exc.strerror}") from exc

"""What both clients are made of: address, keys, certificates, and how long a call may take."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict, Unpack

import grpc

from llm_adapter.calls import Call
from llm_adapter.retries import Retries

DEFAULT_ADDRESS = "127.0.0.1:50051"
DEFAULT_TIMEOUT_SECONDS = 60.0
DEFAULT_MOST_TRIES = 5
_MESSAGE_BYTES = 16 * 1024 * 1024
_METADATA_BYTES = 16 * 1024

CHANNEL_OPTIONS = (
    # One owner of retries: this client, which keeps the request id.
    ("grpc.enable_retries", 0),
    ("grpc.service_config_disable_resolution", 1),
    # Calls are spread over all replicas that the address names, and go on with the others when one stops.
    ("grpc.service_config", '{"loadBalancingConfig": [{"round_robin": {}}]}'),
    ("grpc.max_receive_message_length", _MESSAGE_BYTES),
    ("grpc.max_send_message_length", _MESSAGE_BYTES),
    ("grpc.max_metadata_size", _METADATA_BYTES),
    # A model may think for a minute without a byte on the wire: pings find a connection that is gone.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    # A restarted adapter is found at once, not after the two minutes to which gRPC's own backoff grows.
    ("grpc.max_reconnect_backoff_ms", 2_000),
)


@dataclass(frozen=True, slots=True)
class Tls:
    """How the connection is protected. Files are PEM; all empty: the authorities that gRPC trusts, no certificate."""

    ca_file: Path | str | None = None
    """Authorities to trust instead."""
    certificate_file: Path | str | None = None
    """Certificate chain of this client, for mutual TLS; with key_file."""
    key_file: Path | str | None = None
    server_name: str = ""
    """Name that the adapter's certificate has, where it differs from the address."""

    def credentials(self) -> grpc.ChannelCredentials:
        """Read the files. Raises OSError; ValueError for a certificate without its key."""
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("certificate_file and key_file belong together: give both, or neither")
        return grpc.ssl_channel_credentials(_read(self.ca_file), _read(self.key_file), _read(self.certificate_file))


def _read(file: Path | str | None) -> bytes | None:
    return None if file is None else Path(file).read_bytes()


class Options(TypedDict, total=False):
    """How a client connects, beside the address."""

    api_key: str
    """Sent as x-api-key; over plain text anybody between can read it. Default: none."""
    bearer_token: Callable[[], str] | None
    """Asked before each try for the token of `authorization: Bearer`. Default: none."""
    tls: Tls | None
    """Default: plain text."""
    timeout_seconds: float
    """Deadline of a call that names none, retries included. Default: 60."""
    most_tries: int
    """How often a call is sent at most; 1: no retries. Default: 5."""
    extra_metadata: Callable[[], Mapping[str, str]] | None
    """Asked before each try for more metadata, for example traceparent. Default: none."""


class Connection:
    """The options of one client, in effect."""

    def __init__(self, address: str, **options: Unpack[Options]) -> None:
        """Read certificates. Raises OSError for one that cannot be read, ValueError for options that make no sense."""
        self.address = address
        self.most_tries = options.get("most_tries", DEFAULT_MOST_TRIES)
        self.timeout_seconds = options.get("timeout_seconds", DEFAULT_TIMEOUT_SECONDS)
        if self.timeout_seconds <= 0 or self.most_tries < 1:
            raise ValueError("timeout_seconds must be above 0, and most_tries at least 1")
        self._api_key = options.get("api_key", "")
        self._bearer_token = options.get("bearer_token")
        self._extra_metadata = options.get("extra_metadata")
        tls = options.get("tls")
        self._credentials = tls.credentials() if tls else None
        override = (("grpc.ssl_target_name_override", tls.server_name),) if tls and tls.server_name else ()
        self._channel_options: tuple[tuple[str, int | str], ...] = (*CHANNEL_OPTIONS, *override)

    def _retries(self, call: Call[Any]) -> Retries:
        timeout_seconds = self.timeout_seconds if call.timeout_seconds is None else call.timeout_seconds
        return Retries(timeout_seconds, self.most_tries)

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        pairs = dict(self._extra_metadata()) if self._extra_metadata else {}
        if self._api_key:
            pairs["x-api-key"] = self._api_key
        if self._bearer_token:
            pairs["authorization"] = f"Bearer {self._bearer_token()}"
        return tuple(pairs.items())

"""The gRPC port of several workers: theirs to share, and nobody else's."""

import socket
from types import TracebackType
from typing import Self

from adapter.operator_errors import UnreachableError


class PortReservedError(UnreachableError):
    """The address cannot be listened on."""


class ReservedPort:
    """A bound socket that never listens: workers of the same user may share the port, a second service may not."""

    def __init__(self, listen: str) -> None:
        """Reserve host:port; port 0 = any free one. Raises PortReservedError."""
        self._socket: socket.socket | None = None
        host, _, port = listen.rpartition(":")
        try:
            self._socket, self.port = _bound(host.strip("[]"), int(port))
        except OSError as exc:
            raise PortReservedError(
                f"cannot listen on {listen} for gRPC: {exc.strerror or exc}. "
                "Stop the process that has it, or set grpc.listen to another address."
            ) from exc
        self.listen = f"{host}:{self.port}"

    def __enter__(self) -> Self:
        """Keep it until the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let it go."""
        if self._socket is not None:
            self._socket.close()


def _bound(host: str, port: int) -> tuple[socket.socket, int]:
    family, kind, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[
        0
    ]
    opened = socket.socket(family, kind, protocol)
    try:
        # Bound alone, and shared only then: were it shareable at once, two services would share by accident.
        # Connections of an earlier start that linger must not keep us out, so addresses are reused just for the bind.
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(where)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    except OSError:
        opened.close()
        raise
    return opened, int(opened.getsockname()[1])

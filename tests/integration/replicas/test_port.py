"""The port that workers share, and nobody else."""

import socket

import pytest

from adapter.workers.port import PortReservedError, ReservedPort


def listening(port: int, *, is_shared: bool) -> socket.socket:
    """Listen as a gRPC server does."""
    return socket.create_server(("127.0.0.1", port), reuse_port=is_shared)


def test_workers_listen_beside_each_other_on_a_reserved_port() -> None:
    with ReservedPort("127.0.0.1:0") as port:
        for worker in [listening(port.port, is_shared=True) for _ in range(3)]:
            worker.close()
        assert port.listen == f"127.0.0.1:{port.port}"


def test_nobody_else_gets_a_reserved_port_before_or_after_its_workers_listen() -> None:
    with ReservedPort("127.0.0.1:0") as port:
        with pytest.raises(PortReservedError, match="Address already in use"):
            ReservedPort(port.listen)
        with listening(port.port, is_shared=True), pytest.raises(PortReservedError, match=r"grpc\.listen"):
            ReservedPort(port.listen)
        with pytest.raises(OSError, match="in use"):
            listening(port.port, is_shared=False)


def test_a_port_that_another_service_listens_on_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(PortReservedError):
        ReservedPort(f"127.0.0.1:{taken.getsockname()[1]}")


def test_a_port_whose_last_connections_linger_can_be_reserved_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        caller = socket.create_connection(("127.0.0.1", port))
        accepted, _ = server.accept()
        accepted.close()  # the side that closes first keeps the address for a minute
        caller.close()
    with ReservedPort(f"127.0.0.1:{port}") as reserved:
        assert reserved.port == port


def test_an_address_that_is_not_ours_is_named() -> None:
    with pytest.raises(PortReservedError, match=r"192\.0\.2\.1:0"):
        ReservedPort("192.0.2.1:0")

"""The image's health check, run as the image runs it, against real ports."""

import asyncio
import ssl
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from tests.kit.adapter_process import ROOT, AdapterProcess, clean_environment
from tests.kit.certificates import Authority
from tests.kit.scripted_endpoint import answer, scripted_endpoint

CHECK = ROOT / "deploy" / "image" / "health.py"
NOBODY = "127.0.0.1:1"


def check(grpc_address: str, http_address: str = NOBODY) -> tuple[int, str]:
    """Run it; returns its exit code and what it said."""
    # A proxy that there is for calls to models is none of its business.
    environment = clean_environment() | {
        "ADAPTER_GRPC__LISTEN": grpc_address,
        "ADAPTER_HTTP__LISTEN": http_address,
        "http_proxy": f"http://{NOBODY}",
    }
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, CHECK], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stderr


def test_a_service_that_serves_is_healthy_also_where_it_listens_on_every_address(tmp_path: Path) -> None:
    with AdapterProcess(tmp_path, {}) as adapter:
        assert check(f"0.0.0.0:{adapter.grpc_port}") == (0, "")


@contextmanager
def health_service(status: int) -> Iterator[str]:
    """Serve grpc.health.v1 alone; gives its address."""
    server, servicer = grpc.server(ThreadPoolExecutor(1)), health.HealthServicer()
    servicer.set("", status)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    port = server.add_insecure_port("[::1]:0")
    server.start()
    yield f"[::]:{port}"
    server.stop(None).wait()


def test_a_service_that_drains_is_not_healthy() -> None:
    with health_service(health_pb2.HealthCheckResponse.NOT_SERVING) as address:
        assert check(address) == (1, "not serving\n")


def test_nobody_on_the_port_is_not_healthy() -> None:
    code, said = check(NOBODY)

    assert code == 1
    assert "no answer on 127.0.0.1:1: UNAVAILABLE" in said


def test_a_service_that_asks_for_client_certificates_is_healthy(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    shown = authority.issue("adapter", "localhost")
    tls = {"certificate": str(shown.certificate), "key": str(shown.key), "client_ca": str(authority.file)}
    with AdapterProcess(tmp_path, {"grpc": {"listen": "127.0.0.1:0", "tls": tls}}) as adapter:
        assert check(f"0.0.0.0:{adapter.grpc_port}", f"0.0.0.0:{adapter.http_port}") == (0, "")


async def test_a_port_with_tls_is_not_healthy_where_readyz_says_so_or_nobody_answers(tmp_path: Path) -> None:
    shown = Authority(tmp_path).issue("adapter", "localhost")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(shown.certificate, shown.key)
    async with scripted_endpoint(context) as with_tls, scripted_endpoint() as plain:
        plain.script = [answer({}, 503)]
        grpc_address, http_address = (one.url.partition("//")[2].removesuffix("/v1") for one in (with_tls, plain))
        assert await asyncio.to_thread(check, grpc_address, http_address) == (1, "/readyz answers 503\n")
        code, said = await asyncio.to_thread(check, grpc_address, NOBODY)

    assert code == 1
    assert "no answer on 127.0.0.1:1" in said

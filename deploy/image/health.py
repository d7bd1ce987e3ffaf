"""The image's health check: whether the adapter in this container takes requests; exit code 0 if it does, else 1.

Asks grpc.health.v1. A port with TLS may want a client certificate, which a check does not have: then /readyz, which
says the same, is asked. Both addresses are taken from the environment, which is stronger than any configuration file.
"""

import os
import socket
import ssl
import sys
import urllib.error
import urllib.request

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

_SECONDS = 4.0
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what is listened on, not what we listen on


def problem() -> str:
    """Why the service is not healthy; "" = it is."""
    host, port = _address("ADAPTER_GRPC__LISTEN", "127.0.0.1:50051")
    return _http_problem() if _speaks_tls(host, port) else _grpc_problem(host, port)


def _address(variable: str, default: str) -> tuple[str, int]:
    host, _, port = os.environ.get(variable, default).rpartition(":")
    host = host.strip("[]")
    return _ANY_ADDRESS.get(host, host), int(port)


def _speaks_tls(host: str, port: int) -> bool:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # nothing is sent: the question is only whether there is TLS
    context.set_alpn_protocols(["h2"])
    try:
        with socket.create_connection((host, port), _SECONDS) as plain, context.wrap_socket(plain):
            return True
    except OSError:
        return False


def _grpc_problem(host: str, port: int) -> str:
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    with grpc.insecure_channel(target, options=[("grpc.enable_http_proxy", 0)]) as channel:
        ask = health_pb2_grpc.HealthStub(channel).Check  # type: ignore[attr-defined]  # the types leave it out
        try:
            status = ask(health_pb2.HealthCheckRequest(), timeout=_SECONDS).status
        except grpc.RpcError as exc:
            return f"no answer on {target}: {exc.code().name}"
    return "" if status == health_pb2.HealthCheckResponse.SERVING else "not serving"


def _http_problem() -> str:
    host, port = _address("ADAPTER_HTTP__LISTEN", "127.0.0.1:8080")
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{where}/readyz", timeout=_SECONDS):
            return ""
    except urllib.error.HTTPError as exc:
        return f"/readyz answers {exc.code}"
    except OSError as exc:
        return f"no answer on {where}: {exc}"


if __name__ == "__main__":
    sys.exit(problem() or 0)

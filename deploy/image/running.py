"""Running containers of the image, as locked down as it allows and behind API keys, and looking at them."""

import contextlib
import hashlib
import json
import os
import re
import secrets
import socket
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import grpc
from llm_adapter.v1 import job_pb2, job_service_pb2, job_service_pb2_grpc

from deploy.image.engine import Engine

ROOT = Path(__file__).resolve().parents[2]
TAG = "localhost/llm-adapter:check"
TASKS = ROOT / "examples" / "tasks"
SAMPLE = TASKS / "classify-ticket" / "samples" / "01-double-charge.json"
WAIT_SECONDS = 60.0
LOCKED_DOWN = (
    "--read-only",
    "--tmpfs=/tmp",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--memory=512m",
    "--network=host",
    f"--volume={TASKS}:/tasks:ro",
)
_LOG_SHOWN = 4000


class CheckFailed(Exception):
    """The image does not do what it must."""


def expect(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - the one thing that is looked at
    """Raise CheckFailed unless it holds."""
    if not holds:
        raise CheckFailed(otherwise)


def say(what: str, how: str) -> None:
    """Print one line of the report."""
    sys.stdout.write(f"  {what:<24} {how}\n")
    sys.stdout.flush()


def wait_until(condition: Callable[[], bool], otherwise: str) -> None:
    """Wait until it holds. Raises CheckFailed when it does not in time."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        expect(time.monotonic() < deadline, otherwise)
        time.sleep(0.1)


@dataclass(frozen=True)
class Keys:
    """A keys file with one client, and its key."""

    file: Path
    key: str = field(default_factory=lambda: secrets.token_hex(32))

    def write(self) -> "Keys":
        """Write the file, which everybody may read: it holds a digest."""
        digest = hashlib.sha256(self.key.encode()).hexdigest()
        self.file.write_text(f"- {{name: check, key_sha256: {digest}}}\n")
        return self


@dataclass(frozen=True)
class Container:
    """A running one."""

    engine: Engine
    name: str
    keys: Keys
    port: int
    http_port: int

    def wait_healthy(self) -> float:
        """Run the image's own health check until it succeeds; returns how long that took in seconds."""
        begun = time.monotonic()
        said = json.loads(self.engine("image", "inspect", TAG))[0]
        # Docker has it in the configuration, podman beside it.
        health = (said.get("Healthcheck") or said["Config"]["Healthcheck"])["Test"][1:]
        wait_until(
            lambda: self.engine.attempt("exec", self.name, *health).returncode == 0, "the health check does not succeed"
        )
        return time.monotonic() - begun

    def listening_seconds(self) -> float:
        """From the start of the container's process to the service's word that it listens."""
        begun = json.loads(self.engine("inspect", "--format={{json .State.StartedAt}}", self.name))
        listens = next(event["timestamp"] for event in self.events() if event["event"] == "started")
        return (datetime.fromisoformat(listens) - datetime.fromisoformat(begun)).total_seconds()

    def cpu_seconds(self) -> float:
        """User and system time of its process so far."""
        pid = self.engine("inspect", "--format={{.State.Pid}}", self.name)
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def log(self) -> str:
        """All it wrote."""
        done = self.engine.attempt("logs", self.name)
        return done.stdout + done.stderr

    def events(self) -> list[dict[str, Any]]:
        """What the service logged."""
        return [json.loads(line) for line in self.log().splitlines() if line.startswith("{")]

    def in_flight(self) -> int:
        """Jobs that it works on now."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}/metrics", timeout=10) as page:
            found = re.search(r"^adapter_jobs_in_flight (\S+)", page.read().decode(), re.MULTILINE)
        return int(float(found[1])) if found else 0

    def run_job(self, request_id: str) -> job_pb2.Job:
        """Classify the sample ticket. Raises grpc.RpcError."""
        payload = job_pb2.Payload(content=SAMPLE.read_bytes(), content_type="application/json")
        request = job_service_pb2.RunJobRequest(task="classify-ticket", request_id=request_id, payload=payload)
        with grpc.insecure_channel(f"127.0.0.1:{self.port}") as channel:
            stub = job_service_pb2_grpc.JobServiceStub(channel)
            return stub.RunJob(request, timeout=60, metadata=(("x-api-key", self.keys.key),)).job


@contextmanager
def container(
    engine: Engine, name: str, keys: Keys, settings: Mapping[str, str], volumes: tuple[str, ...] = ()
) -> Iterator[Container]:
    """Run one on free ports; it is gone afterwards, and has shown its log if something went wrong."""
    port, http_port = _free_port(), _free_port()
    addresses = {
        "ADAPTER_GRPC__LISTEN": f"0.0.0.0:{port}",
        "ADAPTER_HTTP__LISTEN": f"127.0.0.1:{http_port}",
        "ADAPTER_AUTH__KEYS": "file:/run/secrets/keys",
    }
    options = [f"--volume={volume}" for volume in (f"{keys.file}:/run/secrets/keys:ro", *volumes)]
    options += [f"--env={key}={value}" for key, value in ({**settings, **addresses}).items()]
    engine("run", "--detach", f"--name={name}", *LOCKED_DOWN, *options, TAG)
    running = Container(engine, name, keys, port, http_port)
    try:
        yield running
    except Exception:
        sys.stderr.write(running.log()[-_LOG_SHOWN:])
        raise
    finally:
        engine.attempt("rm", "--force", "--volumes", name)


def _free_port() -> int:
    """Return a port of the loopback that is free now, below the range that the system gives to connections."""
    while True:
        port = 15_000 + secrets.randbelow(17_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port

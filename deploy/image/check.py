"""Builds the image, runs it locked down and behind API keys, sends it a job, stops it, and says size and times.

Run it with the project's Python: make image-check. PYTHON_IMAGE names another base image.
"""

import hashlib
import json
import os
import re
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import grpc
from llm_adapter.v1 import job_pb2, job_service_pb2, job_service_pb2_grpc

from deploy.image.engine import Engine, EngineError, find_engine, python_image

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".cache" / "image"
TAG = "localhost/llm-adapter:check"
NAME = f"llm-adapter-check-{os.getpid()}"
TASKS = ROOT / "examples" / "tasks"
SAMPLE = TASKS / "classify-ticket" / "samples" / "01-double-charge.json"
API_KEY = secrets.token_hex(32)
MODEL_SECONDS = 2.0
WAIT_SECONDS = 60.0
STOP_SECONDS = 60.0
LOCKED_DOWN = (
    "--read-only",
    "--tmpfs=/tmp",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--memory=512m",
    "--network=host",
)


class CheckFailed(Exception):
    """The image does not do what it must."""


def expect(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - the one thing that is looked at
    """Raise CheckFailed unless it holds."""
    if not holds:
        raise CheckFailed(otherwise)


def say(what: str, how: str) -> None:
    """Print one line of the report."""
    sys.stdout.write(f"  {what:<34} {how}\n")
    sys.stdout.flush()


def megabytes(engine: Engine, image: str) -> float:
    """Size of an image, its base included."""
    return int(engine("image", "inspect", "--format={{.Size}}", image)) / 1e6


def build(engine: Engine) -> None:
    """Build the image, and check what it says of itself."""
    wanted = os.environ.get("PYTHON_IMAGE", "")
    if not wanted:
        default = re.search(r"^ARG PYTHON_IMAGE=(\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
        assert default is not None  # noqa: S101 - ours
        wanted = default[1]
    base = python_image(engine, FOLDER, wanted)
    begun = time.monotonic()
    engine.build(ROOT, TAG, {"PYTHON_IMAGE": base})
    say("built", f"in {time.monotonic() - begun:.0f} s with {engine.program} on {base}")
    size, base_size = megabytes(engine, TAG), megabytes(engine, base)
    say("size", f"{size:.0f} MB, {base_size:.0f} MB of it the base image")
    config = json.loads(engine("image", "inspect", TAG))[0]["Config"]
    user = str(config.get("User", ""))
    expect(re.fullmatch(r"[1-9]\d*:[1-9]\d*", user) is not None, f"the user is {user!r}, not a number other than root")
    expect("/data" in config.get("Volumes", {}), "/data is no volume")
    labels = [name for name in config.get("Labels", {}) if name.startswith("org.opencontainers.image.")]
    say("says", f"user {user}, volume /data, {config.get('StopSignal', 'SIGTERM')} stops it, {len(labels)} labels")


def run_options(keys: Path, port: int, http_port: int) -> list[str]:
    """Options of a container that lets in whoever has the key, with a simulated model that takes its time."""
    model = {"default": {"provider": "simulated", "latency": str(MODEL_SECONDS)}}
    settings = {
        "ADAPTER_GRPC__LISTEN": f"0.0.0.0:{port}",
        "ADAPTER_HTTP__LISTEN": f"127.0.0.1:{http_port}",
        "ADAPTER_AUTH__KEYS": "file:/run/secrets/keys",
        "ADAPTER_MODELS": json.dumps(model),
    }
    environment = [f"--env={name}={value}" for name, value in settings.items()]
    volumes = (f"{NAME}:/data", f"{TASKS}:/tasks:ro", f"{keys}:/run/secrets/keys:ro")
    return [*LOCKED_DOWN, *(f"--volume={volume}" for volume in volumes), *environment]


@contextmanager
def container(engine: Engine, options: list[str]) -> Iterator[None]:
    """Run a container that is gone afterwards."""
    engine("run", "--detach", f"--name={NAME}", *options, TAG)
    try:
        yield
    except Exception:
        done = engine.attempt("logs", NAME)
        sys.stderr.write((done.stdout + done.stderr)[-4000:])
        raise
    finally:
        engine.attempt("rm", "--force", "--volumes", NAME)


def wait_until(condition: Callable[[], bool], otherwise: str) -> None:
    """Wait until it holds. Raises CheckFailed when it does not in time."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        expect(time.monotonic() < deadline, otherwise)
        time.sleep(0.2)


def wait_healthy(engine: Engine) -> float:
    """Run the image's own health check until it succeeds; returns how long that took in seconds."""
    begun = time.monotonic()
    said = json.loads(engine("image", "inspect", TAG))[0]
    health = (said.get("Healthcheck") or said["Config"]["Healthcheck"])["Test"][1:]
    wait_until(lambda: engine.attempt("exec", NAME, *health).returncode == 0, "the health check does not succeed")
    return time.monotonic() - begun


def events(engine: Engine) -> list[dict[str, Any]]:
    """What the service logged."""
    done = engine.attempt("logs", NAME)
    return [json.loads(line) for line in (done.stdout + done.stderr).splitlines() if line.startswith("{")]


def started_after_seconds(engine: Engine) -> float:
    """From the start of the container's process to the service's word that it listens."""
    begun = datetime.fromisoformat(json.loads(engine("inspect", "--format={{json .State.StartedAt}}", NAME)))
    listens = next(event["timestamp"] for event in events(engine) if event["event"] == "started")
    return (datetime.fromisoformat(listens) - begun).total_seconds()


def run_job(address: str, request_id: str) -> job_pb2.Job:
    """Classify the sample ticket."""
    payload = job_pb2.Payload(content=SAMPLE.read_bytes(), content_type="application/json")
    request = job_service_pb2.RunJobRequest(task="classify-ticket", request_id=request_id, payload=payload)
    with grpc.insecure_channel(address) as channel:
        stub = job_service_pb2_grpc.JobServiceStub(channel)
        return stub.RunJob(request, timeout=60, metadata=(("x-api-key", API_KEY),)).job


def in_flight(http_port: int) -> float:
    """Jobs that the service works on now."""
    with urllib.request.urlopen(f"http://127.0.0.1:{http_port}/metrics", timeout=10) as page:
        found = re.search(r"^adapter_jobs_in_flight (\S+)", page.read().decode(), re.MULTILINE)
    return float(found[1]) if found else 0.0


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def check_refusal(engine: Engine) -> None:
    """As it comes it listens on every address, and must refuse to without authentication."""
    done = engine.attempt("run", "--rm", f"--name={NAME}", *LOCKED_DOWN, f"--volume={TASKS}:/tasks:ro", TAG)
    expect(done.returncode == 3, f"without authentication it ended with {done.returncode}: {done.stderr[-500:]}")  # noqa: PLR2004 - exit code of an invalid configuration
    say("without authentication", "refuses to listen on 0.0.0.0: exit code 3")


def check_service(engine: Engine) -> None:
    """A job, a stop in the middle of another one, and its outcome again after the next start."""
    port, http_port = free_port(), free_port()
    keys = FOLDER / "keys.yaml"
    keys.write_text(f"- {{name: check, key_sha256: {hashlib.sha256(API_KEY.encode()).hexdigest()}}}\n")
    address, options = f"127.0.0.1:{port}", run_options(keys, port, http_port)
    with container(engine, options):
        healthy = wait_healthy(engine)
        say("started", f"listens after {started_after_seconds(engine):.1f} s, healthy after {healthy:.1f} s")
        job = run_job(address, "check-1")
        say("job by gRPC", f"{job_pb2.State.Name(job.state)}: {job.result.content.decode()}")
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(run_job, address, "check-2")
            wait_until(lambda: in_flight(http_port) == 1, "the second job does not begin")
            begun = time.monotonic()
            engine("stop", f"--time={STOP_SECONDS:.0f}", NAME)
            seconds = time.monotonic() - begun
            other = running.result()
        code = engine("inspect", "--format={{.State.ExitCode}}", NAME)
        logged = [event["event"] for event in events(engine)]
        expect(code == "0", f"after SIGTERM it ended with {code}")
        expect(logged[-1] == "stopped", f"it ended without a word: {logged[-3:]}")
        say("SIGTERM", f"drained in {seconds:.1f} s, the running job {job_pb2.State.Name(other.state)}, exit code 0")
    with container(engine, options):
        wait_healthy(engine)
        again = run_job(address, "check-2")
        expect(again.job_id == other.job_id, "a repeat after the restart was worked on again")
        say("started again on /data", f"a repeat gets the recorded outcome of {again.job_id}")


def main() -> int:
    """Check everything; returns the exit code."""
    try:
        engine = find_engine(FOLDER)
        build(engine)
        check_refusal(engine)
        try:
            check_service(engine)
        finally:
            engine.attempt("volume", "rm", "--force", NAME)
    except (EngineError, CheckFailed, grpc.RpcError, subprocess.TimeoutExpired) as exc:
        sys.stderr.write(f"image-check: {exc}\n")
        return 1
    sys.stdout.write("The image does what it must.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

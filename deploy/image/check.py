"""Builds the image, runs it alone and as two replicas, sends it jobs, stops and kills it, and says size and times.

make image-check. PYTHON_IMAGE names another base image.
"""

import json
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from llm_adapter.v1 import job_pb2

from deploy.image.engine import Engine, EngineError, find_engine, python_image
from deploy.image.replicas import check_replicas
from deploy.image.running import LOCKED_DOWN, ROOT, TAG, CheckFailed, Keys, container, expect, say, wait_until

FOLDER = ROOT / ".cache" / "image"
NAME = f"llm-adapter-check-{os.getpid()}"
# Long enough to be met in the middle of it.
SLOW_MODEL = {"ADAPTER_MODELS": json.dumps({"default": {"provider": "simulated", "latency": "2"}})}
STOP_SECONDS = 60
_INVALID_CONFIGURATION = 3


def main() -> int:
    """Check everything; returns the exit code."""
    try:
        engine = find_engine(FOLDER)
        build(engine)
        check_refusal(engine)
        keys = Keys(FOLDER / "keys.yaml").write()
        try:
            check_alone(engine, keys)
        finally:
            engine.attempt("volume", "rm", "--force", NAME)
        check_replicas(engine, NAME, keys)
    except (EngineError, CheckFailed, grpc.RpcError, subprocess.TimeoutExpired) as exc:
        sys.stderr.write(f"image-check: {exc}\n")
        return 1
    sys.stdout.write("The image does what it must.\n")
    return 0


def build(engine: Engine) -> None:
    """Build the image, and check what it says of itself."""
    base = python_image(engine, FOLDER, os.environ.get("PYTHON_IMAGE") or default_base(ROOT / "Dockerfile"))
    begun = time.monotonic()
    engine.build(ROOT, TAG, {"PYTHON_IMAGE": base})
    say("built", f"in {time.monotonic() - begun:.0f} s with {engine.program} on {base}")
    size, base_size = megabytes(engine, TAG), megabytes(engine, base)
    say("size", f"{size:.0f} MB, {base_size:.0f} MB of it the base image")
    config = json.loads(engine("image", "inspect", TAG))[0]["Config"]
    user = str(config.get("User", ""))
    expect(re.fullmatch(r"[1-9]\d*:[1-9]\d*", user) is not None, f"the user is {user!r}, not a number other than root")
    expect("/data" in config.get("Volumes", {}), "/data is no volume")
    expect(config.get("StopSignal") == "SIGTERM", "SIGTERM does not stop it")
    labels = [name for name in config.get("Labels", {}) if name.startswith("org.opencontainers.image.")]
    say("says", f"user {user}, volume /data, {len(labels)} labels")


def default_base(dockerfile: Path) -> str:
    """The base image that the Dockerfile names."""
    found = re.search(r"^ARG PYTHON_IMAGE=(\S+)$", dockerfile.read_text(), re.MULTILINE)
    if found is None:
        raise CheckFailed(f"{dockerfile} names no PYTHON_IMAGE")
    return found[1]


def megabytes(engine: Engine, image: str) -> float:
    """Size of an image, its base included."""
    return int(engine("image", "inspect", "--format={{.Size}}", image)) / 1e6


def check_refusal(engine: Engine) -> None:
    """As it comes it listens on every address, and must refuse to without authentication."""
    done = engine.attempt("run", "--rm", f"--name={NAME}", *LOCKED_DOWN, TAG)
    expect(done.returncode == _INVALID_CONFIGURATION, f"without keys it ended with {done.returncode}: {done.stderr}")
    say("without keys", f"it refuses to listen on 0.0.0.0: exit code {done.returncode}")


def check_alone(engine: Engine, keys: Keys) -> None:
    """A job, a stop in the middle of another one, and its outcome again after the next start."""
    volume = (f"{NAME}:/data",)
    with container(engine, NAME, keys, SLOW_MODEL, volume) as one:
        healthy, cpu = one.wait_healthy(), one.cpu_seconds()
        listens = one.listening_seconds()
        say("started", f"listens after {listens:.1f} s, healthy after {healthy:.1f} s, for {cpu:.1f} s of CPU")
        job = one.run_job("check-1")
        say("job by gRPC", f"{job_pb2.State.Name(job.state)}: {job.result.content.decode()}")
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(one.run_job, "check-2")
            wait_until(lambda: one.in_flight() == 1, "the second job does not begin")
            begun = time.monotonic()
            engine("stop", f"--time={STOP_SECONDS}", NAME)
            seconds = time.monotonic() - begun
            other = running.result()
        code = engine("inspect", "--format={{.State.ExitCode}}", NAME)
        last = one.events()[-1]["event"]
        expect((code, last) == ("0", "stopped"), f"after SIGTERM it ended with {code}, its last word was {last}")
        say("SIGTERM", f"drained in {seconds:.1f} s, the running job {job_pb2.State.Name(other.state)}, exit code 0")
    with container(engine, NAME, keys, SLOW_MODEL, volume) as one:
        one.wait_healthy()
        again = one.run_job("check-2")
        expect(again.job_id == other.job_id, "a repeat after the restart was worked on again")
        say("started again on /data", f"a repeat gets the recorded outcome of {again.job_id}")


if __name__ == "__main__":
    sys.exit(main())

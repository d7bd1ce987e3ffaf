"""The printed configuration and the printed task serve, and the README's calls work against them."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from llm_adapter.v1 import job_pb2, job_service_pb2, job_service_pb2_grpc

from tests.kit.adapter_process import ADAPTER, ROOT, clean_environment
from tests.kit.rabbitmq import broker  # noqa: F401 - a fixture
from tests.unit.docs.pages import blocks, page

GREET = ("task.yaml", "input.schema.json", "output.schema.json", "prompt.md")
START_SECONDS = 60.0


@dataclass(frozen=True)
class Served:
    """A service in a folder that looks like the repository's."""

    folder: Path
    grpc_address: str
    broker_url: str


def lay_out(folder: Path) -> None:
    """Copy the examples, and add the first task of docs/tasks.md to them."""
    shutil.copytree(ROOT / "examples", folder / "examples")
    text = page("tasks.md")
    first = text[text.index("## Your first one") : text.index("## task.yaml")]
    contents = re.findall(r"```\w+\n(.*?)```", first, re.DOTALL)
    greet = folder / "examples" / "tasks" / "greet"
    greet.mkdir()
    for name, content in zip(GREET, contents, strict=False):
        (greet / name).write_text(content, encoding="utf-8")


def started(process: subprocess.Popen[bytes], log: Path) -> dict[str, Any]:
    """Wait for the event `started`."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        for line in log.read_text().splitlines():
            if '"started"' in line and line.endswith("}"):
                event: dict[str, Any] = json.loads(line)
                return event
        time.sleep(0.05)
    raise AssertionError(log.read_text()[-4000:])


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, broker: Any) -> Iterator[Served]:  # noqa: F811 - the fixture
    folder = tmp_path_factory.mktemp("served")
    lay_out(folder)
    vhost = f"docs-{os.getpid()}"
    broker.ctl("add_vhost", vhost)
    broker.ctl("set_permissions", "-p", vhost, "guest", ".*", ".*", ".*")
    url = broker.url.removesuffix("%2F") + vhost
    overridden = {
        "ADAPTER_AMQP__URLS": json.dumps([url]),
        "ADAPTER_GRPC__LISTEN": "127.0.0.1:0",
        "ADAPTER_HTTP__LISTEN": "127.0.0.1:0",
    }
    log = folder / "serve.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(  # noqa: S603 - our own command line
            [ADAPTER, "serve", "--config", "examples/adapter.yaml"],
            cwd=folder,
            stdout=stream,
            stderr=stream,
            env=clean_environment() | overridden,
        )
    try:
        event = started(process, log)
        yield Served(folder, f"127.0.0.1:{event['grpc_port']}", url)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        broker.ctl("delete_vhost", vhost)


def run_snippet(number: int, served: Served) -> str:
    """Run a Python block of the README's section about calling, with the addresses of this test."""
    text = page("README.md")
    snippet = blocks(text[text.index("## Calling it") :], "python")[number]
    snippet = snippet.replace("127.0.0.1:50051", served.grpc_address)
    snippet = snippet.replace("amqp://guest:guest@localhost:5672/", served.broker_url)
    done = subprocess.run(  # noqa: S603 - the README's own code
        [sys.executable, "-c", snippet], cwd=served.folder, capture_output=True, text=True, timeout=90, check=True
    )
    return done.stdout


def test_the_calls_of_the_readme_by_grpc_and_by_queue_get_the_same_outcome(served: Served) -> None:
    by_grpc = run_snippet(0, served)
    by_queue = run_snippet(1, served)
    assert json.loads(by_grpc)["category"] == "BILLING"
    assert by_queue == f"classify-ticket.v1.succeeded 118204 {by_grpc}"


def test_the_first_task_of_the_documentation_is_served(served: Served) -> None:
    payload = job_pb2.Payload(content=b'{"name": "Ada"}', content_type="application/json")
    with grpc.insecure_channel(served.grpc_address) as channel:
        jobs = job_service_pb2_grpc.JobServiceStub(channel)
        job = jobs.RunJob(job_service_pb2.RunJobRequest(task="greet", payload=payload), timeout=60).job
    assert set(json.loads(job.result.content)) == {"greeting", "tone"}

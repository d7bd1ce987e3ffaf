"""`adapter serve` and `adapter simulate` as real processes, for tests that kill them and for benchmarks."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from tests.kit.databases import Choice, url_at
from tests.kit.fork_server import Command, ForkedProcess, Start, fork_server
from tests.kit.metrics_page import summed
from tests.kit.secret_scan import OUTPUTS
from tests.kit.secrets import made_up

ADAPTER = str(Path(sys.executable).parent / "adapter")
ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 120.0


class AdapterProcess:
    """One serving process with a configuration of its own; its stderr goes to a file of JSON events."""

    def __init__(self, folder: Path, settings: Mapping[str, Any], *options: str, name: str = "adapter") -> None:
        """Settings lie over defaults for tests: free ports, JSON logs, example tasks, a database in folder."""
        self.folder = folder
        self._options = options
        self.log_file = folder / f"{name}.log"
        self.config = folder / f"{name}.yaml"
        defaults: dict[str, Any] = {
            "tasks": str(ROOT / "examples" / "tasks"),
            "grpc": {"listen": "127.0.0.1:0"},
            "http": {"listen": "127.0.0.1:0"},
            "drain_seconds": 5,
            "log": {"format": "json"},
        }
        if "database" not in settings:
            url = url_at(folder / f"{name}.db")
            defaults["database"] = {
                "url": url,
                "lease_seconds": 3,
                "heartbeat_seconds": 1,
                "statement_seconds": 5,
            }
        self.settings = defaults | dict(settings)
        self.config.write_text(yaml.safe_dump(self.settings))
        OUTPUTS.watch(self.log_file, folder / f"{name}.db")
        self.environment: dict[str, str] = {}
        """Variables of the next start."""
        self.process: subprocess.Popen[bytes] | ForkedProcess | None = None
        self.grpc_port = 0
        self.http_port = 0
        self._read_from = 0
        self._companions: list[AdapterProcess] = []

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        self.stop()

    @property
    def grpc_address(self) -> str:
        return f"127.0.0.1:{self.grpc_port}"

    @property
    def grpc_target(self) -> str:
        """The address of all replicas, for a GrpcCaller: each of its calls goes to the next of them."""
        return "ipv4:" + ",".join(one.grpc_address for one in self.replicas)

    @property
    def replicas(self) -> list["AdapterProcess"]:
        """This one, and in a run with several (`--replicas`) those beside it."""
        return [self, *self._companions]

    def start(self) -> None:
        """Start, and wait until it serves; where the run has several replicas, with those beside it."""
        # Without a broker there is exactly one replica; with options of its own a process is about itself.
        if "amqp" in self.settings and not self._options and not self._companions:
            numbers = range(2, Choice.replicas + 1)
            self._companions = [
                AdapterProcess(self.folder, self._shared(), name=f"{self.config.stem}-{number}") for number in numbers
            ]
        try:
            for one in self.replicas:
                one.begin()
            for one in self.replicas:
                one.await_started()
        except BaseException:
            self.kill()
            raise

    def _shared(self) -> dict[str, Any]:
        """Settings of a replica beside this one."""
        return self.settings | {"grpc": {"listen": "127.0.0.1:0"}, "http": {"listen": "127.0.0.1:0"}}

    def begin(self) -> None:
        """Start; await_started waits until it serves."""
        self.grpc_port = self.http_port = 0
        self._read_from = self.log_file.stat().st_size if self.log_file.exists() else 0
        self.launch()

    def await_started(self) -> None:
        """Wait until it serves."""
        event = self.wait_for("started")
        self.grpc_port, self.http_port = event["grpc_port"], event["http_port"]

    def launch(self) -> None:
        """Start, and do not wait."""
        arguments = ["serve", "--config", str(self.config), *self._options]
        self.process = start_adapter(arguments, self.log_file, clean_environment() | self.environment)
        OUTPUTS.look(f"the arguments of {self.config}", Path(f"/proc/{self.process.pid}/cmdline").read_bytes())

    def wait_for(self, name: str) -> dict[str, Any]:
        """Wait for a log event."""
        deadline = time.monotonic() + START_SECONDS
        assert self.process is not None
        while time.monotonic() < deadline:
            has_ended = self.process.poll() is not None  # asked first: its last words are read after its end
            for event in self._own_events():
                if event.get("event") == name:
                    return event
            if has_ended:
                break
            time.sleep(0.05)
        raise AssertionError(f"{name} did not happen; the log:\n{self.log_text()[-4000:]}")

    def events(self) -> list[dict[str, Any]]:
        """Log events since the last start, also of the replicas beside it."""
        return [*self._own_events(), *(event for one in self._companions for event in one.events())]

    def _own_events(self) -> list[dict[str, Any]]:
        found = []
        for line in self.log_text().splitlines():
            if line.startswith("{"):
                try:
                    found.append(json.loads(line))
                except json.JSONDecodeError:
                    continue  # the line is still being written
        return found

    def log_text(self) -> str:
        with self.log_file.open("rb") as stream:
            stream.seek(self._read_from)
            return stream.read().decode(errors="replace")

    def kill(self) -> None:
        """SIGKILL, to all replicas: no drain, no goodbye."""
        for one in self.replicas:
            if one.process is not None:
                one.process.kill()
                one.process.wait()

    def stop(self, seconds: float = 60.0) -> int:
        """SIGTERM, and wait for the drain; returns the exit code."""
        running = [one for one in self.replicas if one.process is not None and one.process.poll() is None]
        for one in running:
            one._ask_to_stop()  # noqa: SLF001 - of the same class
        try:
            for one in running:
                one.process.wait(seconds)  # type: ignore[union-attr]  # it runs
        finally:
            self.kill()
        return self.process.wait() if self.process else 0

    def _ask_to_stop(self) -> None:
        assert self.process is not None
        with contextlib.suppress(OSError):  # it may be stopping already
            OUTPUTS.look(f"the metrics of {self.config}", self._own_metrics())
            OUTPUTS.look(f"/readyz of {self.config}", str(self.own_ready()))
        self.process.send_signal(signal.SIGTERM)

    def metrics(self) -> str:
        """The metrics page; of several replicas the sum of theirs."""
        return summed([one._own_metrics() for one in self.replicas])  # noqa: SLF001 - of the same class

    def _own_metrics(self) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}/metrics", timeout=60) as page:
            return str(page.read().decode())

    def ready(self) -> tuple[int, dict[str, Any]]:
        """Status and page of /readyz; of several replicas one that is not ready, if there is one."""
        return max((one.own_ready() for one in self.replicas), key=lambda found: found[0])

    def own_ready(self) -> tuple[int, dict[str, Any]]:
        """Status and page of /readyz of this process alone."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}/readyz", timeout=60) as page:
                return page.status, json.loads(page.read())
        except urllib.error.HTTPError as exc:
            return exc.code, json.loads(exc.read())

    def cpu_seconds(self) -> float:
        """User and system time so far."""
        assert self.process is not None
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_mib(self) -> float:
        """Largest resident memory so far."""
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024


def start_adapter(
    arguments: Sequence[str], log: Path, environment: Mapping[str, str]
) -> "subprocess.Popen[bytes] | ForkedProcess":
    """Start `adapter …`, what it prints appended to the log: a new process, within tests one of the fork server."""
    log.touch()
    if Start.is_forked:
        return fork_server().start(Command(arguments, environment, str(ROOT), str(log), str(log)))
    with log.open("ab") as stream:
        return subprocess.Popen(  # noqa: S603 - our own command line
            [ADAPTER, *arguments], stdout=stream, stderr=stream, env=dict(environment), cwd=ROOT
        )


def clean_environment() -> dict[str, str]:
    """The environment without settings of ours, and with a secret that nothing may give out."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ADAPTER_")}
    return kept | {"MADE_UP_SECRET": made_up("environment")}

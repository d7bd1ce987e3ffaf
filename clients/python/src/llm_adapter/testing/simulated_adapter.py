"""The real adapter with simulated models, as a process of its own: the whole way of a record, offline."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_START_SECONDS = 60.0
_STOP_SECONDS = 20.0
_LOOK_SECONDS = 0.05
_LOG_CHARACTERS = 2000


class SimulatedAdapterError(Exception):
    """The adapter is not installed, or did not start; says why."""


def find_adapter() -> str | None:
    """Path of the command `adapter`: beside this Python, else on the path; None: it is not installed."""
    beside = Path(sys.executable).parent / "adapter"
    return str(beside) if beside.exists() else shutil.which("adapter")


class SimulatedAdapter:
    """`adapter serve --simulated` with a database of its own on free ports of the loopback address."""

    def __init__(self, tasks: Path | str, *, models: Iterable[str] = ("default",)) -> None:
        """tasks: the folder of task folders; models: every name that they use. Raises SimulatedAdapterError."""
        command = find_adapter()
        if command is None:
            raise SimulatedAdapterError("the command `adapter` is not installed: install it from its repository")
        self._folder = Path(tempfile.mkdtemp(prefix="simulated-adapter-"))
        self._log = self._folder / "adapter.log"
        config = self._folder / "adapter.yaml"
        # JSON is YAML.
        config.write_text(json.dumps(_settings(Path(tasks).resolve(), self._folder, models)))
        self._command = [command, "serve", "--simulated", "--config", str(config)]
        self._process: subprocess.Popen[bytes] | None = None
        self.address = ""
        """Where it serves gRPC, once it is started: host:port."""

    def start(self) -> None:
        """Start, and wait until it serves. Raises SimulatedAdapterError."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ADAPTER_")}
        with self._log.open("wb") as stream:
            self._process = subprocess.Popen(  # noqa: S603 - the adapter's own command line
                self._command, stdout=stream, stderr=stream, env=environment
            )
        try:
            self.address = f"127.0.0.1:{self._wait_until_started(self._process)['grpc_port']}"
        except BaseException:
            self.stop()
            raise

    def _wait_until_started(self, process: subprocess.Popen[bytes]) -> dict[str, Any]:
        deadline = time.monotonic() + _START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            for line in self._log.read_text(errors="replace").splitlines():
                if line.startswith("{") and line.endswith("}") and '"started"' in line:
                    return dict(json.loads(line))
            time.sleep(_LOOK_SECONDS)
        tail = self._log.read_text(errors="replace")[-_LOG_CHARACTERS:]
        raise SimulatedAdapterError(f"the adapter did not start; the end of its log:\n{tail}")

    def stop(self) -> None:
        """End it, and remove what it left."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        self.stop()


def _settings(tasks: Path, folder: Path, models: Iterable[str]) -> dict[str, Any]:
    return {
        "tasks": str(tasks),
        "database": {"url": f"sqlite:///{folder}/adapter.db"},
        "grpc": {"listen": "127.0.0.1:0"},
        "http": {"listen": "127.0.0.1:0"},
        "drain_seconds": 1,
        "log": {"format": "json"},
        "models": {name: {"provider": "simulated"} for name in models},
    }

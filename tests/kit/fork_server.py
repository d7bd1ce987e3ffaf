"""`adapter …` without its start: one process imports it once and forks for each command, so that tests may run many."""

import atexit
import contextlib
import functools
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_COMMANDS = (
    "run",
    "tasks",
    "jobs",
    "parked",
    "topology",
    "db",
    "doctor",
    "explain",
    "serve",
    "simulate",
    "local_model",
)
_MODULES = (*(f"adapter.cli.{name}" for name in _COMMANDS), "adapter.outbound.models.openai_model")


@dataclass(frozen=True, slots=True)
class Command:
    """Arguments of `adapter`, where it runs, and the files that it writes to (at their ends)."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: str
    stdout: str
    stderr: str


class ForkedProcess:
    """A process of the fork server, with what subprocess.Popen says of its own."""

    def __init__(self, server: "ForkServer", pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._server = server
        self._descriptor = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """Return its exit code; None: it runs."""
        if self.returncode is None and select.select([self._descriptor], [], [], 0)[0]:
            self._ended()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; return its exit code. Raises subprocess.TimeoutExpired."""
        if self.returncode is None and not select.select([self._descriptor], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("adapter", timeout or 0.0)
        return self._ended()

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._descriptor, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _ended(self) -> int:
        if self.returncode is None:
            self.returncode = self._server.reap(self.pid)
            os.close(self._descriptor)
        return self.returncode


class ForkServer:
    """One process that has imported everything."""

    def __init__(self) -> None:
        """Start it; what it prints itself goes where ours goes."""
        # As the command line sets it; gRPC reads it once.
        environment = os.environ | {"GRPC_VERBOSITY": "ERROR"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.kit.fork_server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=environment,
        )
        self._turn = threading.Lock()

    def start(self, command: Command) -> ForkedProcess:
        """Start a command."""
        return ForkedProcess(self, self._ask({"start": asdict(command)}))

    def reap(self, pid: int) -> int:
        """Return the exit code of a process that has ended."""
        return self._ask({"reap": pid})

    def _ask(self, request: Mapping[str, Any]) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._turn:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
            return int(self._process.stdout.readline())

    def stop(self) -> None:
        """End it; what it started goes on."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


class Start:
    """How processes of `adapter` are started: anew, as benchmarks need it, or by the fork server."""

    is_forked = False


@functools.cache
def fork_server() -> ForkServer:
    """Start the server of this test process, once; it ends with the process."""
    server = ForkServer()
    atexit.register(server.stop)
    return server


def _serve() -> None:
    for name in _MODULES:
        importlib.import_module(name)
    for line in sys.stdin:
        match json.loads(line):
            case {"reap": pid}:
                answer = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            case {"start": command}:
                answer = os.fork()
                if answer == 0:
                    _become(Command(**command))
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


def _become(command: Command) -> None:
    """Be the command: never returns."""
    from adapter.cli.app import main  # noqa: PLC0415 - the server's, not its callers'

    os.chdir(command.folder)
    os.environ.clear()
    os.environ.update(command.environment)
    for descriptor, name in ((1, command.stdout), (2, command.stderr)):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644), descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.argv = ["adapter", *command.arguments]
    code: Any = 0
    try:
        main()
    except SystemExit as exc:
        code = exc.code
    except BaseException:  # noqa: BLE001 - as the interpreter would
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code or 0)


if __name__ == "__main__":
    _serve()

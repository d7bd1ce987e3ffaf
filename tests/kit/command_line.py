"""`adapter …` without its start: one process imports it once and forks for each command, so that tests may run many."""

import importlib
import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapter.cli.app import main
from tests.kit.adapter_process import ROOT, clean_environment
from tests.kit.secret_scan import OUTPUTS

_LONGEST_SECONDS = 60
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
class Done:
    """What a command left behind."""

    code: int
    stdout: bytes
    stderr: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.stdout)


class CommandLine:
    """Runs commands in a folder, each as a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.kit.command_line"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
        )

    def run(self, *arguments: object, environment: Mapping[str, str] | None = None) -> Done:
        """Run one command to its end."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        request = {
            "arguments": [str(argument) for argument in arguments],
            "folder": str(self.folder),
            "environment": clean_environment() | dict(environment or {}),
        }
        self._server.stdin.write(json.dumps(request).encode() + b"\n")
        self._server.stdin.flush()
        code = int(self._server.stdout.readline())
        done = Done(code, (self.folder / "stdout").read_bytes(), (self.folder / "stderr").read_text())
        OUTPUTS.look(f"stdout of adapter {' '.join(request['arguments'])}", done.stdout)
        OUTPUTS.look(f"stderr of adapter {' '.join(request['arguments'])}", done.stderr)
        return done

    def stop(self) -> None:
        """End the process."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait(10)
        self._server.stdout.close()


def _serve() -> None:
    for name in _MODULES:
        importlib.import_module(name)
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            _become(request)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
        sys.stdout.flush()


def _become(request: Mapping[str, Any]) -> None:
    """Be the command: never returns."""
    signal.alarm(_LONGEST_SECONDS)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.argv = ["adapter", *request["arguments"]]
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

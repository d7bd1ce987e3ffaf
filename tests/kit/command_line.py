"""Runs commands of `adapter` in a folder, and what they left behind."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.kit.adapter_process import clean_environment
from tests.kit.fork_server import Command, fork_server
from tests.kit.secret_scan import OUTPUTS

_LONGEST_SECONDS = 60


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

    def run(self, *arguments: object, environment: Mapping[str, str] | None = None) -> Done:
        """Run one command to its end."""
        words = [str(argument) for argument in arguments]
        stdout, stderr = self.folder / "stdout", self.folder / "stderr"
        for file in (stdout, stderr):
            file.write_bytes(b"")
        variables = clean_environment() | dict(environment or {})
        process = fork_server().start(Command(words, variables, str(self.folder), str(stdout), str(stderr)))
        try:
            code = process.wait(_LONGEST_SECONDS)
        finally:
            process.kill()
        done = Done(code, stdout.read_bytes(), stderr.read_text())
        OUTPUTS.look(f"stdout of adapter {' '.join(words)}", done.stdout)
        OUTPUTS.look(f"stderr of adapter {' '.join(words)}", done.stderr)
        return done

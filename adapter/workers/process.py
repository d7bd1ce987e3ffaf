"""One worker as a process: spawned, told what to do on stdin, heard on stdout, ended with a signal."""

import asyncio
import contextlib
import sys
from collections.abc import Callable

from adapter.bootstrap.seat import Seat

STARTED = b"started\n"
_BY_SIGNAL = 128


class WorkerProcess:
    """A worker that runs, or did."""

    def __init__(self, seat: Seat, orders: Callable[[Seat], bytes]) -> None:
        """The orders are made anew at each start; they may hold secrets, and go through a pipe only."""
        self.seat = seat
        self.has_started = False
        self._orders = orders
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> bool:
        """Spawn, and wait until it serves; False = it ended before."""
        self.has_started = False
        # In a session of its own: Ctrl-C in a terminal is for the parent, which passes it on once.
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # whatever lies in the working directory is not ours
            "-m",
            "adapter",
            "worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        assert self._process.stdin is not None  # noqa: S101 - they are pipes
        assert self._process.stdout is not None  # noqa: S101 - they are pipes
        with contextlib.suppress(ConnectionError):
            # The pipe stays open: when it closes, the parent is gone, and the worker drains.
            self._process.stdin.write(self._orders(self.seat))
            await self._process.stdin.drain()
        self.has_started = await self._process.stdout.readline() == STARTED
        return self.has_started

    async def ended(self) -> int:
        """Wait for its end and return its exit code; 128 + n for a signal."""
        if self._process is None:
            return 0
        code = await self._process.wait()
        self.has_started = False
        return code if code >= 0 else _BY_SIGNAL - code

    def terminate(self) -> None:
        """Let it drain."""
        self._signal(is_kill=False)

    def kill(self) -> None:
        """End it at once."""
        self._signal(is_kill=True)

    @property
    def pid(self) -> int:
        """Its process id; 0 = not running."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else 0

    def _signal(self, *, is_kill: bool) -> None:
        if self._process is not None and self.pid:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill() if is_kill else self._process.terminate()

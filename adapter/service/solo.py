"""Having the process for one job: a suspect, which was claimed twice without an end, may be what ends its worker."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Protocol

from adapter.errors import AdapterError

PATIENCE_SECONDS = 2.0
"""A suspect that waits so long, for a model or the store, gives the process back and comes again."""


class WaitingRun(Protocol):
    """A run, as far as a suspect cares."""

    cause: AdapterError | None
    waiting_since: float

    def end_wait(self) -> None:
        """Give the job back if it only waits."""


class Runs(Protocol):
    """The runs of this process, as far as a suspect cares."""

    is_draining: bool
    claiming: int

    def __len__(self) -> int:
        """Jobs in flight."""

    def __iter__(self) -> Iterator[WaitingRun]:
        """Every run."""


class Solo:
    """Lets one suspect at a time have the process. While one is in line nothing else is begun.

    Jobs that only wait are given back, uncounted, so that they are not there when it ends the process; what is worked
    on is waited for.
    """

    def __init__(self, runs: Runs, changed: asyncio.Event) -> None:
        """Changed is set whenever a job left or began to wait, or a place for one came free."""
        self._runs = runs
        self._changed = changed
        self._line = 0
        self._was_left = False
        self.is_taken = False
        """True while a suspect has the process: a claim made now is for it."""

    @property
    def is_wanted(self) -> bool:
        """True while a suspect has the process, or waits for it."""
        return self._line > 0 or (self._was_left and len(self._runs) > 0)

    @asynccontextmanager
    async def turn(self, timeout_seconds: float | None = None) -> AsyncIterator[None]:
        """Have the process for the block. Raises TimeoutError when others are at work for too long.

        In a process that drains nobody gets it, and the block is entered without.
        """
        self._line += 1
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._until_alone()
            if self._runs.is_draining:
                yield
                return
            self.is_taken, self._was_left = True, False
            watching = asyncio.create_task(self._end_long_waits(), name="suspect watch")
            try:
                yield
            finally:
                watching.cancel()
                await asyncio.wait({watching})
                # Who waited for the suspect may leave before it ends; nobody else begins until then.
                self.is_taken, self._was_left = False, True
        finally:
            self._line -= 1
            self._changed.set()

    async def _until_alone(self) -> None:
        while (self.is_taken or len(self._runs) or self._runs.claiming) and not self._runs.is_draining:
            if not self.is_taken:
                for run in self._runs:
                    run.end_wait()
            self._changed.clear()
            await self._changed.wait()

    async def _end_long_waits(self) -> None:
        while True:
            await asyncio.sleep(PATIENCE_SECONDS)
            past = asyncio.get_running_loop().time() - PATIENCE_SECONDS
            for run in self._runs:
                if run.waiting_since <= past:
                    run.end_wait()

"""Having the process for one job: a suspect, which was claimed twice without an end, may be what ends its worker."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import Protocol

from adapter.errors import AdapterError

PATIENCE_SECONDS = 2.0
"""A suspect that waits so long, for a model or the store, gives the process back and comes again."""
# It is not ended in the middle of a call, and may be found in one.
_LOOK_SECONDS = 0.25


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
    waiting: int
    """Who waits to begin a job."""

    def __len__(self) -> int:
        """Jobs in flight."""

    def __iter__(self) -> Iterator[WaitingRun]:
        """Every run."""


class Solo:
    """Lets one suspect at a time have the process. While one waits for it or has it nothing else is begun.

    Jobs that only wait are given back, uncounted, so that they are not there when it ends the process; what is worked
    on is waited for. For as long as others were kept out they have the process afterwards, if there are any.
    """

    def __init__(self, runs: Runs, changed: asyncio.Event) -> None:
        """Changed is set whenever a job left or began to wait, or a place for one came free."""
        self._runs = runs
        self._changed = changed
        self._line: deque[asyncio.Event] = deque()
        self._wanted_since: float | None = None
        self._others_until = 0.0
        self._was_left = False
        self.is_taken = False
        """True while a suspect has the process: a claim made now is for it."""

    @property
    def is_wanted(self) -> bool:
        """True while a suspect has the process, or waits for it."""
        is_waited_for = len(self._line) > 0 and not self._is_for_others
        return self.is_taken or self._was_left or is_waited_for

    def drain(self) -> None:
        """Let everybody in line go on without the process."""
        for place in self._line:
            place.set()

    def run_ended(self) -> None:
        """One run less is there."""
        self._was_left = self._was_left and len(self._runs) > 0

    @property
    def _is_for_others(self) -> bool:
        there = len(self._runs) or self._runs.claiming or self._runs.waiting
        return bool(there) and time.monotonic() < self._others_until

    @contextlib.asynccontextmanager
    async def turn(self, timeout_seconds: float | None = None) -> AsyncIterator[None]:
        """Have the process for the block. Raises TimeoutError when others are at work for too long.

        In a process that drains nobody gets it, and the block is entered without.
        """
        place = asyncio.Event()
        self._line.append(place)
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._until_first(place)
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
                self.is_taken, self._was_left = False, len(self._runs) > 0
                self._leave_to_others()
        finally:
            self._line.remove(place)
            if self._line:
                self._line[0].set()
            else:
                self._leave_to_others()
            self._changed.set()

    async def _until_first(self, place: asyncio.Event) -> None:
        """The others in line sleep: hundreds of them cost nothing."""
        if self._line[0] is not place and not self._runs.is_draining:
            await place.wait()

    async def _until_alone(self) -> None:
        while not self._runs.is_draining:
            if self._is_for_others:
                await self._until_change(self._others_until - time.monotonic())
                continue
            self._wanted_since = self._wanted_since or time.monotonic()
            if not (len(self._runs) or self._runs.claiming):
                return
            for run in self._runs:
                run.end_wait()
            await self._until_change()

    async def _until_change(self, timeout_seconds: float | None = None) -> None:
        self._changed.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), timeout_seconds)

    def _leave_to_others(self) -> None:
        """Nobody is kept out for more than half of the time, however many suspects there are."""
        if self._wanted_since is not None:
            now = time.monotonic()
            self._others_until, self._wanted_since = 2 * now - self._wanted_since, None

    async def _end_long_waits(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            past = asyncio.get_running_loop().time() - PATIENCE_SECONDS
            for run in self._runs:
                if run.waiting_since <= past:
                    run.end_wait()

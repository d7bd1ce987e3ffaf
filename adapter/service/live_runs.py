"""The jobs that this process works on now: who waits for them, what they wait for, and how they are stopped."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, Self

from adapter.domain.job import Job, JobRequest, Origin, Route
from adapter.domain.message import Publication, ReceivedMessage
from adapter.domain.progress import Progress, ProgressKind
from adapter.errors import AdapterError
from adapter.ports import Claim, StoredCall
from adapter.service.solo import Solo

# Progress that a slow watcher has not taken yet; older events are dropped, never the final job.
WATCHER_BACKLOG = 100


class Intent(StrEnum):
    """Why a run is stopped before its outcome."""

    UNWANTED = "unwanted"
    CANCEL = "cancel"
    TICKET = "ticket"
    YIELD = "yield"
    """A suspect needs the process; or is one itself, whose model went away."""
    SHUTDOWN = "shutdown"


class RunStopped(Exception):
    """The run ended without an outcome, and its job may be claimed again."""

    def __init__(self, intent: Intent | None) -> None:
        """Intent None: another replica took the job over."""
        super().__init__(intent)
        self.intent = intent


@dataclass(frozen=True, slots=True)
class Replacement:
    """What stands for a held delivery from now on: a ticket, and the routes to remember with the job."""

    ticket: Publication
    routes: tuple[Route, ...]


class LiveRun:
    """One run of a claimed job in this process. `done` holds the job with its outcome, or why there is none."""

    def __init__(
        self,
        claim: Claim,
        request: JobRequest,
        *,
        routes: tuple[Route, ...] = (),
        message: ReceivedMessage | None = None,
    ) -> None:
        """The routes are answered when the run finishes.

        The message is the delivery that stands for the job: a ticket may replace it, and it is parked if a bug of ours
        ends the run.
        """
        self.claim = claim
        self.request = request
        self.routes = routes
        self.message = message
        self.goes_on_alone = claim.new.origin is not Origin.RUN
        self.done: asyncio.Future[Job] = asyncio.get_running_loop().create_future()
        self.intent: Intent | None = None
        self.replacement: Replacement | None = None
        self.has_begun = False
        self.open_call: StoredCall | None = None
        """A call whose end is not stored yet, with its end once that is known."""
        self.cause: AdapterError | None = None
        """Why the job waits; None while it is worked on."""
        self.waiting_since = 0.0
        """Loop time since when it waits."""
        self.is_settling = False
        self.on_wait: list[Callable[[], None]] = []
        """Called whenever it begins to wait."""
        self.task: asyncio.Task[None] | None = None
        self._waiters = 0
        self._cause_changed = asyncio.Event()
        self._watchers: set[asyncio.Queue[Progress]] = set()

    @property
    def job_id(self) -> str:
        """The job."""
        return self.claim.job.job_id

    @property
    def is_calling(self) -> bool:
        """True while a model call is in flight."""
        call = self.open_call
        return call is not None and call.reply is None and not call.error

    @property
    def is_wanted(self) -> bool:
        """True while somebody waits, or the job was submitted or queued."""
        return self.goes_on_alone or self._waiters > 0

    def join(self) -> Self:
        """Count one who waits, before anything else happens to the run; each must leave again."""
        self._waiters += 1
        return self

    def leave(self) -> None:
        """One fewer waits; the last to leave stops a run that only waits itself."""
        self._waiters -= 1
        self.stop_unwanted()

    @contextmanager
    def joined(self) -> Iterator[None]:
        """Leave at the end of the block."""
        try:
            yield
        finally:
            self.leave()

    def stop_unwanted(self) -> None:
        """Stop if nobody wants the outcome, and no call is in flight that is paid for already."""
        if not self.is_wanted and self.open_call is None:
            self.stop(Intent.UNWANTED)

    def end_wait(self) -> None:
        """Give the job back if it only waits."""
        if self.cause is not None and self.open_call is None:
            self.stop(Intent.YIELD)

    def stop(self, intent: Intent) -> None:
        """End the run; one that is writing its outcome already goes on to it."""
        if self.is_settling or self.done.done() or self.intent is not None:
            return
        self.intent = intent
        # A task that is cancelled before its first step would never run, and never say that it ended.
        if self.task is not None and self.has_begun:
            self.task.cancel()

    def give_way(self, replacement: Replacement) -> None:
        """End the run and let a ticket stand for its job."""
        self.replacement = replacement
        self.stop(Intent.TICKET)

    def waits_for(self, cause: AdapterError | None) -> None:
        """Note why the job waits now, or that it no longer does."""
        if cause is self.cause:
            return
        begins = cause is not None and self.cause is None
        self.cause = cause
        if cause is not None and begins:
            self.waiting_since = asyncio.get_running_loop().time()
            self.tell(ProgressKind.WAITING, detail=cause.reason)
            for tell in self.on_wait:
                tell()
        self._cause_changed.set()
        self._cause_changed = asyncio.Event()

    def cause_change(self) -> Coroutine[Any, Any, Literal[True]]:
        """Return when `cause` has changed since this was called."""
        return self._cause_changed.wait()

    def tell(self, kind: ProgressKind, *, model: str = "", detail: str = "") -> None:
        """Send watchers an event."""
        event = Progress(self.job_id, kind, model, detail)
        for queue in self._watchers:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(event)

    async def progress(self) -> AsyncGenerator[Progress, None]:
        """Yield events until the run is over."""
        queue: asyncio.Queue[Progress] = asyncio.Queue(WATCHER_BACKLOG)
        self._watchers.add(queue)
        try:
            while not self.done.done():
                getter = asyncio.ensure_future(queue.get())
                waited_for: set[asyncio.Future[Any]] = {getter, self.done}
                try:
                    await asyncio.wait(waited_for, return_when=asyncio.FIRST_COMPLETED)
                    if getter.done():
                        yield getter.result()
                finally:
                    getter.cancel()
        finally:
            self._watchers.discard(queue)


class LiveRuns:
    """All runs of this process, by job. Bounded by limits.in_flight, which the callers ask before they claim."""

    def __init__(self, limit: int) -> None:
        """Limit: jobs in flight."""
        self.limit = limit
        self.is_draining = False
        self._pace: int | None = None
        self._runs: dict[str, LiveRun] = {}
        self.claiming = self.waiting = 0
        self._room = asyncio.Event()
        self.solo = Solo(self, self._room)

    def __len__(self) -> int:
        """Jobs in flight."""
        return len(self._runs)

    def __iter__(self) -> Iterator[LiveRun]:
        """Every run, as of now."""
        return iter(tuple(self._runs.values()))

    def start_slowly(self) -> None:
        """Work on one job at once, then on one more for each that did no harm: one of them may have ended its worker.

        For a start after a crash. What only waits for a model did no harm, and does not count.
        """
        self._pace = 1

    @property
    def free(self) -> int:
        """How many more jobs are taken now; none while the process drains."""
        if self.is_draining or self.solo.is_wanted:
            return 0
        free = self.limit - len(self._runs)
        if self._pace is not None:
            free = min(free, self._pace - sum(run.cause is None for run in self._runs.values()))
        return max(0, free - self.claiming)

    @property
    def is_full(self) -> bool:
        """True when no further job is taken now."""
        return self.free == 0

    @property
    def is_overloaded(self) -> bool:
        """True when there are as many jobs as there may ever be."""
        return len(self._runs) + self.claiming >= self.limit

    async def room(self) -> None:
        """Return when there is room for another job, or the process drains."""
        self.waiting += 1
        try:
            while self.is_full and not self.is_draining:
                self._room.clear()
                await self._room.wait()
        finally:
            self.waiting -= 1

    def place(self) -> ExitStack:
        """Keep a place, from now on, for a job that is being claimed; leaving the block gives it back."""
        self.claiming += 1
        block = ExitStack()
        block.callback(self._place_is_free)
        return block

    def _place_is_free(self) -> None:
        self.claiming -= 1
        self._room.set()

    def get(self, job_id: str) -> LiveRun | None:
        """The run of a job, if it runs here."""
        return self._runs.get(job_id)

    def add(self, run: LiveRun) -> None:
        """Register a run; one that comes while the process drains is given back before it begins."""
        self._runs[run.job_id] = run
        run.on_wait.append(self._did_no_harm)
        if self.is_draining:
            run.stop(Intent.SHUTDOWN)

    def remove(self, run: LiveRun) -> None:
        """Forget a run that is over."""
        if self._runs.get(run.job_id) is run:
            del self._runs[run.job_id]
            self.solo.run_ended()
            self._did_no_harm()

    def _did_no_harm(self) -> None:
        if self._pace is not None:
            self._pace = self._pace + 1 if self._pace < self.limit else None
        self._room.set()

    async def drain(self, timeout_seconds: float) -> None:
        """Take nothing more, wait for the runs to end; what is left then is stopped and given back.

        What waits for a model or the store is given back at once, unless a caller waits for it: nobody knows how long
        that takes, and another replica, or this one when it is back, can wait as well.
        """
        self.is_draining = True
        self._room.set()
        self.solo.drain()
        for run in self:
            if run.cause is not None and run.goes_on_alone and run.open_call is None:
                run.stop(Intent.SHUTDOWN)
        if self._runs:
            await asyncio.wait([run.done for run in self], timeout=timeout_seconds)
        for run in self:
            run.stop(Intent.SHUTDOWN)
        tasks = [run.task for run in self if run.task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=max(5.0, timeout_seconds))

"""What runs wait for, written down for people while it lasts; waits that are soon over are not worth a write."""

import asyncio
import contextlib
from typing import Any

from adapter.errors import AdapterError, StoreUnavailable
from adapter.ports import Clock
from adapter.ports.operators import OperatorStore
from adapter.service.live_runs import LiveRun


class WaitNotes:
    """Owns a task for each run that waits; it ends with the wait, or with the run."""

    def __init__(self, store: OperatorStore, clock: Clock, *, after_seconds: float = 2.0) -> None:
        """after_seconds: how long a wait must last to be noted."""
        self._store = store
        self._clock = clock
        self._after_seconds = after_seconds
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, run: LiveRun) -> None:
        """Follow a run that begins to wait."""
        task = asyncio.create_task(self._follow(run), name=f"waits of {run.job_id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _follow(self, run: LiveRun) -> None:
        cause, since = run.cause, self._clock.now()
        # What the store itself is the cause of cannot be written into it.
        if cause is None or isinstance(cause, StoreUnavailable) or await _is_over(run, self._after_seconds):
            return
        # For people only: a store that is away is told of elsewhere, and nobody waits for this.
        with contextlib.suppress(StoreUnavailable):
            await self._store.wait_began(run.claim.job, _said(cause), since)
            await _is_over(run, None)
            await self._store.wait_ended(run.job_id, since, self._clock.now())


async def _is_over(run: LiveRun, seconds: float | None) -> bool:
    """Wait until the run waits for nothing any more; False = it still did after so many seconds."""
    end = None if seconds is None else asyncio.get_running_loop().time() + seconds
    while run.cause is not None and not run.done.done():
        change: asyncio.Future[Any] = asyncio.ensure_future(run.cause_change())
        left = None if end is None else max(0.0, end - asyncio.get_running_loop().time())
        try:
            done, _ = await asyncio.wait({run.done, change}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        finally:
            change.cancel()
        if not done:
            return False
    return True


def _said(cause: AdapterError) -> str:
    models = cause.metadata.get("model", "")
    return f"{cause.reason} ({models})" if models else cause.reason

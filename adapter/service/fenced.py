"""Writes of a run: each waits for the store as long as it must; one whose claim is lost ends the run."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from adapter.errors import StoreUnavailable
from adapter.ports import ClaimLostError, Clock
from adapter.service.live_runs import LiveRun, RunStopped

T = TypeVar("T")


class FencedWriter:
    """Makes the writes of runs."""

    def __init__(self, clock: Clock, retry_seconds: float) -> None:
        """retry_seconds: pause while the store is away."""
        self._clock = clock
        self._retry_seconds = retry_seconds

    async def write(self, run: LiveRun, write: Callable[[], Awaitable[T]]) -> T:
        """Write once the store can be written. Raises RunStopped when the claim is lost.

        A write that has begun is waited for also when the run is stopped meanwhile: whoever ends the run must know
        what is stored.
        """
        while True:
            writing = asyncio.ensure_future(write())
            try:
                result = await asyncio.shield(writing)
            except asyncio.CancelledError:
                await _over(writing)
                raise
            except StoreUnavailable as exc:
                run.waits_for(exc)
                await self._clock.sleep(self._retry_seconds)
            except ClaimLostError:
                raise RunStopped(None) from None
            else:
                if isinstance(run.cause, StoreUnavailable):
                    run.waits_for(None)
                return result


async def _over(writing: asyncio.Future[T]) -> None:
    if not writing.done():
        await asyncio.wait({writing})
    if not writing.cancelled():
        writing.exception()

"""When a held delivery may be begun: when there is room, and a suspect when there is nobody else."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

import structlog

from adapter.errors import AdapterError, Overloaded
from adapter.ports import Clock, Observer, Suspect
from adapter.service.live_runs import LiveRuns

log = structlog.get_logger()


class Turns:
    """Gives deliveries their turn."""

    def __init__(
        self,
        runs: LiveRuns,
        clock: Clock,
        observer: Observer,
        *,
        has_model: Callable[[str], bool],
        retry_seconds: float,
    ) -> None:
        """has_model takes a task's name; retry_seconds is how often it is asked."""
        self._runs = runs
        self._clock = clock
        self._observer = observer
        self._has_model = has_model
        self._retry_seconds = retry_seconds

    @asynccontextmanager
    async def turn(self, found: object, until: float) -> AsyncIterator[None]:
        """Enter the block when it is the delivery's turn; found: what it was found to be so far.

        Raises Overloaded when that is not so by `until`, by the clock.
        """
        overloaded = Overloaded()
        async with AsyncExitStack() as turn:
            try:
                if isinstance(found, Suspect):
                    with counted(self._observer, overloaded):
                        await self._until_a_model_is_up(found, until)
                        await turn.enter_async_context(self._runs.solo.turn(self._left(until)))
                    log.warning("suspect_runs_alone", job_id=found.job_id, task=found.task)
                elif self._runs.is_full:
                    with counted(self._observer, overloaded):
                        async with asyncio.timeout(self._left(until)):
                            await self._runs.room()
            except TimeoutError:
                raise overloaded from None
            yield

    async def _until_a_model_is_up(self, suspect: Suspect, until: float) -> None:
        """It would only wait, and nobody else could work meanwhile. Raises TimeoutError."""
        while not self._has_model(suspect.task):
            if not self._left(until):
                raise TimeoutError
            await self._clock.sleep(self._retry_seconds)

    def _left(self, until: float) -> float:
        return max(0.0, until - self._clock.monotonic())


@contextmanager
def counted(observer: Observer, cause: AdapterError | None) -> Iterator[None]:
    """Count a delivery as held for this cause; None = it is not held."""
    if cause is None:
        yield
        return
    observer.held(cause.reason, 1)
    try:
        yield
    finally:
        observer.held(cause.reason, -1)

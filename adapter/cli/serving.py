"""Serving until a signal says stop; a second one ends the process at once."""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from typing import Any

from adapter.bootstrap.application import Application

# The shell's word for a process that a signal ended.
BY_SIGNAL = 128


def _nothing() -> None:
    """Do nothing."""


class StopSignals:
    """SIGTERM and SIGINT: `stopped` at the first, the end at the second. For the running loop."""

    def __init__(self, *, before_the_end: Callable[[], None] = _nothing) -> None:
        """before_the_end: what the second signal still does."""
        loop = asyncio.get_running_loop()
        self.stopped: asyncio.Future[None] = loop.create_future()
        self._before_the_end = before_the_end
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_signal, number)

    def stop(self) -> None:
        """Do what the first signal does."""
        if not self.stopped.done():
            self.stopped.set_result(None)

    def _on_signal(self, number: int) -> None:
        if self.stopped.done():
            self._before_the_end()
            os._exit(BY_SIGNAL + number)
        self.stop()


async def serve_application(
    application: Application, signals: StopSignals, *, on_started: Callable[[], None] = _nothing
) -> None:
    """Start, serve until stopped, drain, close. Raises what keeps it from starting, or ends it."""
    try:
        if await _first(signals.stopped, application.start()):
            return
        on_started()
        if await _first(signals.stopped, application.failed()):
            await application.drain()
    finally:
        await application.close()


async def _first(stopped: "asyncio.Future[None]", work: Coroutine[Any, Any, object]) -> bool:
    """Whether the signal comes before the work ends, which is then given up. Raises what the work raises."""
    working = asyncio.ensure_future(work)
    either: set[asyncio.Future[Any]] = {stopped, working}
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    if working.done():
        await working
        return False
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    return True

"""Watches whether the event loop turns: how late it is, and, when it stands still, what holds it."""

import asyncio
import contextlib
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator

import structlog

log = structlog.get_logger()

_BEAT_SECONDS = 0.25
_FRAMES_SHOWN = 12


class LoopWatch:
    """Beats in the loop, and a thread that notices when the beats stay away: everybody else would only be late."""

    def __init__(self, on_lag: Callable[[float], None], *, blocked_after_seconds: float = 2.0) -> None:
        """on_lag is told at each beat how many seconds late it is."""
        self._on_lag = on_lag
        self._blocked_after_seconds = blocked_after_seconds
        self._beat = 0.0
        self._ended = threading.Event()

    async def run(self) -> None:
        """Watch until cancelled."""
        with self._thread(threading.get_ident()):
            while True:
                self._beat = time.monotonic()
                await asyncio.sleep(_BEAT_SECONDS)
                self._on_lag(max(0.0, time.monotonic() - self._beat - _BEAT_SECONDS))

    @contextlib.contextmanager
    def _thread(self, watched: int) -> Iterator[None]:
        self._beat = time.monotonic()
        thread = threading.Thread(target=self._look, args=(watched,), name="loop watch", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()

    def _look(self, watched: int) -> None:
        told = 0.0
        while not self._ended.wait(_BEAT_SECONDS):
            beat = self._beat
            blocked_seconds = time.monotonic() - beat
            if blocked_seconds < self._blocked_after_seconds or told == beat:
                continue
            told = beat
            frame = sys._current_frames().get(watched)  # noqa: SLF001 - the documented way to see another thread's stack
            stack = traceback.format_stack(frame)[-_FRAMES_SHOWN:] if frame is not None else []
            log.error("loop_blocked", seconds=round(blocked_seconds, 1), stack="".join(stack))

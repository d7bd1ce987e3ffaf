"""An event loop whose time passes only when nothing else is left to do: hours of waiting take no time."""

import asyncio
import selectors
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any


class _JumpingSelector(selectors.DefaultSelector):
    """Instead of waiting for a timer, moves the clock to it. Without one it waits for a thread, as ever."""

    def __init__(self) -> None:
        super().__init__()
        self.time = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is not None and timeout > 0:
            self.time += timeout
            timeout = 0
        return super().select(timeout)


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Deterministic: timers fire in their order, and nothing sleeps."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.time


class VirtualClock:
    """ports.Clock on the time of the running loop; it begins at noon."""

    noon = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

    def __init__(self) -> None:
        self._ids = 0

    def now(self) -> datetime:
        return self.noon + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def new_id(self) -> str:
        self._ids += 1
        return f"id-{self._ids:04}"


def virtual_time_factories() -> Mapping[str, type[VirtualTimeLoop]]:
    """For a conftest's hook pytest_asyncio_loop_factories."""
    return {"virtual": VirtualTimeLoop}


async def settle() -> None:
    """Let everything run that can run without time passing."""
    for _ in range(50):
        await asyncio.sleep(0)

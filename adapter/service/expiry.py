"""A request's own deadline around a block of work."""

import asyncio
from datetime import datetime
from types import TracebackType

from adapter.errors import RequestExpired
from adapter.ports import Clock


class Expiry:
    """Ends the block with RequestExpired when the deadline passes; None = never. Past already: nothing is done."""

    def __init__(self, deadline: datetime | None, clock: Clock) -> None:
        """Deadline: UTC."""
        seconds = None if deadline is None else (deadline - clock.now()).total_seconds()
        self._is_past = seconds is not None and seconds <= 0
        self._timeout = asyncio.timeout(seconds)

    async def __aenter__(self) -> None:
        """Raise RequestExpired when it is too late to begin."""
        if self._is_past:
            raise RequestExpired
        await self._timeout.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Turn the timeout into RequestExpired."""
        try:
            await self._timeout.__aexit__(kind, exc, trace)
        except TimeoutError:
            if self._timeout.expired():
                raise RequestExpired from None
            raise

"""Keeps this replica's shares of all limits: exchanged at each heartbeat, and soon when somebody is short of one."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from adapter.errors import StoreUnavailable
from adapter.pipeline.availability.limiter import Limiter
from adapter.ports import Clock, ShareStore

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ExchangeSettings:
    """How often, and how long a share is good that was not confirmed since."""

    lease_seconds: float
    interval_seconds: float
    short_seconds: float = 0.25
    """Between two exchanges at least, while somebody is short."""


class ShareExchange:
    """Runs beside the service until it is cancelled. Without a store that answers, shares lapse and nothing is sent."""

    def __init__(
        self,
        limiters: Sequence[Limiter],
        store: ShareStore,
        clock: Clock,
        settings: ExchangeSettings,
        *,
        report: Callable[[Limiter], None] = lambda _limiter: None,
    ) -> None:
        """`report` is told each limiter after an exchange, for metrics."""
        self._limiters: dict[str, Limiter] = {}
        self._store = store
        self._clock = clock
        self._settings = settings
        self._report = report
        self._is_short = asyncio.Event()
        for limiter in limiters:
            self.add(limiter)

    def add(self, limiter: Limiter) -> None:
        """Share its limits from now on, in place of one of the same name."""
        if limiter.is_limited:
            self._limiters[limiter.name] = limiter
            limiter.on_short = self._is_short.set
            self._is_short.set()

    async def run(self) -> None:
        """Exchange for ever."""
        while True:
            await self._clock.sleep(self._settings.short_seconds)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._settings.interval_seconds - self._settings.short_seconds):
                    await self._is_short.wait()
            try:
                await self.exchange()
            except StoreUnavailable as exc:
                log.warning("shares_not_exchanged", reason=exc.reason)
                self._is_short.set()

    async def exchange(self) -> None:
        """Exchange once. Raises StoreUnavailable: then nobody knows what was stored, and nothing more is admitted."""
        self._is_short.clear()
        limiters = list(self._limiters.values())
        if not limiters:
            return
        begun = self._clock.monotonic()
        shares = await self._store.exchange([claim for limiter in limiters for claim in limiter.pause()])
        for limiter in limiters:
            limiter.grant(shares, begun + self._settings.lease_seconds)
            self._report(limiter)

    async def leave(self) -> None:
        """Admit nothing more, and let the others have what was not used. Raises StoreUnavailable."""
        claims = [claim for limiter in self._limiters.values() for claim in limiter.pause()]
        if claims:
            await self._store.leave(claims)

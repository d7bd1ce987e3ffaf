"""The rate of each client: so many new requests in any window, over all replicas and both ways in."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from adapter.domain.client import Client, Rate
from adapter.errors import RateLimited
from adapter.pipeline.availability.limiter import Limiter
from adapter.pipeline.availability.limits import Limits
from adapter.ports import Clock
from adapter.service.clients import ClientOf

T = TypeVar("T")

# So long a request waits for its turn before it is refused: a share is fetched from other replicas meanwhile.
PATIENCE_SECONDS = 0.5


class ClientRates:
    """Counts the requests of clients that have a rate. A limiter is made when a client's first request comes."""

    def __init__(self, clock: Clock, client_of: ClientOf = Client, *, is_shared: bool = True) -> None:
        """client_of: the client of a name, as it may act now."""
        self._clock = clock
        self._client_of = client_of
        self._is_shared = is_shared
        self._limiters: dict[str, tuple[Rate, Limiter]] = {}
        self.on_new: Callable[[Limiter], None] = lambda _limiter: None
        """Told each limiter that is made, and that holds nothing of its limit yet."""

    async def take(self, client: str) -> None:
        """Count one request. Raises RateLimited."""
        rate = self._client_of(client).rate
        if rate is None:
            return
        limiter = self._limiter(client, rate)
        since = self._clock.now().timestamp()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                reservation = await limiter.admit(0, since)
        except TimeoutError:
            raise RateLimited(
                f"The client {client} may send {rate.requests} requests in {rate.per_seconds:g} s. "
                f"{RateLimited().message}",
                metadata={"client": client},
                retry_after_seconds=limiter.wait_seconds(0, since),
            ) from None
        limiter.sent(reservation)
        limiter.settle(reservation, None)

    def once(self, client: str, step: Callable[[], Awaitable[T]]) -> Callable[[], Awaitable[T]]:
        """Let a step that may be tried again count as one request. What it returns raises RateLimited."""
        is_counted = False

        async def counted() -> T:
            nonlocal is_counted
            if not is_counted:
                await self.take(client)
                is_counted = True
            return await step()

        return counted

    def _limiter(self, client: str, rate: Rate) -> Limiter:
        known = self._limiters.get(client)
        if known is not None and known[0] == rate:
            return known[1]
        limits = Limits(requests=rate.requests, window_seconds=rate.per_seconds)
        limiter = Limiter(f"client/{client}", limits, self._clock, is_shared=self._is_shared)
        self._limiters[client] = rate, limiter
        self.on_new(limiter)
        return limiter

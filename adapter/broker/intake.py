"""What a subscription has received and nobody took yet, and when it has enough."""

import asyncio
from collections import deque

from adapter.broker.delivery import Delivery


class Intake:
    """Untaken deliveries, bounded by the broker through prefetch, and the decision to stop by bytes."""

    def __init__(self, prefetch: int, max_bytes: int, worn_at: int | None = None) -> None:
        """`max_bytes` bounds the bodies of everything held, taken or not.

        What the broker got back `worn_at` times is worn: it waits in a line of its own, and is never given back here.
        """
        self.prefetch = prefetch
        """What to ask the broker for; falls when bodies turn out so large that `max_bytes` would be passed."""
        self.is_full = False
        self.has_ended = False
        self._most_prefetch = prefetch
        self._max_bytes = max_bytes
        self._worn_at = worn_at
        self._untaken: deque[Delivery] = deque()
        self._worn: deque[Delivery] = deque()
        self._changed = asyncio.Event()

    @property
    def has_untaken(self) -> bool:
        """True while something waits to be taken, beside what is worn."""
        return bool(self._untaken)

    @property
    def waiting_since(self) -> float | None:
        """Monotonic clock time at which the oldest of them came; None = nothing waits."""
        return self._untaken[0].message.received_at if self._untaken else None

    def put(self, delivery: Delivery) -> None:
        """Add one; the broker's prefetch is the bound."""
        is_worn = self._worn_at is not None and (delivery.message.delivery_count or 0) >= self._worn_at
        (self._worn if is_worn else self._untaken).append(delivery)
        self._changed.set()

    async def take(self) -> Delivery | None:
        """Wait for the next that is not worn; None once ended."""
        return await self._next(self._untaken)

    async def take_worn(self) -> Delivery | None:
        """Wait for the next that is worn; None once ended."""
        return await self._next(self._worn)

    async def _next(self, line: deque[Delivery]) -> Delivery | None:
        while not line:
            if self.has_ended:
                return None
            self._changed.clear()
            await self._changed.wait()
        return line.popleft()

    def end(self) -> None:
        """Let every take() return None, after what release_untaken() or forget() left."""
        self.has_ended = True
        self._changed.set()

    def release_untaken(self) -> None:
        """Give back to the broker what nobody took."""
        while self._untaken:
            self._untaken.popleft().release()

    def forget(self) -> None:
        """Drop what nobody took: its channel is gone."""
        self._untaken.clear()
        self._worn.clear()
        self.is_full = False

    def note_held(self, count: int, size_bytes: int) -> bool:
        """Take note of what is held; True if that starts or ends being full: full at max_bytes, until half of it."""
        if not self.is_full and size_bytes >= self._max_bytes:
            self.is_full = True
            # Cancelling over a full window sends messages back, which counts against them: ask for fewer next time.
            self.prefetch = max(1, min(self._most_prefetch, count * self._max_bytes // size_bytes))
            return True
        if self.is_full and size_bytes <= self._max_bytes // 2:
            self.is_full = False
            return True
        return False

"""What a subscription has received and nobody took yet, and when it has enough."""

import asyncio

from adapter.broker.delivery import Delivery


class Intake:
    """Untaken deliveries, bounded by the broker through prefetch, and the decision to stop by bytes."""

    def __init__(self, prefetch: int, max_bytes: int) -> None:
        """`max_bytes` bounds the bodies of everything held, taken or not."""
        self.prefetch = prefetch
        """What to ask the broker for; falls when bodies turn out so large that `max_bytes` would be passed."""
        self.is_full = False
        self.has_ended = False
        self._most_prefetch = prefetch
        self._max_bytes = max_bytes
        self._untaken: asyncio.Queue[Delivery | None] = asyncio.Queue()

    @property
    def has_untaken(self) -> bool:
        """True while something waits to be taken."""
        return self._untaken.qsize() > int(self.has_ended)

    def put(self, delivery: Delivery) -> None:
        """Add one; the broker's prefetch is the bound."""
        self._untaken.put_nowait(delivery)

    async def take(self) -> Delivery | None:
        """Wait for the next; None once ended."""
        delivery = await self._untaken.get()
        if delivery is None:
            self._untaken.put_nowait(None)
        return delivery

    def end(self) -> None:
        """Let every take() return None, after what release_untaken() or forget() left."""
        if not self.has_ended:
            self.has_ended = True
            self._untaken.put_nowait(None)

    def release_untaken(self) -> None:
        """Give back to the broker what nobody took."""
        for delivery in self._drop_untaken():
            delivery.release()

    def forget(self) -> None:
        """Drop what nobody took: its channel is gone."""
        self._drop_untaken()
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

    def _drop_untaken(self) -> list[Delivery]:
        dropped = []
        while not self._untaken.empty():
            delivery = self._untaken.get_nowait()
            if delivery is not None:
                dropped.append(delivery)
        if self.has_ended:
            self._untaken.put_nowait(None)
        return dropped

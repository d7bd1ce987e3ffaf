"""Slots for messages on their way: bounded in number and bytes, first come first served, and some of them alone."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Waiter:
    """Who waits for a slot."""

    turn: asyncio.Future[bool]
    size_bytes: int
    must_be_alone: Callable[[], bool]


class Window:
    """Hands out at most `size` slots for `max_bytes`; to a message that must be alone, only when all others are back.

    A message larger than `max_bytes` gets a slot when it is the only one.
    """

    def __init__(self, size: int, max_bytes: int) -> None:
        """Both are at least 1."""
        self.size = size
        self.in_use = 0
        self._max_bytes = max_bytes
        self._bytes_in_use = 0
        self._is_alone = False
        self._waiting: deque[_Waiter] = deque()

    async def enter(self, size_bytes: int, must_be_alone: Callable[[], bool], timeout_seconds: float) -> bool:
        """Take a slot; False if none came free in time. `must_be_alone` is asked when it is our turn."""
        if not self._waiting and self._take(size_bytes, alone=must_be_alone()):
            return True
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[bool] = loop.create_future()
        self._waiting.append(_Waiter(turn, size_bytes, must_be_alone))
        timer = loop.call_later(timeout_seconds, self._give_up, turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.result():
                self.leave(size_bytes)
            else:
                self._admit()
            raise
        finally:
            timer.cancel()

    def leave(self, size_bytes: int) -> None:
        """Give a slot back."""
        self.in_use -= 1
        self._bytes_in_use -= size_bytes
        self._is_alone = self._is_alone and self.in_use > 0
        self._admit()

    def _take(self, size_bytes: int, *, alone: bool) -> bool:
        if self.in_use > 0:
            is_over = self.in_use >= self.size or self._bytes_in_use + size_bytes > self._max_bytes
            if alone or self._is_alone or is_over:
                return False
        self.in_use += 1
        self._bytes_in_use += size_bytes
        self._is_alone = alone
        return True

    def _give_up(self, turn: asyncio.Future[bool]) -> None:
        if not turn.done():
            turn.set_result(False)
            self._admit()

    def _admit(self) -> None:
        while self._waiting:
            first = self._waiting[0]
            if not first.turn.done():
                if not self._take(first.size_bytes, alone=first.must_be_alone()):
                    return
                first.turn.set_result(True)
            self._waiting.popleft()

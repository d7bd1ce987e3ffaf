"""Slots for messages on their way: bounded in number, first come first served, and some of them alone."""

import asyncio
from collections import deque
from collections.abc import Callable


class Window:
    """Hands out at most `size` slots; to a message that must be alone, only when all others are back."""

    def __init__(self, size: int) -> None:
        """`size` is at least 1."""
        self.size = size
        self.in_use = 0
        self._is_alone = False
        self._waiting: deque[tuple[asyncio.Future[bool], Callable[[], bool]]] = deque()

    async def enter(self, must_be_alone: Callable[[], bool], timeout_seconds: float) -> bool:
        """Take a slot; False if none came free in time. `must_be_alone` is asked when it is our turn."""
        if not self._waiting and self._take(alone=must_be_alone()):
            return True
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[bool] = loop.create_future()
        self._waiting.append((turn, must_be_alone))
        timer = loop.call_later(timeout_seconds, self._give_up, turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.result():
                self.leave()
            raise
        finally:
            timer.cancel()

    def leave(self) -> None:
        """Give a slot back."""
        self.in_use -= 1
        self._is_alone = self._is_alone and self.in_use > 0
        self._admit()

    def _take(self, *, alone: bool) -> bool:
        if self._is_alone or self.in_use >= (1 if alone else self.size):
            return False
        self.in_use += 1
        self._is_alone = alone
        return True

    def _give_up(self, turn: asyncio.Future[bool]) -> None:
        if not turn.done():
            turn.set_result(False)
            self._admit()

    def _admit(self) -> None:
        while self._waiting:
            turn, must_be_alone = self._waiting[0]
            if not turn.done():
                if not self._take(alone=must_be_alone()):
                    return
                turn.set_result(True)
            self._waiting.popleft()

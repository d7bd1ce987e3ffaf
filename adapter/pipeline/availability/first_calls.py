"""How the first calls of requests went lately: whether a request that gets no reply is alone with that."""

from collections import deque

_REMEMBERED = 100
_SECONDS = 60.0
_FEW = 0.05


class FirstCalls:
    """The newest first calls to one model. Repeated ones say nothing: they are of requests that may be the cause."""

    def __init__(self) -> None:
        """Nothing was called yet."""
        self._calls: deque[tuple[float, bool]] = deque(maxlen=_REMEMBERED)

    def note(self, now: float, *, failed: bool) -> None:
        """One has ended."""
        self._calls.append((now, failed))

    def many_fail(self, now: float) -> bool:
        """True if more fail than one, and a few in a hundred: the model is in trouble with others, too."""
        recent = [failed for time, failed in self._calls if time > now - _SECONDS]
        return sum(recent) > 1 + len(recent) * _FEW

"""Waiting between tries: exponential with full jitter, so that replicas do not come back all at once."""

import random
from dataclasses import dataclass, field


@dataclass(slots=True)
class Backoff:
    """Grows with each failure up to a maximum; a reset starts over."""

    first_seconds: float
    max_seconds: float
    _failures: int = field(default=0, init=False)

    def next_seconds(self) -> float:
        """Return how long to wait after one more failure: anything from zero to the bound that has been reached."""
        bound = min(self.max_seconds, self.first_seconds * 2.0 ** min(self._failures, 30))
        self._failures += 1
        return random.uniform(0, bound)  # noqa: S311 - spreads load, guards nothing

    def reset(self) -> None:
        """Forget the failures."""
        self._failures = 0

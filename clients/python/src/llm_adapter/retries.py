"""Whether a failed call is sent again, and after how long: pure rules, the same for both clients."""

import random
import time

from llm_adapter.errors import AdapterError

FIRST_PAUSE_SECONDS = 0.25
MOST_PAUSE_SECONDS = 4.0


class Retries:
    """The tries of one logical call, all within one deadline."""

    def __init__(self, timeout_seconds: float, most_tries: int) -> None:
        """The deadline begins now."""
        self._deadline = time.monotonic() + timeout_seconds
        self._most_tries = most_tries
        self._tries = 0

    @property
    def seconds_left(self) -> float:
        """Until the deadline; never negative."""
        return max(0.0, self._deadline - time.monotonic())

    def succeeded(self) -> None:
        """A stream that brought something may fail as often again."""
        self._tries = 0

    def pause_after(self, error: AdapterError) -> float | None:
        """Return the seconds to wait before the next try; None: there is no other try."""
        self._tries += 1
        pause = _pause_seconds(error, self._tries)
        if pause is None or self._tries >= self._most_tries or pause >= self.seconds_left:
            return None
        return pause


def _pause_seconds(error: AdapterError, tries: int) -> float | None:
    """UNAVAILABLE always, RESOURCE_EXHAUSTED only when the adapter says after how long; nothing else."""
    if error.grpc_code not in {"UNAVAILABLE", "RESOURCE_EXHAUSTED"}:
        return None
    # Not all callers that were turned away together come back together.
    spread = random.uniform(1.0, 1.2)  # noqa: S311 - nothing secret
    if error.pushback_seconds is not None:
        return error.pushback_seconds * spread
    if error.grpc_code == "RESOURCE_EXHAUSTED":
        return None
    return min(MOST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** (tries - 1)) * spread

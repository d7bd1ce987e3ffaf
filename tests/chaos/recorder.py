"""What clients saw, as it happens. Written to by threads; nothing is judged here."""

import threading
import time

from tests.chaos.history import Result, Send, Sent
from tests.chaos.load import Asked

Key = tuple[str, str, str]


class Recorder:
    """Sends and results so far."""

    def __init__(self) -> None:
        self.sends: list[Send] = []
        self.results: list[Result] = []
        self._accepted: dict[Key, None] = {}
        self._answered: set[Key] = set()
        self._open: dict[Key, None] = {}
        self._lock = threading.Lock()

    def begins(self, asked: Asked) -> None:
        """Note that somebody is about to ask."""
        with self._lock:
            self._open[key_of(asked)] = None

    def gave_up(self, asked: Asked) -> None:
        """Note that whoever asked waits no more."""
        with self._lock:
            self._open.pop(key_of(asked), None)

    def sent(self, asked: Asked, state: Sent, detail: str = "") -> Sent:
        """Note how a try ended; returns that."""
        send = Send(
            time.time(),
            asked.request_id,
            asked.face,
            asked.route,
            asked.correlation_id,
            state,
            asked.expected,
            detail[:200],
        )
        with self._lock:
            self.sends.append(send)
            if state is Sent.OK:
                self._accepted[key_of(asked)] = None
        return state

    def came(self, result: Result) -> None:
        """Note an answer."""
        key = (result.request_id, result.route, result.correlation_id)
        with self._lock:
            self.results.append(result)
            self._answered.add(key)
            self._open.pop(key, None)

    def missing(self) -> list[Key]:
        """Return who was promised an answer and has none."""
        with self._lock:
            return [key for key in self._accepted if key not in self._answered]

    @property
    def open(self) -> int:
        """How many ask or wait."""
        return len(self._open)

    @property
    def answered(self) -> int:
        """How many wait no more."""
        return len(self._answered)


def key_of(asked: Asked) -> Key:
    """Who waits for the answer."""
    return asked.request_id, asked.route, asked.correlation_id

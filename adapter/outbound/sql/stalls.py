"""Ends the wait for a database that does not answer: PostgreSQL's own timeouts need a PostgreSQL that runs."""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from sqlalchemy import Connection

Guard = Callable[[Connection], AbstractContextManager[None]]
"""Wraps the use of a connection."""


@contextmanager
def unguarded(_connection: Connection) -> Iterator[None]:
    """Wait as long as it takes."""
    yield


class StallGuard:
    """Cuts connections whose use takes longer than the limit; the one who waits gets an error then."""

    def __init__(self, limit_seconds: float, *, look_seconds: float = 0.5) -> None:
        """The limit is for a whole transaction."""
        self._limit_seconds = limit_seconds
        self._look_seconds = look_seconds
        self._begun: dict[int, tuple[float, Any]] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to look."""
        self._thread = threading.Thread(target=self._look, name="store-stalls", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop looking."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join()

    @contextmanager
    def __call__(self, connection: Connection) -> Iterator[None]:
        """Guard what is done with a connection in the block."""
        driver = connection.connection.dbapi_connection
        key = id(driver)
        with self._lock:
            self._begun[key] = (time.monotonic(), driver)
        try:
            yield
        finally:
            with self._lock:
                self._begun.pop(key, None)

    def _look(self) -> None:
        while not self._closed.wait(self._look_seconds):
            overdue = time.monotonic() - self._limit_seconds
            with self._lock:
                for key, (begun, driver) in list(self._begun.items()):
                    if begun < overdue:
                        del self._begun[key]
                        _cut(driver)


def _cut(driver: Any) -> None:
    """Shut the socket down under the driver, whose wait then ends; closing it is the driver's."""
    with contextlib.suppress(Exception), socket.socket(fileno=os.dup(driver.fileno())) as peer:
        peer.shutdown(socket.SHUT_RDWR)

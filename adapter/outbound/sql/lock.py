"""The exclusive lock beside a SQLite database: one serving process, a second is refused by name."""

import fcntl
import os
from pathlib import Path

from adapter.errors import StoreUnavailable
from adapter.outbound.sql.errors import StoreLocked


class FileLock:
    """Held from acquire to release, or until the process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock and write our process id into it. Raises StoreLocked, StoreUnavailable for a bad path.

        A lock that is held already stays held.
        """
        if self._descriptor is not None:
            return
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as exc:
            raise StoreUnavailable(
                f"The lock {self._path} cannot be opened: {exc.strerror}. Check database.url."
            ) from exc
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            holder = os.read(descriptor, 32).decode(errors="replace").strip()
            os.close(descriptor)
            raise StoreLocked(str(self._path), holder) from exc
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the lock back. The file stays: removing it would let two processes lock two files of one name."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

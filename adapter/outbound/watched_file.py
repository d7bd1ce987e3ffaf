"""Whether a file is another one than when it was last looked at."""

from pathlib import Path


class WatchedFile:
    """Looks at what stat says: also a link that leads elsewhere now, as mounted secrets are replaced, is a change."""

    def __init__(self, path: Path) -> None:
        """What is there now is no change."""
        self.path = path
        self._seen = self._look()

    def has_changed(self) -> bool:
        """Return whether it changed since it was last asked. A file that went away did."""
        now = self._look()
        changed, self._seen = now != self._seen, now
        return changed

    def _look(self) -> tuple[int, int, int]:
        try:
            status = self.path.stat()
        except OSError:
            return (0, 0, 0)
        return (status.st_mtime_ns, status.st_size, status.st_ino)

"""Searches everything that the processes of a test run gave out for the made-up secrets that they were given."""

import mmap
from collections.abc import Iterator
from pathlib import Path

from tests.kit.secrets import MARK

# Enough to tell where it is; the secret itself is made up.
_AROUND = 60


class SecretScan:
    """What was given out: files (logs, databases), searched at the end, and texts, searched at once."""

    def __init__(self) -> None:
        self._files: dict[Path, None] = {}
        self._found: list[str] = []
        self.texts = 0

    def watch(self, *files: Path) -> None:
        """Search these files, and what stands beside them under a longer name (-wal, -shm), at the end."""
        self._files.update(dict.fromkeys(files))

    def look(self, place: str, text: str | bytes) -> None:
        """Search a text that was given out at a place."""
        self.texts += 1
        content = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
        at = content.find(MARK.encode())
        if at >= 0:
            self._found.append(f"{place}: {_shown(content, at)}")

    def files(self) -> Iterator[Path]:
        """Return what will be searched and is there."""
        for file in self._files:
            yield from sorted(one for one in file.parent.glob(f"{file.name}*") if one.is_file() and one.stat().st_size)

    def problems(self) -> list[str]:
        """Return each place at which a secret was found."""
        return [*self._found, *(found for file in self.files() for found in _in_file(file))]


OUTPUTS = SecretScan()
"""Of this run."""


def _in_file(file: Path) -> Iterator[str]:
    with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        at = content.find(MARK.encode())
        if at >= 0:
            line = content[:at].count(b"\n") + 1
            yield f"{file}:{line}: {_shown(content, at)}"


def _shown(content: bytes | mmap.mmap, at: int) -> str:
    return repr(content[max(0, at - _AROUND) : at + _AROUND].decode(errors="replace"))

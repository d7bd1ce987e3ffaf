"""Searches everything that the processes of a test run gave out for the made-up secrets that they were given."""

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.kit.secrets import MARK

# Enough to tell where it is; the secret itself is made up.
_AROUND = 60


@dataclass(frozen=True, slots=True)
class Searched:
    """How much was searched, and each place at which a secret was found."""

    files: int
    texts: int
    problems: list[str]


class SecretScan:
    """What was given out: files (logs, databases), searched at the end, and texts, searched at once."""

    def __init__(self) -> None:
        self._files: dict[Path, None] = {}
        self._found: list[str] = []
        self._others: list[Searched] = []
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

    def _files_there(self) -> Iterator[Path]:
        for file in self._files:
            yield from sorted(one for one in file.parent.glob(f"{file.name}*") if one.is_file() and one.stat().st_size)

    def searched(self) -> Searched:
        """Search the files; return what comes of it, with what other test processes found."""
        files = list(self._files_there())
        mine = Searched(len(files), self.texts, [*self._found, *(found for file in files for found in _in_file(file))])
        every = [mine, *self._others]
        return Searched(
            sum(one.files for one in every),
            sum(one.texts for one in every),
            [problem for one in every for problem in one.problems],
        )

    def add(self, other: Searched) -> None:
        """Count what another process of the same run searched."""
        self._others.append(other)


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

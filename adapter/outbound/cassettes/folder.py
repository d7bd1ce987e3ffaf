"""The folder of recordings: `<task>/<key>-<number>.yaml`, one file a call, numbered where the same was asked again."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from adapter.outbound.cassettes.answered import Answered

_ANSWER = re.compile(r"^(?:reply|error):", re.MULTILINE)
_NUMBERED = re.compile(r"(.+)-([1-9]\d*)")


@dataclass(frozen=True, slots=True)
class CassetteFolder:
    """Files below one folder. Blocking: to be called in a thread."""

    path: Path

    def answers(self, task: str, key: str) -> tuple[Answered, ...]:
        """Read what was recorded for a request, in order; () = nothing. Raises UnusableRecording."""
        return tuple(Answered.read(file.read_bytes(), self.name(file)) for file in self._files(task, key))

    def write(self, task: str, key: str, number: int, text: str) -> None:
        """Write one recording. The first of a key takes the place of all that an earlier run left of it.

        Raises OSError.
        """
        folder = self.path / task
        folder.mkdir(parents=True, exist_ok=True)
        if number == 1:
            for old in self._files(task, key):
                old.unlink()
        file = folder / f"{key}-{number}.yaml"
        unfinished = file.with_suffix(".unfinished")
        unfinished.write_text(text, encoding="utf-8", newline="\n")
        unfinished.replace(file)

    def requests(self, task: str) -> Iterator[tuple[str, str]]:
        """Yield name and request, as YAML, of the recordings of a task."""
        for file in sorted((self.path / task).glob("*.yaml")):
            text = file.read_text(encoding="utf-8", errors="replace")
            answer = _ANSWER.search(text)
            yield self.name(file), text[: answer.start()] if answer else text

    def name(self, file: Path) -> str:
        """Name of a file as people are told it."""
        return str(file.relative_to(self.path))

    def _files(self, task: str, key: str) -> list[Path]:
        numbered = (
            (int(match[2]), file)
            for file in (self.path / task).glob(f"{key}-*.yaml")
            if (match := _NUMBERED.fullmatch(file.stem)) and match[1] == key
        )
        return [file for _, file in sorted(numbered)]

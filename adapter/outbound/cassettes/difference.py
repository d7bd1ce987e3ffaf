"""What keeps a request from being one that was recorded: the nearest recording, and a difference that can be read."""

import difflib
import re
from collections.abc import Iterator

from adapter.outbound.cassettes.asked import Asked
from adapter.outbound.cassettes.folder import CassetteFolder

MAX_COMPARED = 500
"""Recordings of a task that are looked at."""
MAX_CHARACTERS = 2_000
MAX_LINE = 200
_POSITION = re.compile(r"@@|---|\+\+\+")
_ADVICE = "Undo the change, or record again with --record."


def miss_message(folder: CassetteFolder, asked: Asked) -> str:
    """Say that a request was not recorded, and how the nearest that was differs; its personal data is hidden."""
    lines = asked.text.splitlines()
    nearest = _nearest(folder, asked.task, lines)
    if nearest is None:
        return f"No recording of this task; nothing was called. {_ADVICE}"
    name, recorded = nearest
    shown = "\n".join(_shown(recorded, lines))
    return f"No recording of this request; nothing was called. Nearest is {name} (-), asked is (+):\n{shown}\n{_ADVICE}"


def _nearest(folder: CassetteFolder, task: str, lines: list[str]) -> tuple[str, list[str]] | None:
    best: tuple[str, list[str]] | None = None
    best_likeness = -1.0
    for number, (name, text) in enumerate(folder.requests(task)):
        if number >= MAX_COMPARED:
            break
        recorded = text.splitlines()
        matcher = difflib.SequenceMatcher(None, recorded, lines, autojunk=False)
        if matcher.quick_ratio() > best_likeness and (likeness := matcher.ratio()) > best_likeness:
            best, best_likeness = (name, recorded), likeness
    return best


def _shown(recorded: list[str], asked: list[str]) -> Iterator[str]:
    """Changed lines with one line around them, up to MAX_CHARACTERS; `…` where something is left out."""
    left = MAX_CHARACTERS
    for line in difflib.unified_diff(recorded, asked, lineterm="", n=1):
        shown = "…" if line.startswith("@@") else line
        if _POSITION.match(line) and not line.startswith("@@"):
            continue
        shown = f"{shown[:MAX_LINE]}…" if len(shown) > MAX_LINE else shown
        left -= len(shown) + 1
        if left < 0:
            yield "… and more"
            return
        yield shown

"""What the simulated model answers to payloads it knows: the golden cases of the loaded tasks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from adapter.tasks.task import Task


@dataclass(frozen=True, slots=True)
class SampleAnswer:
    """A text that goes out as it is, or a document in the strict shape, which is completed where it says nothing."""

    text: str | None = None
    document: Any = None


SampleAnswers = Mapping[tuple[str, str], SampleAnswer]
"""Answer by task (name@version, or the name alone for the newest version) and SHA-256 of the payload, in hex."""


def sample_answers(tasks: Iterable["Task"]) -> SampleAnswers:
    """Index the cases that say what a model would reply; of two with the same payload the first counts."""
    index: dict[tuple[str, str], SampleAnswer] = {}
    for task in sorted(tasks, key=_newest_first):
        for case in task.cases:
            if case.answer is None:
                continue
            digest = sha256(case.payload).hexdigest()
            is_partial = case.reply is None and case.expect_match == "subset"
            answer = _answer(task, case.answer, is_partial=is_partial)
            index.setdefault((task.ref, digest), answer)
            index.setdefault((task.name, digest), answer)
    return index


def _newest_first(task: "Task") -> tuple[str, list[int]]:
    return task.name, [-int(number) for number in task.version.split(".")]


def _answer(task: "Task", said: Any, *, is_partial: bool) -> SampleAnswer:
    if isinstance(said, str):
        return SampleAnswer(text=said)
    lowered = task.strict_output.lower(said)
    return SampleAnswer(document=_as_far_as_said(lowered, said) if is_partial else lowered)


def _as_far_as_said(lowered: Any, said: Any) -> Any:
    """Drop the nulls that lowering put where a partial document says nothing: those places are generated."""
    if isinstance(lowered, list) and isinstance(said, list) and len(lowered) == len(said):
        return [_as_far_as_said(low, word) for low, word in zip(lowered, said, strict=True)]
    if not isinstance(lowered, dict) or not isinstance(said, dict):
        return lowered
    return {key: _as_far_as_said(low, said.get(key)) for key, low in lowered.items() if low is not None or key in said}

"""What the model is not told by the schema: collected while it is built, and said in descriptions."""

from dataclasses import dataclass
from typing import Any

from adapter.tasks.json_schema.view import View
from adapter.tasks.strict_schema.hints import hint


@dataclass(frozen=True, slots=True)
class Dropped:
    """A constraint of the contract that only the local check enforces. pointer = the schema place that states it."""

    pointer: str
    keyword: str
    hint: str
    """How the description says it."""


class Notes:
    """Dropped constraints of a whole schema; each is also said in the description of its place."""

    def __init__(self) -> None:
        self._dropped: dict[Dropped, None] = {}

    @property
    def dropped(self) -> tuple[Dropped, ...]:
        """All of them, in the order of the schema."""
        return tuple(self._dropped)

    def drop(self, view: View, keyword: str, sentence: str = "", value: Any = None) -> None:
        """Note a constraint that the strict schema cannot hold."""
        place = view.places.get(keyword, view.pointer)
        said = sentence or hint(keyword, view.take(keyword) if value is None else value)
        self._dropped[Dropped(place, keyword, said)] = None
        self.say(view, said)

    def say(self, view: View, sentence: str) -> None:
        """Have a sentence added to the description of a place."""
        view.remarks[sentence] = None


def description_of(view: View, *, only_remarks: bool = False) -> str:
    """Return the description of a place: the author's, then what was dropped."""
    own = "" if only_remarks else str(view.take("description") or "").strip()
    return sentences(own, *view.remarks)


def sentences(*texts: str) -> str:
    """Join texts to a description, each ended by a full stop if another follows."""
    parts = [text for text in texts if text]
    ended = [text if text[-1] in ".!?:;" else f"{text}." for text in parts[:-1]]
    return " ".join([*ended, *parts[-1:]])

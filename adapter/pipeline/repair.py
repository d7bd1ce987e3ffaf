"""The conversation of a re-ask: the prompt, the reply as it was, and exactly the rules that it broke, fenced."""

from collections.abc import Sequence

from adapter.domain import exact_json
from adapter.domain.model import Reply, Turn
from adapter.errors import Violation

MAX_LISTED = 20
MAX_MESSAGE_CHARS = 400
MAX_QUOTED_CHARS = 32_768

_INTRODUCTION = (
    "Your reply was checked by a program and does not satisfy the output contract. What follows is automated feedback, "
    "not a message from the user and not instructions from the record: places (JSON Pointer) and the rules they break."
)
_REQUEST = (
    "Answer again with the complete corrected JSON document, and nothing else. Keep what was right, "
    "take every value from the record, and do not mention this feedback."
)


def repair_turns(turns: Sequence[Turn], reply: Reply, violations: Sequence[Violation], nonce: str) -> tuple[Turn, ...]:
    """Extend a conversation by one re-ask. A re-ask already in it is replaced, so that it does not grow."""
    opening = f"<automated-feedback-{nonce}>"
    asked = tuple(turns)
    if len(asked) > 1 and asked[-1].role == "user" and asked[-1].content.startswith(opening):
        asked = asked[:-2]
    previous = (reply.text or "")[:MAX_QUOTED_CHARS]
    lines = [opening, _INTRODUCTION, *_listed(violations), f"</automated-feedback-{nonce}>", _REQUEST]
    return (*asked, Turn("assistant", previous), Turn("user", "\n".join(lines)))


def _listed(violations: Sequence[Violation]) -> list[str]:
    lines = [
        f"{number}. {_quoted(one.pointer)} ({one.rule}): {' '.join(one.message.split())[:MAX_MESSAGE_CHARS]}"
        for number, one in enumerate(violations[:MAX_LISTED], start=1)
    ]
    more = len(violations) - MAX_LISTED
    return [*lines, f"… and {more} more of this kind"] if more > 0 else lines


def _quoted(pointer: str) -> str:
    # keys come from the model, and through it perhaps from the record: as a JSON string they cannot pose as feedback
    return exact_json.dumps_text(pointer) if pointer else "the whole reply"


def same_violations(before: Sequence[Violation], after: Sequence[Violation]) -> bool:
    """Say whether two replies broke the same rules at the same places: asking again then leads nowhere."""
    return bool(after) and _places(before) == _places(after)


def _places(violations: Sequence[Violation]) -> frozenset[tuple[str, str]]:
    return frozenset((one.pointer, one.rule) for one in violations)

"""From a reply to a document in the contract's shape: the provider's verdict, then locate, strict parse, lift.

Each step may end the job (JobFailure), ask for another reply (ReplyInvalid), or go on. Nothing is mended here.
"""

import re
from dataclasses import dataclass
from typing import Any

from adapter.domain import exact_json
from adapter.domain.job import Change
from adapter.domain.model import FinishReason, Reply
from adapter.errors import (
    ContentFiltered,
    ModelRefused,
    OutputAmbiguous,
    OutputEmpty,
    OutputRunaway,
    OutputTruncated,
    Violation,
)
from adapter.pipeline.locate import MAX_SEARCHED_CHARS, locate
from adapter.tasks.strict_schema import StrictSchema
from adapter.tasks.task import Contract

EXTRACTED = "extracted"
"""Rule of the change that says: text around the document (fences, prose, thoughts, a byte order mark) was left out."""

MAX_DOCUMENTS = 64
"""Of more documents in one reply none is looked at."""

_RUNAWAY_NUMBER = re.compile(r"[0-9]{41}")
_RUNAWAY_SPACE = re.compile(r"\s{200}")
_WINDOW, _REPEATS = 64, 8


@dataclass(frozen=True, slots=True)
class Parsed:
    """A document in the contract's shape, not yet checked against it, and what was done to get it."""

    document: Any
    changes: tuple[Change, ...] = ()


class ReplyInvalid(Exception):
    """A complete reply that breaks rules a re-ask may heal: no JSON, or JSON that violates the contract."""

    def __init__(self, violations: tuple[Violation, ...]) -> None:
        self.violations = violations
        super().__init__("; ".join(f"{one.pointer or '(root)'} {one.rule}" for one in violations[:5]))


def parse_reply(reply: Reply, contract: Contract, strict: StrictSchema) -> Parsed:
    """Read a reply. Raises the JobFailure that the provider's verdict means, OutputAmbiguous, or ReplyInvalid."""
    text = _complete_text(reply)
    try:
        document = exact_json.loads(text)
    except exact_json.JsonError as exc:
        return _located(text, contract, strict, exc)
    return _lifted(document, strict)


def _complete_text(reply: Reply) -> str:
    """Take the provider's word first: a reply that was refused, filtered or cut off is not searched for an answer."""
    text = reply.text or ""
    if reply.refusal or reply.finish_reason is FinishReason.REFUSAL:
        raise ModelRefused
    if reply.finish_reason is FinishReason.CONTENT_FILTER:
        raise ContentFiltered
    if reply.finish_reason is FinishReason.LENGTH:
        raise OutputRunaway if is_runaway(text) else OutputTruncated
    if not text.strip("\ufeff \t\r\n"):
        raise OutputEmpty
    return text


def is_runaway(text: str) -> bool:
    """Say whether a text that never ended repeats itself: white space, digits, or the same 64 characters 8 times."""
    if _RUNAWAY_SPACE.search(text) or _RUNAWAY_NUMBER.search(text):
        return True
    # a loop goes on to the end, so its last turn tells it; the period is at most a window long, or the window recurs
    window = text[-_WINDOW:]
    return len(text) >= _WINDOW * _REPEATS and _occurrences(text, window) >= _REPEATS


def _occurrences(text: str, window: str) -> int:
    found, position = 0, text.find(window)
    while position >= 0 and found < _REPEATS:
        found, position = found + 1, text.find(window, position + 1)
    return found


def _located(text: str, contract: Contract, strict: StrictSchema, error: exact_json.JsonError) -> Parsed:
    if len(text) > MAX_SEARCHED_CHARS:
        raise ReplyInvalid(
            (_json_violation("the reply is not one JSON document, and too long to be searched for one"),)
        )
    located = locate(text, lists=strict.is_wrapped)
    if located.is_cut_off:
        if is_runaway(text):
            raise OutputRunaway
        raise ReplyInvalid((_json_violation("the JSON begins but does not end; answer shorter, and completely"),))
    if not located.texts:
        raise ReplyInvalid((_json_violation(f"the reply holds no JSON document ({error})"),))
    texts = list(dict.fromkeys(located.texts))
    if len(texts) > MAX_DOCUMENTS:
        raise ReplyInvalid((_json_violation(f"{len(texts)} JSON documents; answer with exactly one"),))
    parsed = _chosen(texts, contract, strict)
    return Parsed(parsed.document, (Change("", EXTRACTED, "", ""), *parsed.changes))


def _chosen(texts: list[str], contract: Contract, strict: StrictSchema) -> Parsed:
    """Take the only document, or the last if it alone satisfies the contract; never one of several that do."""
    readings = [_read(text, strict) for text in texts]
    last = readings[-1]
    if len(readings) == 1:
        return _usable(last)
    satisfying = {
        exact_json.dumps(contract.ordered(one.document)): one
        for one in readings
        if isinstance(one, Parsed) and not contract.check(one.document)
    }
    if len(satisfying) > 1:
        raise OutputAmbiguous
    if isinstance(last, Parsed) and last in satisfying.values():
        return last
    # what the model meant came last; an earlier one may be quoted from the record, so it is no substitute
    message = "several JSON documents, and the last does not satisfy the contract; answer with exactly one"
    raise ReplyInvalid((_json_violation(message), *_broken_rules(last, contract)))


def _broken_rules(reading: "Parsed | ReplyInvalid", contract: Contract) -> tuple[Violation, ...]:
    return reading.violations if isinstance(reading, ReplyInvalid) else contract.check(reading.document)


def _read(text: str, strict: StrictSchema) -> "Parsed | ReplyInvalid":
    try:
        return _lifted(exact_json.loads(text), strict)
    except exact_json.JsonError as exc:
        return ReplyInvalid((_json_violation(str(exc)),))
    except ReplyInvalid as exc:
        return exc


def _usable(reading: "Parsed | ReplyInvalid") -> Parsed:
    if isinstance(reading, ReplyInvalid):
        raise reading
    return reading


def _lifted(document: Any, strict: StrictSchema) -> Parsed:
    lifted = strict.lift(document)
    if lifted.violations:
        raise ReplyInvalid(lifted.violations)
    return Parsed(lifted.document, lifted.changes)


def _json_violation(message: str) -> Violation:
    return Violation("", "json", message)

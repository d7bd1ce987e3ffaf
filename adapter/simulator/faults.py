"""What can go wrong on request: the words, what each does, and when it is due."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b

from adapter.errors import (
    CallError,
    CallFiltered,
    CallForbidden,
    CallMisconfigured,
    CallRejected,
    CallThrottled,
    CallTooLong,
    CallUnauthorized,
    CallUnreachable,
)


class FaultKind(StrEnum):
    """Where a fault strikes."""

    STATUS = "status"
    """An HTTP error instead of an answer."""
    LINK = "link"
    """No proper HTTP answer at all."""
    REPLY = "reply"
    """A proper answer whose content is not what was asked for."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One word with its meaning. `error` is what the in-process model raises; None = a reply comes."""

    word: str
    kind: FaultKind
    meaning: str
    error: type[CallError] | None = None
    status: int = 200
    code: str = ""

    @property
    def comes_at_once(self) -> bool:
        """True where no model is asked first: HTTP errors and resets."""
        return self.kind is FaultKind.STATUS or self.word == "reset"


def _status(word: str, status: int, code: str, error: type[CallError], meaning: str) -> Fault:
    return Fault(word, FaultKind.STATUS, meaning, error, status, code)


def _link(word: str, meaning: str, status: int = 0) -> Fault:
    return Fault(word, FaultKind.LINK, meaning, CallUnreachable, status)


def _reply(word: str, meaning: str) -> Fault:
    return Fault(word, FaultKind.REPLY, meaning)


FAULTS: Mapping[str, Fault] = {
    fault.word: fault
    for fault in (
        _status("400", 400, "invalid_request", CallRejected, "this request alone is refused"),
        _status("401", 401, "invalid_api_key", CallUnauthorized, "the key is refused"),
        _status("402", 402, "insufficient_credits", CallMisconfigured, "the credits are gone"),
        _status("403", 403, "permission_denied", CallForbidden, "the key may not use the model"),
        _status("404", 404, "model_not_found", CallMisconfigured, "no such model"),
        _status("429", 429, "rate_limit_exceeded", CallThrottled, "throttled, with Retry-After"),
        _status("500", 500, "server_error", CallUnreachable, "the provider failed"),
        _status("502", 502, "bad_gateway", CallUnreachable, "a gateway failed, with an HTML page"),
        _status("503", 503, "overloaded", CallUnreachable, "the provider is overloaded"),
        _status("quota", 429, "insufficient_quota", CallMisconfigured, "a 429 that no waiting cures"),
        _status("too_long", 400, "context_length_exceeded", CallTooLong, "the prompt does not fit the context"),
        _status("prompt_filter", 400, "content_filter", CallFiltered, "the provider filters the prompt"),
        _link("reset", "the connection is reset without an answer"),
        _link("cut", "the connection ends in the middle of the answer", 200),
        _link("hang", "no answer until the caller gives up"),
        _link("not_json", "a 200 with an HTML page, as a proxy sends", 200),
        _link("error_in_200", "an error object inside HTTP 200", 200),
        _link("no_choices", "a 200 without a reply in it", 200),
        _reply("slow", "a proper answer, late"),
        _reply("truncated", "cut off at the output limit (finish reason length)"),
        _reply("refusal", "the model refuses, with a sentence why"),
        _reply("content_filter", "the provider's filter stops the reply"),
        _reply("empty", "an empty text"),
        _reply("fenced", "the document in a Markdown fence"),
        _reply("chatty", "the document with sentences around it"),
        _reply("thinking", "the document after a <think> block that holds another"),
        _reply("not_a_document", "a sentence instead of a document"),
        _reply("ambiguous", "two different documents"),
        _reply("duplicate_key", "a document with one key twice"),
        _reply("runaway", "one line repeated without end"),
        _reply("invalid", "a document that violates the contract by type"),
        _reply("wrong_enum", "a value outside its enumeration"),
        _reply("missing_field", "a required property left out"),
        _reply("extra_field", "a property that is not in the contract"),
        _reply("review", "a proper answer, marked for a person to look at"),
    )
}

_TIMES = {"": None, "once": 1, "twice": 2}
_LABEL = re.compile(r"(?P<word>[a-z0-9_]+?)(?:_(?P<times>once|twice))?\Z")
_RULE = re.compile(
    r"(?P<word>[a-z0-9_]+)(?::(?P<rate>[0-9.]+)|@(?P<each>each:)?(?P<first>[0-9]+)(?:-(?P<last>[0-9]+))?)?\Z"
)


class UnknownFault(ValueError):
    """The word names no fault; the message lists those there are."""

    def __init__(self, text: str) -> None:
        """Text is what was asked for."""
        super().__init__(f"no fault {text[:60]!r}; known are {', '.join(FAULTS)}, each also with -once or -twice")


@dataclass(frozen=True, slots=True)
class FaultRule:
    """When a fault is due: for a share of all calls, or for calls first to last, of the server or of each request."""

    fault: Fault
    rate: float = 1.0
    first: int = 1
    last: int | None = None
    of_each_request: bool = False

    @classmethod
    def parse(cls, text: str) -> "FaultRule":
        """Read `429` (always), `429:0.1` (a tenth), `500@1-3` (calls 1 to 3), `reset@each:1` (each request's first).

        Raises ValueError.
        """
        found = _RULE.match(_plain(text))
        if found is None or found["word"] not in FAULTS:
            raise UnknownFault(text)
        fault = FAULTS[found["word"]]
        if found["rate"] is not None:
            rate = float(found["rate"])
            if rate > 1:
                raise ValueError(f"fault {text[:60]!r}: a rate is between 0 and 1")
            return cls(fault, rate=rate)
        if found["first"] is None:
            return cls(fault)
        first = int(found["first"])
        return cls(fault, first=first, last=int(found["last"] or first), of_each_request=bool(found["each"]))

    def __str__(self) -> str:
        """Write it as it is read."""
        if self.rate < 1:
            return f"{self.fault.word}:{self.rate:g}"
        if self.last is None:
            return self.fault.word
        return f"{self.fault.word}@{'each:' if self.of_each_request else ''}{self.first}-{self.last}"

    def is_due(self, number: int, nth: int, key: str) -> bool:
        """Decide for call `number` of the server, the nth of its request; the key makes a rate repeatable."""
        position = nth if self.of_each_request else number
        if position < self.first or (self.last is not None and position > self.last):
            return False
        return self.rate >= 1 or _share(f"{self.fault.word}|{key}|{nth}") < self.rate


def rule_of_label(label: str) -> FaultRule:
    """Read what the label `simulate` forces on its request: a word, with "-once" or "-twice" if it is to end.

    Raises UnknownFault.
    """
    found = _LABEL.match(_plain(label))
    if found is None or found["word"] not in FAULTS:
        raise UnknownFault(label)
    return FaultRule(FAULTS[found["word"]], last=_TIMES[found["times"] or ""], of_each_request=True)


def fault_of_status(status: int) -> Fault:
    """Return the fault that answers with this HTTP status. Raises ValueError."""
    fault = FAULTS.get(str(status))
    if fault is None:
        known = ", ".join(word for word in FAULTS if word.isdigit())
        raise ValueError(f"no fault answers with status {status}; known are {known}")
    return fault


def due_fault(rules: Sequence[FaultRule], number: int, nth: int, request_id: str) -> Fault | None:
    """Return the fault of the first rule that is due."""
    key = request_id or str(number)
    return next((rule.fault for rule in rules if rule.is_due(number, nth, key)), None)


def _plain(text: str) -> str:
    """Take `content filter`, `content-filter` and `content_filter` alike; a range keeps its hyphen."""
    word, mark, rest = text.strip().lower().partition("@")
    return f"{re.sub('[ -]', '_', word)}{mark}{rest}"


def _share(text: str) -> float:
    return int.from_bytes(blake2b(text.encode(), digest_size=6).digest(), "big") / 2**48

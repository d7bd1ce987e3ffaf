"""Both ways between what was said and what is written down: each personal value has one stand-in everywhere."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from adapter.domain.model import ModelRequest
from adapter.outbound.cassettes.personal_data import ESCAPE, FORMS, NUMBER, WORD, is_personal, stand_in

_MIN_DECLARED = 2
_MIN_PART = 3
_TRIES = 1000
_DECLARED = "declared"
_NO_NONCE = "-nonce>"
_PASSED_OVER = rf"{ESCAPE}|{NUMBER}|{WORD}"


class Redaction:
    """Of one request and its reply. Names of fields and closed lists of values are the contract's, and stay."""

    def __init__(self, request: ModelRequest, patterns: Sequence[str] = ()) -> None:
        """Patterns are regular expressions of what is personal beside the declared texts and the known forms."""
        self._nonce = f"-{request.nonce}>" if request.nonce else ""
        self._patterns = patterns
        self._asked = "\n".join(turn.content for turn in request.turns)
        self._public = frozenset(_public_texts(request.schema))
        self._declared = tuple(_with_parts(request.personal))
        self._stand_ins: dict[str, str] = {}
        self._taken: set[str] = set()

    def hide(self, text: str) -> str:
        """Return a text as it is written down."""
        if self._nonce:
            text = text.replace(self._nonce, _NO_NONCE)
        literals = {
            variant: (original, number)
            for original in (*self._declared, *self._stand_ins)
            for number, variant in enumerate(_variants(original))
        }
        own = "|".join(f"(?:{pattern})" for pattern in self._patterns)
        parts = [_alternatives(_DECLARED, literals), f"(?P<own>{own})" if own else "", FORMS]

        def hidden(match: re.Match[str]) -> str:
            found = match[0]
            form = match.lastgroup
            if form is None or not found:
                return found
            if form == _DECLARED:
                original, number = literals[found]
                return _variants(self._stand_in(form, original))[number]
            return self._stand_in(form, found) if is_personal(form, found) else found

        return re.sub("|".join(part for part in parts if part), hidden, text, flags=re.DOTALL)

    def show(self, text: str) -> str:
        """Return what is written down as it was said: with the values of this request."""
        if self._nonce:
            text = text.replace(_NO_NONCE, self._nonce)
        said: dict[str, str] = {}
        for original, written in self._stand_ins.items():
            for before, after in zip(_variants(written), _variants(original), strict=True):
                said.setdefault(before, after)
        if not said:
            return text
        pattern = f"{_alternatives('written', said)}|{_PASSED_OVER}"
        return re.sub(pattern, lambda match: said.get(match[0], match[0]), text, flags=re.DOTALL)

    def _stand_in(self, form: str, original: str) -> str:
        known = self._stand_ins.get(original)
        if known is None:
            known = original if self._is_public(form, original) else self._fresh(form, original)
            self._stand_ins[original] = known
            self._taken.add(known)
        return known

    def _is_public(self, form: str, original: str) -> bool:
        """True for what the contract itself says: a name of a field, or what is in a closed list."""
        if form == _DECLARED:
            return original in self._public
        return any(original in text for text in self._public)

    def _fresh(self, form: str, original: str) -> str:
        """Find one that nobody has said. One that was read back from a recording stands for itself."""
        first = len(self._stand_ins) + 1
        for ordinal in range(first, first + _TRIES):
            written = stand_in(form, original, ordinal)
            if written not in self._taken and (written == original or written not in self._asked):
                return written
        return f"{stand_in(form, original, first)}{first}"


def _with_parts(texts: Iterable[str]) -> Iterator[str]:
    """Declared texts and their words: a reply may say only the last name."""
    for text in texts:
        for line in text.splitlines():
            whole = line.strip()
            if len(whole) >= _MIN_DECLARED:
                yield whole
            yield from (part for part in re.findall(WORD, whole) if len(part) >= _MIN_PART)


def _variants(text: str) -> tuple[str, ...]:
    """A text, and as it may stand in JSON."""
    plain, ascii_only = json.dumps(text, ensure_ascii=False)[1:-1], json.dumps(text)[1:-1]
    return text, plain, ascii_only, plain.replace("/", "\\/")


def _alternatives(group: str, literals: Mapping[str, object]) -> str:
    """Match any of the texts where it is not the start of a longer word; the longest first."""
    if not literals:
        return ""
    ordered = sorted(literals, key=len, reverse=True)
    return f"(?P<{group}>{'|'.join(map(re.escape, ordered))})" + r"(?!\w)"


def _public_texts(schema: Any) -> Iterator[str]:
    """Names of properties, the texts of enum and const, and the words of all of these."""
    for text in _told_texts(schema):
        yield text
        yield from re.findall(WORD, text)


def _told_texts(schema: Any) -> Iterator[str]:
    if isinstance(schema, list):
        for item in schema:
            yield from _told_texts(item)
    if not isinstance(schema, Mapping):
        return
    for keyword, value in schema.items():
        if keyword == "properties" and isinstance(value, Mapping):
            yield from value
        if keyword in {"enum", "const"}:
            yield from (one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str))
        else:
            yield from _told_texts(value)

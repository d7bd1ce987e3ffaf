"""Finds the JSON in a reply: complete top-level values, in linear time; thoughts, fences and prose are passed over."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_SEARCHED_CHARS = 1_048_576
"""A reply longer than this that is not JSON from end to end is not searched."""

_THOUGHTS = re.compile(r"\s*<(think|thinking|reasoning)>", re.IGNORECASE)
_END_OF_THOUGHTS = re.compile(r"</(?:think|thinking|reasoning)>", re.IGNORECASE)
# possessive, and an open string ends with the text: linear on anything
_TOKENS = re.compile(r'[\[\]{}]|"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_OBJECT_START = re.compile(r"""\{\s*(?:["'}]|[A-Za-z_]\w*\s*:)""")
_LIST_START = re.compile(r"""\[\s*(?:[\["'{\]]|-?[0-9]|true|false|null)""")
_CLOSING = {"{": "}", "[": "]"}


@dataclass(frozen=True, slots=True)
class Located:
    """Texts that look like complete JSON values, in order; is_cut_off = the last one begins and does not end."""

    texts: tuple[str, ...]
    is_cut_off: bool = False


def locate(text: str, *, lists: bool = False) -> Located:
    """Collect complete top-level JSON objects, and lists if asked for. What is inside of one is not searched."""
    text = without_thoughts(text.removeprefix("\ufeff"))
    found: list[str] = []
    start = _next_start(text, 0)
    while start is not None:
        end = _end_of_value(text, start)
        if end is None:
            return Located(tuple(found), is_cut_off=True)
        if text[start] == "{" or lists:
            found.append(text[start:end])
        start = _next_start(text, end)
    return Located(tuple(found))


def without_thoughts(text: str) -> str:
    """Cut off what a reasoning model thought aloud before its answer, also where its template wrote the opening tag."""
    opening = _THOUGHTS.match(text)
    starts_as_json = text.lstrip()[:1] in {"{", "[", "`"}
    if opening is None and starts_as_json:
        return text
    ending = _END_OF_THOUGHTS.search(text, opening.end() if opening else 0)
    if ending is not None:
        return text[ending.end() :]
    return "" if opening else text


def _next_start(text: str, position: int) -> int | None:
    """Position of the next bracket that begins something like JSON; one that only stands in prose is passed over."""
    for start in _brackets(text, position):
        pattern = _OBJECT_START if text[start] == "{" else _LIST_START
        if pattern.match(text, start):
            return start
    return None


def _brackets(text: str, position: int) -> Iterator[int]:
    yield from (match.start() for match in re.compile(r"[\[{]").finditer(text, position))


def _end_of_value(text: str, start: int) -> int | None:
    """Position after the bracket that closes the one at start; None = the text ends before."""
    open_brackets: list[str] = []
    for match in _TOKENS.finditer(text, start):
        token = match[0]
        if token in _CLOSING:
            open_brackets.append(_CLOSING[token])
        elif token in {"}", "]"}:
            open_brackets.pop()
            if not open_brackets:
                return match.end()
    return None

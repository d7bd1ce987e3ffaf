"""JSON as it really is: exact decimals and integers, keys in order; no NaN, no duplicate keys."""

import json
import re
from decimal import Decimal
from typing import Any

import orjson

# The largest nesting that is read. Deeper documents are an attack or an accident.
MAX_DEPTH = 128
_ORJSON_BITS = 63
_MAX_DIGITS = 400
_MAX_EXPONENT_DIGITS = 9
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
# possessive, and an open string ends with the text: linear on anything
_BRACKETS = re.compile(r'[\[\]{}]|"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)


class JsonError(ValueError):
    """The text is not one JSON document: the message says what is wrong and where."""


def loads(text: str | bytes) -> Any:
    """Parse one JSON document exactly; numbers with a point or exponent become Decimal. Raises JsonError."""
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8")
        except UnicodeDecodeError as exc:
            msg = f"not UTF-8 at byte {exc.start}"
            raise JsonError(msg) from exc
    if text.count("[") + text.count("{") > MAX_DEPTH:
        _refuse_deep(text)
    try:
        document = _DECODER.decode(text)
    except RecursionError as exc:
        msg = f"nested deeper than {MAX_DEPTH} levels"
        raise JsonError(msg) from exc
    except json.JSONDecodeError as exc:
        msg = f"{exc.msg} at line {exc.lineno} column {exc.colno}"
        raise JsonError(msg) from exc
    if _SURROGATE_ESCAPE.search(text):
        _refuse_lone_surrogates(document)
    return document


def dumps(document: Any) -> bytes:
    """Write a document compactly as UTF-8; Decimal becomes a JSON number with its exact digits."""
    try:
        return orjson.dumps(document, default=_encode)
    except orjson.JSONEncodeError as exc:
        if "64-bit" not in str(exc):
            raise
        return orjson.dumps(_wrap_large_integers(document), default=_encode)


def dumps_indented(document: Any) -> str:
    """Write a document as text for people, two spaces a level."""
    return orjson.dumps(_wrap_large_integers(document), default=_encode, option=orjson.OPT_INDENT_2).decode()


def dumps_text(document: Any) -> str:
    """Write a document compactly as text."""
    return dumps(document).decode()


def _encode(value: object) -> orjson.Fragment:
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value))
    msg = f"{type(value).__name__} is not a JSON value"
    raise TypeError(msg)


def _wrap_large_integers(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _wrap_large_integers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_wrap_large_integers(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > _ORJSON_BITS:
        return orjson.Fragment(str(value))
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        duplicate = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]  # set.add is used for its effect
        msg = f"the key {duplicate[:80]!r} appears twice in one object"
        raise JsonError(msg)
    return result


def _refuse_constant(name: str) -> Any:
    msg = f"{name} is not a JSON number"
    raise JsonError(msg)


def _refuse_deep(text: str) -> None:
    depth = 0
    for match in _BRACKETS.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(match[0], 0)
        if depth > MAX_DEPTH:
            msg = f"nested deeper than {MAX_DEPTH} levels"
            raise JsonError(msg)


def _refuse_lone_surrogates(document: Any) -> None:
    # one half of a pair is no character: it could be stored and sent by nobody after us
    try:
        dumps(document)
    except (orjson.JSONEncodeError, UnicodeEncodeError) as exc:
        msg = "a string holds half of a surrogate pair"
        raise JsonError(msg) from exc


def _integer(text: str) -> int:
    # int() is quadratic; no record has a number this long
    if len(text) > _MAX_DIGITS:
        msg = f"an integer has more than {_MAX_DIGITS} digits"
        raise JsonError(msg)
    return int(text)


def _decimal(text: str) -> Decimal:
    # 1e999999999 is a few bytes here, and a gigabyte to whoever writes it out; beyond 18 digits Decimal itself refuses
    exponent = text.lower().partition("e")[2].lstrip("+-0")
    number = Decimal(text if len(exponent) <= _MAX_EXPONENT_DIGITS else "Infinity")
    if len(text) > _MAX_DIGITS or not number.is_finite() or not -_MAX_DIGITS <= number.adjusted() <= _MAX_DIGITS:
        msg = f"a number has more than {_MAX_DIGITS} digits"
        raise JsonError(msg)
    return number


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_decimal, parse_int=_integer, parse_constant=_refuse_constant
)

"""JSON as it really is: exact decimals and integers, keys in order; no NaN, no duplicate keys."""

import json
from decimal import Decimal
from typing import Any

import orjson

# The largest nesting that is read. Deeper documents are an attack or an accident.
MAX_DEPTH = 128
_ORJSON_BITS = 63


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
    try:
        return _DECODER.decode(text)
    except RecursionError as exc:
        msg = f"nested deeper than {MAX_DEPTH} levels"
        raise JsonError(msg) from exc
    except json.JSONDecodeError as exc:
        msg = f"{exc.msg} at line {exc.lineno} column {exc.colno}"
        raise JsonError(msg) from exc


def dumps(document: Any) -> bytes:
    """Write a document compactly as UTF-8; Decimal becomes a JSON number with its exact digits."""
    try:
        return orjson.dumps(document, default=_encode)
    except orjson.JSONEncodeError as exc:
        if "64-bit" not in str(exc):
            raise
        return orjson.dumps(_wrap_large_integers(document), default=_encode)


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


def _integer(text: str) -> int:
    if len(text) > 400:  # noqa: PLR2004 - int() is quadratic; no record has a number this long
        msg = "an integer has more than 400 digits"
        raise JsonError(msg)
    return int(text)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=Decimal, parse_int=_integer, parse_constant=_refuse_constant
)

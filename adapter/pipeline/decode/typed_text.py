"""Text to the value that the contract says it is. What does not fit stays text, so that the contract refuses it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from adapter.tasks.dates import DatePattern
from adapter.tasks.shape import Shape

_INTEGER = re.compile(r"[+-]?[0-9]{1,400}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,400}(?:\.[0-9]{0,400})?|\.[0-9]{1,400})(?:[eE][+-]?[0-9]{1,3})?")
_CODE = re.compile(r"[+-]?0[0-9]")
_ZONED_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:Z|[+-][0-9]{2}:[0-9]{2})")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_MAX_NUMBER = 1000


class Absent:
    """Type of ABSENT: an empty place, which is no value."""


ABSENT: Final = Absent()


@dataclass(frozen=True, slots=True)
class Notation:
    """How a format writes numbers and dates. date "" = ISO 8601."""

    decimal: str = "."
    thousands: str = ""
    date: str = ""
    trailing_sign: bool = False
    """12.50- is a number, as hosts write it."""


XML_NOTATION = Notation()


def typed(text: str, shape: Shape, notation: Notation) -> Any:
    """Value of a text at a place of the contract: text, int, Decimal or bool; ABSENT when it is blank.

    Free text keeps its outer blanks: whether they mean something is known where it was read.
    """
    plain = text.strip()
    if not plain:
        return ABSENT
    kinds = shape.kinds
    if not kinds or (shape.is_text and not shape.format):
        return text
    number = _number(plain, kinds, notation)
    if number is not None:
        return number
    if "boolean" in kinds and plain.lower() in _BOOLEANS:
        return _BOOLEANS[plain.lower()]
    return _text(plain, shape, notation)


def _text(plain: str, shape: Shape, notation: Notation) -> str:
    if shape.format != "date":
        return plain
    if notation.date:
        return DatePattern.of(notation.date).iso(plain) or plain
    zoned = _ZONED_DATE.fullmatch(plain)
    return zoned[1] if zoned else plain


def _number(plain: str, kinds: frozenset[str], notation: Notation) -> int | Decimal | None:
    if not kinds & {"integer", "number"} or len(plain) > _MAX_NUMBER:
        return None
    if "string" in kinds and _CODE.match(plain):
        return None  # 007 is a code where text is allowed too
    if "boolean" in kinds and plain in _BOOLEANS and "integer" not in kinds:
        return None
    return number_in(plain, notation, whole="number" not in kinds)


def number_in(plain: str, notation: Notation, *, whole: bool = False) -> int | Decimal | None:
    """Number written in a notation, None if it is none; whole: integers only."""
    if notation.trailing_sign and plain[-1:] in "+-" and plain[:1] not in {"+", "-"}:
        plain = plain[-1] + plain[:-1].rstrip()
    if notation.thousands:
        grouped = re.escape(notation.thousands)
        if re.fullmatch(rf"[+-]?[0-9]{{1,3}}(?:{grouped}[0-9]{{3}})+(?:{re.escape(notation.decimal)}[0-9]*)?", plain):
            plain = plain.replace(notation.thousands, "")
    if notation.decimal != ".":
        if "." in plain:
            return None
        plain = plain.replace(notation.decimal, ".")
    if _INTEGER.fullmatch(plain):
        return int(plain)
    return Decimal(plain) if not whole and _NUMBER.fullmatch(plain) else None


def complete(record: dict[str, Any], shape: Shape) -> dict[str, Any]:
    """Say what formats without null and [] cannot: a required list is empty, a required nullable field null."""
    for name in _missing(record, shape):
        place = shape.field(name)
        if place.is_list:
            record[name] = []
        elif place.nullable:
            record[name] = None
    return record


def _missing(record: Mapping[str, Any], shape: Shape) -> Iterator[str]:
    return (name for name in shape.names if name in shape.required and name not in record)

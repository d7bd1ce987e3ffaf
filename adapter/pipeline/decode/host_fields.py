"""One field of a host record: trimmed text, numbers with implied decimals and overpunched signs, dates."""

import re
from decimal import Decimal
from functools import lru_cache
from typing import Any

from adapter.pipeline.decode.typed_text import ABSENT, Notation, number_in
from adapter.tasks.charsets import is_ebcdic
from adapter.tasks.dates import DatePattern
from adapter.tasks.layout import FieldLayout

# Spaces, low values and the end-of-file mark of DOS: what hosts fill empty columns with.
_FILL = " \0\x1a\t\xa0"
_DIGITS = re.compile(r"[0-9]{1,400}")
_POSITIVE_ASCII = "{ABCDEFGHI"
_NEGATIVE_ASCII = "}JKLMNOPQR"
_NEGATIVE_MICRO_FOCUS = "pqrstuvwxy"


def field_value(line: str, field: FieldLayout, codec: str, notation: Notation) -> Any:
    """Value of a field: text, int, Decimal, ISO date; ABSENT when blank. A number or date that is none stays text."""
    text = field.cut(line)
    plain = text.strip(_FILL)
    if not plain:
        return ABSENT
    if field.type == "text":
        return field.values[plain] if plain in field.values else _trimmed(text, field)
    if field.type == "date":
        return ABSENT if not plain.strip("0./-") else DatePattern.of(field.date).iso(plain) or plain
    number = _number(plain, field, codec, notation)
    return plain if number is None else number


def _trimmed(text: str, field: FieldLayout) -> str:
    text = text.replace("\0", " ").removesuffix("\x1a")
    if field.trim == "both":
        return text.strip(_FILL)
    return text.rstrip(_FILL) if field.trim == "right" else text


def _number(plain: str, field: FieldLayout, codec: str, notation: Notation) -> int | Decimal | None:
    sign, digits = _signed(plain, field, codec)
    if field.scale and _DIGITS.fullmatch(digits):
        digits = digits.zfill(field.scale + 1)  # not scaleb: it rounds to the context's 28 digits
        return Decimal(f"{sign}{digits[: -field.scale]}.{digits[-field.scale :]}")
    if digits[:1] in {"+", "-"}:
        return None
    return number_in(f"{sign}{digits}", Notation(notation.decimal, notation.thousands), whole=field.type == "integer")


def _signed(plain: str, field: FieldLayout, codec: str) -> tuple[str, str]:
    """Sign and digits; text whose sign is not where the layout says keeps it and so becomes no number."""
    if field.sign == "leading" and plain[0] in "+-":
        return plain[0], plain[1:].strip()
    if field.sign == "trailing" and plain[-1] in "+-":
        return plain[-1], plain[:-1].strip()
    if field.sign == "overpunch":
        sign, digit = _overpunches(codec).get(plain[-1], ("", plain[-1]))
        return sign, plain[:-1] + digit
    return "", plain


@lru_cache(maxsize=64)
def _overpunches(codec: str) -> dict[str, tuple[str, str]]:
    """Last characters that carry a sign. A host's bytes C0-C9 and D0-D9 read differently in each national code page."""
    if is_ebcdic(codec):
        positive = bytes(range(0xC0, 0xCA)).decode(codec)
        negative = [bytes(range(0xD0, 0xDA)).decode(codec)]
    else:
        positive, negative = _POSITIVE_ASCII, [_NEGATIVE_ASCII, _NEGATIVE_MICRO_FOCUS]
    found = {letter: ("+", str(digit)) for digit, letter in enumerate(positive)}
    found |= {letter: ("-", str(digit)) for letters in negative for digit, letter in enumerate(letters)}
    return found

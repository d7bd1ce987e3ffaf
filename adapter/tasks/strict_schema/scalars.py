"""Strict schemas of strings, integers, decimals and enums."""

import math
from decimal import Decimal
from typing import Any

from adapter.tasks.json_schema.compiled import is_linear
from adapter.tasks.json_schema.source import Schema
from adapter.tasks.json_schema.view import View
from adapter.tasks.strict_schema.hints import one_of
from adapter.tasks.strict_schema.notes import Notes
from adapter.tasks.strict_schema.profile import SchemaProfile
from adapter.tasks.strict_schema.shapes import SAME, Coded, DecimalText, Shape, WholeNumber, code_of

LONG_ENUM = 250
LENGTHS = ("minLength", "maxLength")
_STRING_RULES = (*LENGTHS, "pattern", "format")
_NUMBER_RULES = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf")
_ENCODINGS = ("contentEncoding", "contentMediaType")


def string(view: View, profile: SchemaProfile, notes: Notes) -> tuple[Schema, Shape]:
    """A string with those rules that the profile takes."""
    schema: Schema = {"type": "string"}
    for keyword in _STRING_RULES:
        value = view.take(keyword)
        if value is None:
            continue
        if _is_taken(keyword, value, profile):
            schema[keyword] = int(value) if keyword in LENGTHS else value
        else:
            notes.drop(view, keyword)
    for keyword in _ENCODINGS:
        if keyword in view.keywords:
            notes.drop(view, keyword)
    return schema, SAME


def _is_taken(keyword: str, value: Any, profile: SchemaProfile) -> bool:
    if not profile.takes(keyword, value):
        return False
    if keyword == "format":
        return value in profile.formats
    return keyword != "pattern" or is_linear(value)


def integer(view: View, profile: SchemaProfile, notes: Notes) -> tuple[Schema, Shape]:
    """An integer, its bounds made whole."""
    schema: Schema = {"type": "integer"}
    for keyword in _NUMBER_RULES:
        value = view.take(keyword)
        if value is None:
            continue
        whole = _whole_bound(keyword, value)
        if keyword in profile.keywords and whole is not None:
            schema[keyword] = whole
        elif whole != 1 or keyword != "multipleOf":
            notes.drop(view, keyword)
    return schema, WholeNumber()


def _whole_bound(keyword: str, value: Any) -> int | None:
    exact = Decimal(str(value))
    if exact == exact.to_integral_value():
        return int(exact)
    if keyword in {"minimum", "exclusiveMaximum"}:
        return math.ceil(exact)
    return math.floor(exact) if keyword in {"maximum", "exclusiveMinimum"} else None


def decimal(view: View, profile: SchemaProfile, notes: Notes) -> tuple[Schema, Shape]:
    """A decimal as text with its exact digits; sign, decimal places and size go into the pattern where they can."""
    minimum, maximum = _exact(view, "minimum", "exclusiveMinimum"), _exact(view, "maximum", "exclusiveMaximum")
    step = view.take("multipleOf")
    places = _places_of(step)
    unsigned = minimum is not None and minimum >= 0
    pattern = f"^{'' if unsigned else '-?'}[0-9]{_digits(minimum, maximum)}{_fraction(places)}$"
    for keyword in _NUMBER_RULES:
        value = view.take(keyword)
        in_pattern = (keyword == "minimum" and value == 0) or (keyword == "multipleOf" and places is not None)
        if value is not None and not (in_pattern and "pattern" in profile.keywords):
            notes.drop(view, keyword)
    schema: Schema = {"type": "string"}
    if "pattern" in profile.keywords:
        schema["pattern"] = pattern
    else:
        notes.say(view, "A decimal number as text, like 12.50.")
    return schema, DecimalText(places)


def _exact(view: View, *keywords: str) -> Decimal | None:
    values = [Decimal(str(view.take(keyword))) for keyword in keywords if view.take(keyword) is not None]
    return values[0] if values else None


def _digits(minimum: Decimal | None, maximum: Decimal | None) -> str:
    """Bound the digits before the point where both ends are known: it ends numbers that a weak model would not."""
    if minimum is None or maximum is None:
        return "+"
    return f"{{1,{len(str(int(max(abs(minimum), abs(maximum)))))}}}"


def _places_of(step: Any) -> int | None:
    """Decimal places that a multipleOf of 1, 0.1, 0.01 … asks for; None for any other."""
    if step is None:
        return None
    exact = Decimal(str(step)).normalize()
    exponent = exact.as_tuple().exponent
    return (
        -exponent if exact == Decimal(1).scaleb(int(exponent)) and isinstance(exponent, int) and exponent <= 0 else None
    )


def _fraction(places: int | None) -> str:
    if places == 0:
        return r"(\.0+)?"
    return r"(\.[0-9]+)?" if places is None else rf"(\.[0-9]{{1,{places}}})?"


def raw_number(view: View, profile: SchemaProfile, notes: Notes) -> tuple[Schema, Shape]:
    """A number as a JSON number, beside a string that its text could be taken for. Replies are read exactly."""
    schema: Schema = {"type": "number"}
    if view.enum is not None:
        schema["enum"] = [_json_number(value) for value in view.enum]
        return schema, SAME
    for keyword in _NUMBER_RULES:
        value = view.take(keyword)
        if value is None:
            continue
        if keyword in profile.keywords and is_json_number(value):
            schema[keyword] = _json_number(value)
        else:
            notes.drop(view, keyword)
    return schema, SAME


def is_json_number(value: Any) -> bool:
    """Say whether a number survives being written as JSON by any client: as an integer, or as a float."""
    exact = Decimal(str(value))
    return exact == exact.to_integral_value() or Decimal(repr(float(exact))) == exact


def _json_number(value: Any) -> int | float:
    exact = Decimal(str(value))
    return int(exact) if exact == exact.to_integral_value() else float(exact)


def constant(view: View, type_name: str, profile: SchemaProfile, notes: Notes) -> tuple[Schema, Shape]:
    """An enum or a constant; numbers with a fraction, objects and lists travel as text."""
    values = view.enum or []
    shape: Shape = SAME
    if type_name in {"number", "object", "array"}:
        shape, values, type_name = Coded(values), [code_of(value) for value in values], "string"
    if type_name == "null":
        return {"type": "null"}, SAME
    if type_name == "integer":
        shape, values = WholeNumber(), [int(value) for value in values]
    if _is_too_long(values, profile):
        notes.drop(view, "enum", one_of(values), view.enum)
        return {"type": type_name}, shape
    is_constant = len(values) == 1 and profile.takes_const
    return {"type": type_name, "const": values[0]} if is_constant else {"type": type_name, "enum": values}, shape


def _is_too_long(values: list[Any], profile: SchemaProfile) -> bool:
    if len(values) > profile.max_enum_values:
        return True
    return len(values) > LONG_ENUM and sum(len(str(value)) for value in values) > profile.max_long_enum_chars


def key_pattern(pattern: str, profile: SchemaProfile) -> bool:
    """Say whether the pattern of a map's keys can be told to the decoder."""
    return "pattern" in profile.keywords and is_linear(pattern)

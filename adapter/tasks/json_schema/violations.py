"""What a validator found, in our words: where, which rule, what it asks for; never the offending value."""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import jsonschema_rs

from adapter.domain import exact_json
from adapter.errors import Violation
from adapter.tasks.json_schema.pointer import child, join

MAX_VIOLATIONS = 1000
"""More are not listed: nobody reads them, and a list of a million wrong items must not hold the loop."""

_MAX_ALLOWED_SHOWN = 30
_MAX_NAME = 80
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f]")

_WITH_LIMIT = {
    "minLength": "must have at least {} characters",
    "maxLength": "must have at most {} characters",
    "minItems": "must have at least {} items",
    "maxItems": "must have at most {} items",
    "minProperties": "must have at least {} properties",
    "maxProperties": "must have at most {} properties",
}
_PLAIN = {
    "uniqueItems": "must not hold the same item twice",
    "contains": "must hold the items that `contains` asks for",
    "not": "must not match what `not` excludes",
    "falseSchema": "must not be there",
    "propertyNames": "has a key that `propertyNames` does not allow",
    "additionalItems": "has more items than are declared",
    "unevaluatedItems": "has more items than are declared",
}


def violations_of(errors: Iterable[jsonschema_rs.ValidationError]) -> tuple[Violation, ...]:
    """Translate what jsonschema-rs found, at most MAX_VIOLATIONS, in the order of the schema."""
    translated = (violation for error in errors for violation in _translate(error))
    return tuple(dict.fromkeys(islice(translated, MAX_VIOLATIONS)))


def _translate(error: jsonschema_rs.ValidationError) -> Iterator[Violation]:
    kind, rule = error.kind, error.kind.name
    pointer = join(printable(step) for step in error.instance_path)
    if rule == "required":
        yield Violation(child(pointer, printable(getattr(kind, "property", ""))), rule, "is missing")
    elif rule in {"additionalProperties", "unevaluatedProperties"}:
        for name in getattr(kind, "unexpected", ()):
            yield Violation(child(pointer, printable(name)), rule, "is not a declared property; leave it out")
    elif rule in {"anyOf", "oneOf"}:
        yield from _of_union(error, pointer)
    else:
        yield Violation(pointer, rule, _message(rule, kind))


def _of_union(error: jsonschema_rs.ValidationError, pointer: str) -> Iterator[Violation]:
    """Report the one branch that was meant, if that is clear; else that none fits."""
    branches = list(getattr(error.kind, "context", ()))
    if error.kind.name == "oneOf" and not any(branches):
        yield Violation(pointer, "oneOf", "fits several alternatives; exactly one must fit")
        return
    depth = len(error.instance_path)
    meant = [branch for branch in branches if branch and not any(_excludes(one, depth) for one in branch)]
    if len(meant) == 1:
        for inner in meant[0]:
            yield from _translate(inner)
        return
    wanted = list(dict.fromkeys(text for branch in branches for text in _wanted(branch, depth)))
    message = f"must fit one of the alternatives: {'; '.join(wanted)}" if wanted else "must fit one of the alternatives"
    yield Violation(pointer, error.kind.name, message[:600])


def _excludes(error: jsonschema_rs.ValidationError, depth: int) -> bool:
    """Say whether a branch was not meant: wrong type at the place itself, or wrong constant in one of its keys."""
    below = len(error.instance_path) - depth
    rule = error.kind.name
    return (below == 0 and rule in {"type", "enum", "const"}) or (below == 1 and rule == "const")


def _wanted(branch: Iterable[jsonschema_rs.ValidationError], depth: int) -> Iterator[str]:
    for error in branch:
        if _excludes(error, depth):
            place = join(printable(step) for step in error.instance_path[depth:])
            yield f"{place} {_message(error.kind.name, error.kind)}".strip()


def _message(rule: str, kind: jsonschema_rs.ValidationErrorKind) -> str:
    if isinstance(kind, jsonschema_rs.ValidationErrorKind.Custom):
        # a rule of exact_numbers: its message is ours
        return kind.message
    if rule in _WITH_LIMIT:
        return _WITH_LIMIT[rule].format(_json(getattr(kind, "limit", None)))
    if rule in _PLAIN:
        return _PLAIN[rule]
    render = _WITH_DETAIL.get(rule)
    return render(kind) if render else f"must satisfy `{rule}`"


def allowed(values: Iterable[Any]) -> str:
    """Write allowed values as JSON, the first thirty."""
    texts = [_json(value) for value in values]
    more = len(texts) - _MAX_ALLOWED_SHOWN
    shown = ", ".join(texts[:_MAX_ALLOWED_SHOWN])
    return f"{shown} and {more} more" if more > 0 else shown


def printable(step: str | int) -> str | int:
    """Make a key that may come from anywhere fit to be shown: short, and without control or bidi characters."""
    if isinstance(step, int):
        return step
    cleaned = _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", step)
    return cleaned if len(cleaned) <= _MAX_NAME else f"{cleaned[:_MAX_NAME]}…"


def _json(value: Any) -> str:
    return exact_json.dumps_text(value)


_WITH_DETAIL: dict[str, Callable[[Any], str]] = {
    "type": lambda kind: f"must be of type {' or '.join(sorted(kind.types))}",
    "enum": lambda kind: f"must be one of {allowed(kind.options)}",
    "const": lambda kind: f"must be {_json(kind.expected_value)}",
    "pattern": lambda kind: f"must match the pattern {kind.pattern}",
    "format": lambda kind: f"must be a valid {kind.format}",
}

"""The filters and tests of prompt templates. All of them keep free text free text, and charge for what they walk."""

import itertools
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from jinja2 import Undefined, pass_context, pass_environment
from jinja2.environment import Environment
from jinja2.exceptions import TemplateRuntimeError
from jinja2.runtime import Context

from adapter.tasks.template_values import (
    NOT_GIVEN,
    FreeText,
    NotGiven,
    Rendering,
    TemplateList,
    TemplateObject,
    plain_text,
)

MAX_TEXT = 16 * 1024 * 1024
# Where a template's context keeps its Rendering: no name that a template could write.
RENDERING = "rendering of this prompt"


def shown(value: Any) -> Any:
    """What `{{ value }}` prints."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return str(NOT_GIVEN)
    if isinstance(value, (list, tuple, dict, set)):
        raise TemplateRuntimeError("a list cannot be printed: loop over it, or use the filter join")
    return value


@pass_context
def counted(context: Context, values: Iterable[Any]) -> Iterable[Any]:
    """Walk what a `for` walks, each step charged."""
    rendering = _rendering(context)
    for value in values:
        rendering.charge(1)
        yield value


@pass_context
def concatenated(context: Context, parts: Iterable[Any]) -> str | FreeText:
    """Join what stands around `~`."""
    return _joined(_rendering(context), "", parts)


@pass_context
def join(context: Context, values: Iterable[Any], separator: Any = "", attribute: str | None = None) -> str | FreeText:
    """Join the items of a list, or one attribute of each."""
    if attribute is not None:
        values = [context.environment.getitem(value, attribute) for value in values]
    return _joined(_rendering(context), separator, values)


def default(value: Any, instead: Any = "", boolean: bool = False) -> Any:  # noqa: FBT001, FBT002 - the signature Jinja's authors know
    """Return another value where there is none."""
    missing = isinstance(value, (Undefined, NotGiven)) or value is None
    return instead if missing or (boolean and not value) else value


def length(value: Any) -> int:
    """Items of a list, characters of a text."""
    return len(value)


@pass_environment
def first(environment: Environment, values: Iterable[Any]) -> Any:
    """Return the first item."""
    return next(iter(values), environment.undefined("the list is empty, so it has no first item"))


@pass_environment
def last(environment: Environment, values: Iterable[Any]) -> Any:
    """Return the last item."""
    found = list(values)
    return found[-1] if found else environment.undefined("the list is empty, so it has no last item")


@pass_context
def listed(context: Context, values: Iterable[Any]) -> TemplateList:
    """Return the items as a list."""
    return _list(context, values)


@pass_context
def reverse(context: Context, values: Iterable[Any]) -> TemplateList:
    """Return the items from the last to the first."""
    return _list(context, reversed(list(values)))


@pass_context
def unique(context: Context, values: Iterable[Any]) -> TemplateList:
    """Return each item once."""
    return _list(context, dict.fromkeys(values))


@pass_context
def sort(context: Context, values: Iterable[Any], attribute: str | None = None, reverse: bool = False) -> TemplateList:  # noqa: FBT001, FBT002 - the signature Jinja's authors know
    """Sort items, or by an attribute of them."""
    return _list(context, sorted(values, key=_attribute_of(context, attribute), reverse=reverse))


@pass_context
def mapped(context: Context, values: Iterable[Any], attribute: str) -> TemplateList:
    """Return one attribute of each item."""
    return _list(context, map(_attribute_of(context, attribute), values))


@pass_context
def selectattr(context: Context, values: Iterable[Any], attribute: str, *test: Any) -> TemplateList:
    """Items whose attribute is true, or passes a test."""
    return _list(context, filter(_passes(context, attribute, test), values))


@pass_context
def rejectattr(context: Context, values: Iterable[Any], attribute: str, *test: Any) -> TemplateList:
    """Items whose attribute is false, or fails a test."""
    return _list(context, itertools.filterfalse(_passes(context, attribute, test), values))


@pass_context
def total(context: Context, values: Iterable[Any], attribute: str | None = None) -> Any:
    """Sum of numbers; exact for decimals."""
    numbers = [value for value in map(_attribute_of(context, attribute), values) if value is not NOT_GIVEN]
    if not all(isinstance(number, (int, Decimal)) for number in numbers):
        raise TemplateRuntimeError("sum takes numbers only")
    return sum(numbers)


def upper(value: Any) -> str | FreeText:
    """Return the text in capitals."""
    return _with_text(value, plain_text(value).upper())


def lower(value: Any) -> str | FreeText:
    """Return the text in small letters."""
    return _with_text(value, plain_text(value).lower())


def trim(value: Any) -> str | FreeText:
    """Return the text without blanks at its ends."""
    return _with_text(value, plain_text(value).strip())


def truncate(value: Any, characters: int = 255, end: str = "...") -> str | FreeText:
    """Shorten the text to a number of characters, and say so with `end`."""
    text = plain_text(value)
    if len(text) <= characters:
        return _with_text(value, text)
    return _with_text(value, text[: max(0, characters - len(end))] + end)


def rounded(value: Any, digits: int = 0) -> Any:
    """Round a number half to even, to at most 12 digits after the point."""
    if not isinstance(value, (int, Decimal, float)):
        raise TemplateRuntimeError("round takes a number")
    return round(value, max(0, min(digits, 12)))


def _passes(context: Context, attribute: str, test: tuple[Any, ...]) -> Callable[[Any], bool]:
    value_of = _attribute_of(context, attribute)
    if not test:
        return lambda item: bool(value_of(item))
    name, *arguments = test
    return lambda item: bool(context.environment.call_test(str(name), value_of(item), arguments, context=context))


def _attribute_of(context: Context, attribute: str | None) -> Callable[[Any], Any]:
    if attribute is None:
        return lambda item: item
    return lambda item: context.environment.getitem(item, attribute)


def _joined(rendering: Rendering, separator: Any, values: Iterable[Any]) -> str | FreeText:
    parts: list[str] = []
    free = isinstance(separator, FreeText)
    for value in values:
        free = free or isinstance(value, FreeText)
        if isinstance(value, TemplateObject):
            raise TemplateRuntimeError("an object or list cannot be joined to a text: name a field of it")
        parts.append(value.text if isinstance(value, FreeText) else str(shown(value)))
    gap = plain_text(separator)
    size = sum(map(len, parts)) + len(gap) * len(parts)
    if size > MAX_TEXT:
        raise TemplateRuntimeError(f"a text has more than {MAX_TEXT} characters")
    rendering.charge(1 + size // 256)
    return FreeText(gap.join(parts), rendering) if free else gap.join(parts)


def _with_text(value: Any, text: str) -> str | FreeText:
    if not isinstance(value, FreeText):
        return text
    value.rendering.charge(1 + len(text) // 256)
    return FreeText(text, value.rendering)


def _list(context: Context, values: Iterable[Any]) -> TemplateList:
    return TemplateList(list(values), _rendering(context))


def _rendering(context: Context) -> Rendering:
    rendering: Rendering = context.parent[RENDERING]
    return rendering


FILTERS: Mapping[str, Callable[..., Any]] = {
    "counted by the adapter": counted,
    "concatenated by the adapter": concatenated,
    "count": length,
    "d": default,
    "default": default,
    "first": first,
    "join": join,
    "last": last,
    "length": length,
    "list": listed,
    "lower": lower,
    "map": mapped,
    "rejectattr": rejectattr,
    "reverse": reverse,
    "round": rounded,
    "selectattr": selectattr,
    "sort": sort,
    "sum": total,
    "trim": trim,
    "truncate": truncate,
    "unique": unique,
    "upper": upper,
}


def _is_missing(value: Any) -> bool:
    return isinstance(value, (Undefined, NotGiven)) or value is None


# Tests of Jinja that are kept, and those that know of absent fields and free text.
_COMPARISONS = {"eq", "equalto", "==", "ne", "!=", "lt", "<", "le", "<=", "gt", ">", "ge", ">=", "in"}
KEPT_TESTS = frozenset(_COMPARISONS | {"true", "false", "boolean", "integer", "number", "divisibleby", "even", "odd"})
TESTS: Mapping[str, Callable[..., Any]] = {
    "defined": lambda value: not _is_missing(value),
    "undefined": _is_missing,
    "none": lambda value: value is None or isinstance(value, NotGiven),
    "string": lambda value: isinstance(value, (str, FreeText)),
}

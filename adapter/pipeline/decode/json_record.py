"""JSON to the record: exact numbers, no duplicate keys, bounded nesting and size."""

import re
from typing import Any

from adapter.domain import exact_json
from adapter.errors import InputInvalid, PayloadUnreadable, Violation
from adapter.pipeline.decode.limits import MAX_VALUES
from adapter.pipeline.decode.mapping import Mapped

_ABSENT = object()


def json_record(text: str, select: str, mapped: Mapped, max_depth: int) -> Any:
    """Parse, take the selected value, rename what is mapped. Raises PayloadUnreadable, InputInvalid."""
    document = _parse(text, max_depth)
    selected = _at(document, select) if select else document
    if selected is _ABSENT:
        raise InputInvalid(
            f"Nothing in the payload is at {select}, where the task looks for the record.",
            violations=[Violation("", "select", f"{select} matches nothing")],
        )
    return _renamed(selected, mapped)


def _parse(text: str, max_depth: int) -> Any:
    if sum(map(text.count, ",[{:")) > MAX_VALUES:
        raise PayloadUnreadable(f"The JSON has more than {MAX_VALUES} values. Send a smaller record.")
    try:
        document = exact_json.loads(text)
    except exact_json.JsonError as exc:
        raise PayloadUnreadable(f"The payload is not JSON: {_without_content(exc)}.") from None
    if text.count("[") + text.count("{") > max_depth and _is_deeper(document, max_depth):
        raise PayloadUnreadable(f"The JSON is nested deeper than {max_depth} levels.")
    return document


def _without_content(error: exact_json.JsonError) -> str:
    """What is wrong, without a key of the payload: of all messages only that of a duplicate key quotes one."""
    message = str(error)
    return "a key appears twice in one object" if "appears twice" in message else message


def _is_deeper(document: Any, max_depth: int) -> bool:
    level = [document]
    for _ in range(max_depth + 1):
        level = [inner for value in level for inner in _inner(value)]
        if not level:
            return False
    return True


def _inner(value: Any) -> list[Any]:
    values = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [inner for inner in values if isinstance(inner, (dict, list))]


def _at(document: Any, pointer: str) -> Any:
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(document, dict) and name in document:
            document = document[name]
        elif isinstance(document, list) and re.fullmatch(r"0|[1-9][0-9]{0,8}", name) and int(name) < len(document):
            document = document[int(name)]
        else:
            return _ABSENT
    return document


def _renamed(value: Any, mapped: Mapped) -> Any:
    if not mapped.fields:
        return value
    if isinstance(value, list):
        return [_renamed(item, mapped) for item in value]
    if not isinstance(value, dict):
        return value
    result = dict(value)
    found: dict[str, Any] = {}
    for name, inner in mapped.fields.items():
        taken = _take(value, inner.source) if inner.source else _ABSENT
        if taken is not _ABSENT:
            result.pop(inner.source, None)
        elif name in value:
            taken = value[name]
        taken = _gathered(value, inner) if taken is _ABSENT else _renamed(taken, inner)
        if taken is not _ABSENT:
            found[name] = taken
    return {**result, **found}


def _gathered(around: dict[str, Any], mapped: Mapped) -> Any:
    """Make an object that the payload does not have, of values that are around it."""
    found: dict[str, Any] = {}
    for name, inner in mapped.fields.items():
        taken = _take(around, inner.source) if inner.source else _ABSENT
        found[name] = _gathered(around, inner) if taken is _ABSENT else _renamed(taken, inner)
    return {name: value for name, value in found.items() if value is not _ABSENT} or _ABSENT


def _take(value: dict[str, Any], source: str) -> Any:
    if source in value:
        return value[source]
    return _at(value, source if source.startswith("/") else f"/{source}") if "/" in source else _ABSENT

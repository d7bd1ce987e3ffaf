"""Replies that are wrong on purpose: in the document, or in the text around it."""

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

_NO_SUCH_VALUE = "NO_SUCH_VALUE"
_RUNAWAY_LINE = "0.00 item checked, see the next line for the following item; \n"


def tampered_document(word: str, document: Any, schema: Mapping[str, Any]) -> Any:
    """Break the document as the fault's word says; another word leaves it alone."""
    change = _CHANGES.get(word)
    if change is None or not isinstance(document, dict) or not document:
        return document
    document = copy.deepcopy(document)
    change(document, schema)
    return document


def tampered_text(word: str, text: str, other: Callable[[], str]) -> str:
    """Break the text as the fault's word says; `other` makes the text of another document."""
    write = _TEXTS.get(word)
    return text if write is None else write(text, other)


def _wrong_enum(document: dict[str, Any], schema: Mapping[str, Any]) -> None:
    place = next(_enum_places(document, schema, schema), None)
    if place is None:
        _wrong_type(document, schema)
        return
    holder, key = place
    holder[key] = _NO_SUCH_VALUE


def _enum_places(value: Any, schema: Any, root: Mapping[str, Any], depth: int = 0) -> Iterator[tuple[Any, Any]]:
    """Yield where in the document an enumerated string stands: its holder and its key or index."""
    schema = _resolved(schema, root)
    if depth > 20 or not isinstance(schema, dict):  # noqa: PLR2004 - documents are made no deeper
        return
    for branch in schema.get("anyOf", ()):
        yield from _enum_places(value, branch, root, depth + 1)
    parts: list[tuple[Any, Any, Any]] = []
    if isinstance(value, dict):
        parts = [(key, value[key], sub) for key, sub in schema.get("properties", {}).items() if key in value]
    elif isinstance(value, list):
        parts = [(index, item, schema.get("items")) for index, item in enumerate(value)]
    for key, item, sub in parts:
        if isinstance(item, str) and _is_enum(sub, root):
            yield value, key
        yield from _enum_places(item, sub, root, depth + 1)


def _is_enum(schema: Any, root: Mapping[str, Any]) -> bool:
    schema = _resolved(schema, root)
    if not isinstance(schema, dict):
        return False
    return "enum" in schema or any(_is_enum(branch, root) for branch in schema.get("anyOf", ()))


def _resolved(schema: Any, root: Mapping[str, Any]) -> Any:
    reference = schema.get("$ref") if isinstance(schema, dict) else None
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return root if reference == "#" else schema
    found: Any = root
    for word in reference[2:].split("/"):
        found = found.get(word.replace("~1", "/").replace("~0", "~"), {}) if isinstance(found, dict) else {}
    return found


def _wrong_type(document: dict[str, Any], schema: Mapping[str, Any]) -> None:
    key = _required_key(document, schema)
    document[key] = _NO_SUCH_VALUE if isinstance(document[key], dict | list) else {"invalid": True}


def _missing_field(document: dict[str, Any], schema: Mapping[str, Any]) -> None:
    del document[_required_key(document, schema)]


def _extra_field(document: dict[str, Any], _schema: Mapping[str, Any]) -> None:
    document["unexpected_field"] = "not in the contract"


def _required_key(document: dict[str, Any], schema: Mapping[str, Any]) -> str:
    """First property that may not be null: one that may stands for an optional one, whose absence is no violation."""
    properties = _resolved(schema, schema).get("properties", {})
    return next((key for key in document if not _may_be_null(properties.get(key), schema)), next(iter(document)))


def _may_be_null(schema: Any, root: Mapping[str, Any]) -> bool:
    schema = _resolved(schema, root)
    if not isinstance(schema, dict):
        return False
    kinds = schema.get("type", ())
    listed = kinds == "null" or (isinstance(kinds, list) and "null" in kinds) or None in schema.get("enum", ())
    return listed or any(_may_be_null(branch, root) for branch in schema.get("anyOf", ()))


def _duplicate_key(text: str, _other: Callable[[], str]) -> str:
    found = re.match(r'\{("(?:[^"\\]|\\.)*"):', text)
    return text if found is None else f"{{{found[1]}:null,{text[1:]}"


_CHANGES: Mapping[str, Callable[[dict[str, Any], Mapping[str, Any]], None]] = {
    "invalid": _wrong_type,
    "wrong_enum": _wrong_enum,
    "missing_field": _missing_field,
    "extra_field": _extra_field,
}

_TEXTS: Mapping[str, Callable[[str, Callable[[], str]], str]] = {
    "truncated": lambda text, _other: text[: max(1, len(text) // 2)],
    "content_filter": lambda text, _other: text[: len(text) // 3],
    "empty": lambda _text, _other: "",
    "fenced": lambda text, _other: f"```json\n{text}\n```",
    "chatty": lambda text, _other: f"Sure! Here is what you asked for:\n\n{text}\n\nLet me know if it helps.",
    "thinking": lambda text, other: f"<think>Perhaps {other()}? No, better:</think>\n{text}",
    "not_a_document": lambda _text, _other: "I have looked at the record and everything seems to be in order.",
    "ambiguous": lambda text, other: f"{text}\n{other()}",
    "duplicate_key": _duplicate_key,
    "runaway": lambda text, _other: text[: len(text) // 2] + _RUNAWAY_LINE * 100,
}

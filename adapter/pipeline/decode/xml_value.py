"""What an XML element becomes: repeats are lists where the contract says list, attributes @name, empty is absent."""

from collections.abc import Callable, Sequence
from typing import Any

from lxml import etree

from adapter.errors import PayloadUnreadable
from adapter.pipeline.decode.mapping import NOT_MAPPED, Mapped
from adapter.pipeline.decode.tree import Element, attributes, text_content
from adapter.pipeline.decode.typed_text import ABSENT, XML_NOTATION, complete, typed
from adapter.tasks.shape import Shape

TEXT_FIELD = "#text"
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_SCALARS = {"string", "integer", "number", "boolean"}

Found = Element | str


def find(element: Element, name: str, name_of: Callable[[str], str]) -> list[Element]:
    """Children of a name; * = all."""
    return [child for child in element if name in {"*", name_of(child.tag)}]


class ElementReader:
    """Converts elements by the contract; raises PayloadUnreadable below max_depth levels."""

    def __init__(self, name_of: Callable[[str], str], max_depth: int) -> None:
        self._name_of = name_of
        self._max_depth = max_depth

    def record(self, element: Element, shape: Shape, mapped: Mapped) -> Any:
        """Convert the record's own element: an object, also when it is empty."""
        value = self._value(element, shape, mapped, 1)
        if value is ABSENT:
            return complete({}, shape) if shape.is_object or not shape.kinds else None
        return value

    def _value(self, found: Found, shape: Shape, mapped: Mapped, depth: int) -> Any:
        if depth > self._max_depth:
            raise PayloadUnreadable(f"The XML is nested deeper than {self._max_depth} levels.")
        if isinstance(found, str):
            return typed(found.strip(), shape, XML_NOTATION)
        if found.get(f"{_XSI}nil") in {"true", "1"}:
            return ABSENT
        if shape.kinds == {"array"}:
            return self._all(list(found), shape.items, mapped, depth) or ABSENT
        if self._is_structure(found, shape, mapped):
            return self._object(found, shape, mapped, depth) or ABSENT
        return typed(self._text(found, shape).strip(), shape, XML_NOTATION)

    def _is_structure(self, element: Element, shape: Shape, mapped: Mapped) -> bool:
        """Whether the element is an object: the contract says so, or it says nothing and there is something inside."""
        if shape.kinds and not shape.is_object:
            return len(element) > 0 and not _own_text(element) and not shape.is_html
        only_object = shape.is_object and not shape.kinds & _SCALARS
        return (
            bool(mapped.fields)
            or only_object
            or len(element) > 0
            or any(_is_plain(tag) for tag, _ in attributes(element))
        )

    def _text(self, element: Element, shape: Shape) -> str:
        if len(element) == 0:
            return element.text or ""
        if shape.is_html:
            inner = (etree.tostring(child, encoding="unicode", method="html") for child in element)
            return (element.text or "") + "".join(inner)
        return text_content(element)

    def _object(self, element: Element, shape: Shape, mapped: Mapped, depth: int) -> dict[str, Any]:
        groups: dict[str, list[Found]] = {}
        for child in element:
            groups.setdefault(self._name_of(child.tag), []).append(child)
        for tag, value in attributes(element):
            if _is_plain(tag):
                groups[f"@{self._name_of(tag)}"] = [value]
        if text := _own_text(element):
            groups[TEXT_FIELD] = [text]
        result = self._mapped(element, shape, mapped, depth, groups)
        for name, found in groups.items():
            if name not in result and shape.takes(name):
                self._put(result, name, found, shape, NOT_MAPPED, depth)
        return complete(result, shape) if result else result

    def _mapped(
        self, element: Element, shape: Shape, mapped: Mapped, depth: int, groups: dict[str, list[Found]]
    ) -> dict[str, Any]:
        """Take what is mapped; sources that are names of their own are used up."""
        result: dict[str, Any] = {}
        used: set[str] = set()
        for name, inner in mapped.fields.items():
            found = self._find_path(element, inner.source) if inner.source else []
            found = found or groups.get(name, [])
            if found:
                self._put(result, name, found, shape, inner, depth)
                used.add(inner.source or name)
            else:
                built = self._mapped(element, shape.field(name), inner, depth + 1, {})
                if built:
                    result[name] = complete(built, shape.field(name))
        for name in used - set(result):
            groups.pop(name, None)
        return result

    def _find_path(self, element: Element, path: str) -> list[Found]:
        steps = [step for step in path.split("/") if step not in {"", "."}]
        found = [element]
        for step in steps:
            if step.startswith("@"):
                return [
                    value
                    for one in found
                    for tag, value in attributes(one)
                    if self._name_of(tag) == step.removeprefix("@")
                ]
            found = [child for one in found for child in find(one, step, self._name_of)]
        return list(found)

    def _put(
        self, result: dict[str, Any], name: str, found: Sequence[Found], shape: Shape, mapped: Mapped, depth: int
    ) -> None:
        place = shape.field(name)
        if place.is_list:
            value: Any = self._all(found, place.items, mapped, depth) or ABSENT
        elif len(found) == 1:
            value = self._value(found[0], place, mapped, depth + 1)
        else:
            value = self._all(found, place, mapped, depth) or ABSENT
        if value is not ABSENT:
            result[name] = value

    def _all(self, found: Sequence[Found], shape: Shape, mapped: Mapped, depth: int) -> list[Any]:
        values = (self._value(one, shape, mapped, depth + 1) for one in found)
        return [value for value in values if value is not ABSENT]


def _is_plain(tag: str) -> bool:
    """Whether an attribute is the record's, and not xsi's."""
    return not tag.startswith(_XSI)


def _own_text(element: Element) -> str:
    return "".join([element.text or "", *(child.tail or "" for child in element)]).strip()

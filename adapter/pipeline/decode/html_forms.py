"""Values of a form as text in their place: legacy screens keep their data there, and converters lose it."""

from lxml import etree

from adapter.pipeline.decode.tree import Element, text_content

_NO_VALUE = {"hidden", "password", "submit", "button", "reset", "image", "file"}
_CHECKED = {"checkbox", "radio"}
_FORM_TAGS = ("input", "select", "textarea", "button")


def show_form_values(root: Element) -> None:
    """Replace each control with the value that the screen shows."""
    for element in list(root.iter(*_FORM_TAGS)):
        tag = element.tag
        if tag == "input":
            _become_text(element, _input_text(element))
        elif tag == "select":
            _become_text(element, _selected_text(element))
        elif tag == "textarea":
            _become_lines(element, text_content(element))
        else:
            _become_text(element, "")


def _input_text(element: Element) -> str:
    kind = element.get("type", "text").strip().lower()
    if kind in _NO_VALUE:
        return ""
    if kind in _CHECKED:
        return "[x]" if "checked" in element.attrib else "[ ]"
    return element.get("value", "")


def _selected_text(element: Element) -> str:
    """Text of the selected options; of a single choice without one, the first, which is what a browser shows."""
    options = list(element.iter("option"))
    chosen = [option for option in options if "selected" in option.attrib]
    if not chosen and "multiple" not in element.attrib:
        chosen = options[:1]
    return ", ".join(text_content(option).strip() for option in chosen)


def _become_text(element: Element, text: str) -> None:
    _clear(element)
    element.text = f" {text.strip()} " if text.strip() else " "


def _become_lines(element: Element, text: str) -> None:
    _clear(element)
    first, *rest = text.strip().splitlines() or [""]
    element.text = f" {first}"
    for line in rest:
        etree.SubElement(element, "br").tail = line


def _clear(element: Element) -> None:
    tail = element.tail
    element.clear()
    element.tail = tail
    element.tag = "span"

"""lxml's elements with the types they have for parsed text: names, attributes and texts are str, never bytes."""

from lxml.etree import _Element as Element

__all__ = ["Element", "attributes", "text_content"]


def attributes(element: Element) -> list[tuple[str, str]]:
    """Attributes in document order, names in Clark notation."""
    return [(str(name), str(value)) for name, value in element.attrib.items()]


def text_content(element: Element) -> str:
    """All text inside, markup left out."""
    return "".join(str(text) for text in element.itertext())

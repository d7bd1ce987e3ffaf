"""XML and SOAP to the record: hardened parsing, then elements become what the contract says they are."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from lxml import etree

from adapter.errors import InputInvalid, PayloadUnreadable, Violation
from adapter.pipeline.decode.limits import MAX_ELEMENTS
from adapter.pipeline.decode.mapping import Mapped
from adapter.pipeline.decode.tree import Element
from adapter.pipeline.decode.xml_value import ElementReader, find
from adapter.tasks.input_formats import XmlFormat
from adapter.tasks.shape import Shape

_BLANKS = re.compile(r"\s*")
# What may stand before the root element, with what ends it; a DOCTYPE is not in it.
_PROLOG = (("<?", "?>"), ("<!--", "-->"))


def xml_record(text: str, options: XmlFormat, shape: Shape, mapped: Mapped, max_depth: int) -> Any:
    """Parse, take the one selected element, convert it. Raises PayloadUnreadable, InputInvalid."""
    name_of = namer(options.namespaces)
    element = _selected(parse_xml(text), options, name_of)
    return ElementReader(name_of, max_depth).record(element, shape, mapped)


def parse_xml(text: str) -> Element:
    """Parse without DTD, entities or network. Raises PayloadUnreadable with the line, never the content."""
    if text.count("<") - text.count("</") > MAX_ELEMENTS:
        raise PayloadUnreadable(f"The XML has more than {MAX_ELEMENTS} elements. Send a smaller record.")
    _refuse_doctype(text)
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as exc:
        raise PayloadUnreadable(_syntax_message(exc, [error.type_name for error in parser.error_log])) from None
    if root is None or root.getroottree().docinfo.internalDTD is not None:
        raise PayloadUnreadable("The XML has no root element, or a DOCTYPE, which is refused. Send one plain document.")
    return root


def _refuse_doctype(text: str) -> None:
    position = _after_prolog(text)
    if text[position : position + 9].upper() == "<!DOCTYPE":
        line = text.count("\n", 0, position) + 1
        raise PayloadUnreadable(f"The XML has a DOCTYPE at line {line}, which is refused. Send it without one.")


def _after_prolog(text: str) -> int:
    """Offset of whatever follows the declaration, comments and instructions."""
    position = 0
    while True:
        blanks = _BLANKS.match(text, position)
        position = blanks.end() if blanks else position
        end = next((end for start, end in _PROLOG if text.startswith(start, position)), "")
        found = text.find(end, position) if end else -1
        if found < 0:
            return position
        position = found + len(end)


def _syntax_message(error: etree.XMLSyntaxError, kinds: list[str]) -> str:
    """Where and what kind; libxml2's own message quotes the payload."""
    line, column = error.position
    kind = kinds[-1].removeprefix("ERR_").replace("_", " ").lower() if kinds else "syntax"
    return f"The payload is not well-formed XML at line {line}, column {column} ({kind})."


def namer(namespaces: str | Mapping[str, str]) -> Callable[[str], str]:
    """How tags become names: without their namespace, or with the declared prefix of it."""
    if isinstance(namespaces, str):
        return lambda tag: tag.rpartition("}")[2]
    prefixes = {uri: prefix for prefix, uri in namespaces.items()}

    def prefixed(tag: str) -> str:
        uri, _, local = tag.removeprefix("{").rpartition("}")
        if not uri:
            return local
        return f"{prefixes[uri]}:{local}" if uri in prefixes else tag

    return prefixed


def _selected(root: Element, options: XmlFormat, name_of: Callable[[str], str]) -> Element:
    steps = options.steps
    if not steps:
        return root
    found = [root] if steps[0] in {"*", name_of(root.tag)} else []
    for step in steps[1:]:
        found = [child for element in found for child in find(element, step, name_of)]
    if len(found) == 1:
        return found[0]
    count = f"{len(found)} elements" if found else "nothing"
    raise InputInvalid(
        f"{options.select} matches {count} in the payload, and the task takes exactly one record from there.",
        violations=[Violation("", "select", f"{options.select} matches {count}, not exactly one element")],
    )

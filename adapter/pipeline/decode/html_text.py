"""HTML to Markdown: what a reader of the page sees, form values too; what is hidden, and code, is dropped."""

import html
import re

import html_to_markdown
from lxml import etree

from adapter.errors import PayloadUnreadable
from adapter.pipeline.decode.html_forms import show_form_values
from adapter.pipeline.decode.html_tables import arrange_tables
from adapter.pipeline.decode.limits import MAX_HTML_ELEMENTS
from adapter.pipeline.decode.tree import Element

_MARKUP = re.compile(r"</?[a-zA-Z][a-zA-Z0-9]*(?:\s[^<>]*)?/?>|<!--|<![a-zA-Z]")
_DROPPED_TAG = "x-dropped"
_TAG = re.compile(r"[a-z0-9]+")
_NEVER_SHOWN = frozenset(
    _TAG.findall(
        """
        applet audio canvas datalist embed head iframe math noembed noframes object script style svg template title
        video
        """
    )
)
_KEPT = frozenset(
    _TAG.findall(
        """
        html body p div span br hr h1 h2 h3 h4 h5 h6 ul ol li dl dt dd table thead tbody tfoot tr td th caption b strong
        i em s del code pre blockquote a
        """
    )
)
_INLINE = frozenset(
    _TAG.findall(
        """
        abbr acronym bdi bdo big cite data dfn font img ins kbd label mark meter nobr output progress q rp rt ruby samp
        small strike sub sup time tt u var wbr
        """
    )
)
_NESTING = {"blockquote", "ul", "ol"}
# Each level of quotes and lists is repeated on every line below it.
_MAX_NESTING = 8
_MAX_LINK = 300
_LINK = re.compile(r"(?:https?|mailto|tel):[^\s<>()\"']+\Z", re.IGNORECASE)
_CSS_NOISE = re.compile(r"/\*.*?\*/|\s", re.DOTALL)
_CSS_ESCAPE = re.compile(r"\\([0-9a-fA-F]{1,6})\s?")
_CSS_HIDDEN = re.compile(
    r"(?:^|;)(?:display:none|visibility:(?:hidden|collapse)|mso-hide:all|content-visibility:hidden"
    r"|opacity:0*(?:\.0+)?%?(?=[;!]|$)|font-size:0*(?:\.0+)?(?:px|pt|em|rem|%)?(?=[;!]|$))"
)
_MAX_STYLE = 4000


def html_to_text(markup: str) -> str:
    """Convert a page, mail or fragment. Raises PayloadUnreadable when it is nested too deep or too large."""
    root = _parse(markup)
    if root is None:
        return ""
    _drop_hidden(root)
    show_form_values(root)
    arrange_tables(root)
    _simplify(root)
    plain = etree.tostring(root, encoding="unicode", method="html")
    try:
        found = html_to_markdown.convert(plain, _options()).content
    except html_to_markdown.ConversionError:
        raise PayloadUnreadable("The HTML does not convert to text. Send it as text, or simplify it.") from None
    return (found or "").strip()


def html_field_to_text(text: str) -> str:
    """Convert a field that may hold HTML; text without any markup only has its entities resolved."""
    return html_to_text(text) if _MARKUP.search(text) else html.unescape(text)


def _parse(markup: str) -> Element | None:
    if markup.count("<") - markup.count("</") > MAX_HTML_ELEMENTS:
        raise PayloadUnreadable(f"The HTML has more than {MAX_HTML_ELEMENTS} elements. Send a smaller record.")
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(markup.replace("\0", "").encode(), parser)
    except etree.XMLSyntaxError:
        return None  # nothing but blanks or comments
    if any(error.type_name == "ERR_RESOURCE_LIMIT" for error in parser.error_log):
        raise PayloadUnreadable("The HTML is nested deeper than 256 levels. Send it as text, or simplify it.")
    return root


def _drop_hidden(root: Element) -> None:
    for element in list(root.iter()):
        if element.tag in _NEVER_SHOWN or (element.attrib and _is_hidden(element)):
            element.tag = _DROPPED_TAG
    etree.strip_elements(root, _DROPPED_TAG, with_tail=False)


def _is_hidden(element: Element) -> bool:
    if "hidden" in element.attrib or element.get("aria-hidden", "").strip().lower() == "true":
        return True
    style = element.get("style", "")[:_MAX_STYLE]
    if not style:
        return False
    if "\\" in style:
        style = _CSS_ESCAPE.sub(lambda match: chr(min(int(match[1], 16), 0xFFFF)), style)
    return _CSS_HIDDEN.search(_CSS_NOISE.sub("", style.lower())) is not None


def _simplify(root: Element) -> None:
    """Leave only elements and attributes that mean something as Markdown."""
    nesting = {root: 0}
    for element in root.iter():
        parent = element.getparent()
        depth = nesting.get(parent, 0) if parent is not None else 0
        tag = str(element.tag)
        if tag in _NESTING:
            depth += 1
        nesting[element] = depth
        _simplify_one(element, tag, too_deep=depth > _MAX_NESTING)


def _simplify_one(element: Element, tag: str, *, too_deep: bool) -> None:
    if tag == "a":
        link = element.get("href", "").strip()
        element.attrib.clear()
        if len(link) <= _MAX_LINK and _LINK.match(link):
            element.set("href", link)
        else:
            element.tag = "span"
        return
    if tag == "img":
        element.text = element.get("alt", "")
    element.attrib.clear()
    if tag not in _KEPT or (too_deep and tag in {*_NESTING, "li"}):
        element.tag = "span" if tag in _INLINE else "div"


def _options() -> html_to_markdown.ConversionOptions:
    return html_to_markdown.ConversionOptions(
        extract_metadata=False,
        compact_tables=True,
        br_in_tables=True,
        autolinks=False,
        bullets="-",
        preprocessing=html_to_markdown.PreprocessingOptions(enabled=False, remove_navigation=False, remove_forms=False),
    )

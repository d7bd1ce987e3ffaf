"""Bytes to text, strictly: the charset is what somebody declared, never a guess.

Field or content-encoding > content type parameter > BOM or XML declaration > task > UTF-8. Two declarations of the
sender that name different charsets are a contradiction, also where their bytes happen to read the same.
"""

import codecs
import re
from dataclasses import dataclass

from adapter.errors import PayloadUnreadable
from adapter.tasks.charsets import codec_name

_BOMS = (  # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# How "<?xml" begins in families of charsets, and a member that reads the declaration (XML 1.0, appendix F).
_XML_STARTS = (
    (b"<?xml", "latin-1"),
    (b"<\0?\0", "utf-16-le"),
    (b"\0<\0?", "utf-16-be"),
    (b"\x4c\x6f\xa7\x94", "cp037"),
)
_XML_ENCODING = re.compile(r"""<\?xml\s[^>?]{0,200}?\sencoding\s*=\s*["']([^"'<>]{1,40})["']""")
_DECLARATION_BYTES = 1024
_UNMARKED = {"utf-16": ("utf-16-le", "utf-16-be"), "utf-32": ("utf-32-le", "utf-32-be"), "utf-8-sig": ("utf-8",)}
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class DecodedText:
    """Text without its byte order mark, and the codec that read it."""

    text: str
    codec: str


@dataclass(frozen=True, slots=True)
class _Declared:
    source: str
    codec: str


def decode_text(content: bytes, *, field: str, parameter: str, task: str | None, is_xml: bool) -> DecodedText:
    """Read bytes by the declared charset. Raises PayloadUnreadable with the offset, never the content."""
    declared = [_named("the charset field or content-encoding", field), _named("the content type", parameter)]
    declared += [_byte_order_mark(content), _xml_declaration(content) if is_xml else None]
    found = [one for one in declared if one is not None]
    codec = _agreed(found) if found else codec_name(task or "utf-8") or "utf-8"
    try:
        text = content.decode(codec)
    except UnicodeDecodeError as exc:
        source = found[0].source if found else "the task" if task else "the default"
        raise PayloadUnreadable(
            f"The payload is not {codec} (said by {source}) at byte {exc.start}. Declare the charset it really has.",
            metadata={"charset": codec, "byte": str(exc.start)},
        ) from None
    return DecodedText(text.removeprefix("\ufeff"), codec)


def _named(source: str, name: str) -> _Declared | None:
    if not name:
        return None
    codec = codec_name(name)
    if codec is None:
        shown = "".join(letter for letter in name[:_SHOWN] if letter.isprintable())
        raise PayloadUnreadable(f'The charset "{shown}" named by {source} is not known here. Use an IANA or Java name.')
    return _Declared(source, codec)


def _byte_order_mark(content: bytes) -> _Declared | None:
    codec = next((codec for mark, codec in _BOMS if content.startswith(mark)), None)
    return _Declared("the byte order mark", codec) if codec else None


def _xml_declaration(content: bytes) -> _Declared | None:
    head = content[:_DECLARATION_BYTES]
    marked = next(((mark, codec) for mark, codec in _BOMS if head.startswith(mark)), None)
    if marked:
        head, reader = head[len(marked[0]) :], marked[1]
    else:
        reader = next((codec for start, codec in _XML_STARTS if head.startswith(start)), "")
    if not reader:
        return None
    match = _XML_ENCODING.match(head.decode(reader, "replace"))
    if match is None:
        return _Declared("the first bytes of the XML", reader) if reader.startswith("utf-16") else None
    declared = _named("the XML declaration", match[1])
    if declared and reader.startswith("utf-16") and declared.codec == "utf-16":
        return _Declared(declared.source, reader)
    return declared


def _agreed(declared: list[_Declared]) -> str:
    """The charset all declarations mean: the first one's, or its form with a byte order. Refuses a contradiction."""
    first = declared[0]
    codec = first.codec
    for other in declared[1:]:
        if other.codec in _UNMARKED.get(codec, ()):
            codec = other.codec
        elif other.codec != codec and codec not in _UNMARKED.get(other.codec, ()):
            raise PayloadUnreadable(
                f"{first.source.capitalize()} says {first.codec} and {other.source} says {other.codec}. "
                "Send one charset, the one the bytes really have.",
                metadata={"charset": first.codec, "other_charset": other.codec},
            )
    return codec

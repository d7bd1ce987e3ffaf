"""content_encoding as Spring writes it: a charset, gzip, or both; and inflating that a bomb cannot hurt."""

import codecs
import re
import zlib
from dataclasses import dataclass

import ebcdic  # type: ignore[import-untyped]  # noqa: F401 - no stubs; its import registers EBCDIC codecs

from adapter.errors import PayloadTooLarge, PayloadUnreadable

_SEPARATOR = re.compile(r"[,:]")
_GZIP = frozenset({"gzip", "x-gzip"})
_CHARSET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+()-]{0,60}")
# Python codecs that turn text into something else, or depend on the machine: no payload is written in them.
_NOT_CHARSETS = frozenset(
    {"idna", "mbcs", "oem", "palmos", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"}
)
_GZIP_WINDOW = 31
_MAX_MEMBERS = 1000


@dataclass(frozen=True, slots=True)
class ContentEncoding:
    """What was done to the payload on its way, and the charset it is written in ("" = unsaid)."""

    is_gzip: bool = False
    charset: str = ""


def parse_content_encoding(value: str) -> ContentEncoding:
    """Read `UTF-8`, `gzip`, `gzip, UTF-8` or `gzip:UTF-8`, in any case and order. Raises PayloadUnreadable."""
    tokens = [token for part in _SEPARATOR.split(value) if (token := part.strip()) and token.lower() != "identity"]
    compressions = [token for token in tokens if token.lower() in _GZIP]
    charsets = [token for token in tokens if token.lower() not in _GZIP]
    for token in charsets:
        if not is_charset(token):
            raise PayloadUnreadable(
                f"The content encoding {token[:40]!r} is not known. Send gzip, a charset such as UTF-8, or both.",
                metadata={"field": "content_encoding"},
            )
    if len(compressions) > 1 or len({_codec(token) for token in charsets}) > 1:
        raise PayloadUnreadable(
            f"The content encoding {value[:80]!r} contradicts itself. Send gzip once and one charset.",
            metadata={"field": "content_encoding"},
        )
    return ContentEncoding(bool(compressions), charsets[0] if charsets else "")


def is_charset(name: str) -> bool:
    """True for a charset that Python can decode, the EBCDIC ones of the package `ebcdic` included."""
    return bool(_CHARSET_NAME.fullmatch(name)) and _codec(name) != ""


def same_charset(one: str, other: str) -> bool:
    """True when two known names mean one charset."""
    return _codec(one) == _codec(other)


def _codec(name: str) -> str:
    """Python's name of a charset, "" when it is none."""
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        return ""
    is_text = found._is_text_encoding  # noqa: SLF001 - the only way to tell a charset from "zip" and "hex"
    return found.name if is_text and found.name not in _NOT_CHARSETS else ""


def inflate(body: bytes, limit: int) -> bytes:
    """Unpack gzip to at most `limit` bytes. Raises PayloadTooLarge, PayloadUnreadable."""
    unpacked = bytearray()
    rest = body
    for _ in range(_MAX_MEMBERS):
        member = zlib.decompressobj(wbits=_GZIP_WINDOW)
        try:
            unpacked += member.decompress(rest, limit + 1 - len(unpacked))
        except zlib.error as exc:
            raise _not_gzip("is not gzip, or damaged") from exc
        if len(unpacked) > limit:
            raise PayloadTooLarge(
                f"The payload has more than {limit} bytes once unpacked. {PayloadTooLarge().message}",
                metadata={"limit": str(limit)},
            )
        if not member.eof:
            raise _not_gzip("ends in the middle")
        rest = member.unused_data
        if not rest:
            return bytes(unpacked)
    raise _not_gzip(f"has more than {_MAX_MEMBERS} parts")


def _not_gzip(what: str) -> PayloadUnreadable:
    return PayloadUnreadable(
        f"The content encoding says gzip, but the body {what}. Compress it again, or drop the content encoding.",
        metadata={"field": "content_encoding"},
    )

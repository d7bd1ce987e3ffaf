"""Names of charsets, as Python, Java, IANA and hosts spell them, to one codec name each.

Only real charsets are known: no `unicode_escape`, `idna` or `base64`, which Python also calls encodings.
"""

import codecs
import encodings.aliases
import re

import ebcdic  # type: ignore[import-untyped]  # the package has no stubs

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:+-]{0,39}\Z")
_NUMBERED = re.compile(r"(?:x-)?(?:ibm|cp|ccsid|windows)[-_ ]?0*([0-9]{2,5})\Z")
_ISO = re.compile(r"iso[-_ ]?8859[-_ ]?([0-9]{1,2})\Z")
_NO_CHARSET = {
    "base64_codec",
    "bz2_codec",
    "hex_codec",
    "idna",
    "mbcs",
    "oem",
    "punycode",
    "quopri_codec",
    "raw_unicode_escape",
    "rot_13",
    "undefined",
    "unicode_escape",
    "utf_7",
    "uu_codec",
    "zlib_codec",
}


def codec_name(name: str) -> str | None:
    """Python's name of a charset, None if it is none. Unknown names never reach Python's lookup, which keeps them."""
    if not _NAME.match(name):
        return None
    for spelling in _spellings(name.strip().lower()):
        if spelling in _KNOWN:
            return codecs.lookup(spelling).name
    return None


def is_ebcdic(codec: str) -> bool:
    """Tell whether the codec is one of a host: the letter A is not at its ASCII place."""
    return len("A".encode(codec)) == 1 and "A".encode(codec) == b"\xc1"


def _spellings(name: str) -> tuple[str, ...]:
    plain = re.sub(r"[-_ .:]+", "_", name)
    numbered = _NUMBERED.match(name)
    if numbered:
        return plain, f"cp{numbered[1]}", f"cp{numbered[1]:0>3}"
    iso = _ISO.match(name)
    if iso:
        return plain, f"iso8859_{iso[1]}"
    return plain, plain.replace("_", "")


_KNOWN = (
    set(encodings.aliases.aliases) | set(encodings.aliases.aliases.values()) | {"utf_8_sig", *ebcdic.codec_names}
) - _NO_CHARSET
_KNOWN -= {alias for alias, codec in encodings.aliases.aliases.items() if codec in _NO_CHARSET}

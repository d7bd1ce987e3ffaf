r"""Java .properties: \uXXXX, continued lines, # and ! comments, `=`, `:` or blanks between key and value."""

import re
from collections.abc import Iterator

from adapter.errors import PayloadUnreadable

_LINE_END = re.compile(r"\r\n|\n|\r")
_BLANKS = " \t\f"
# The key ends at the first separator that is not escaped (java.util.Properties.load).
_KEY = re.compile(r"(?:[^\\=: \t\f]|\\.)*")
_SEPARATOR = re.compile(r"[ \t\f]*[=:]?[ \t\f]*")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_SURROGATE = re.compile("[\ud800-\udfff]")


def parse_properties(text: str) -> dict[str, str]:
    """Keys with their values; a key that comes again replaces, as in Java. Raises PayloadUnreadable with the line."""
    found: dict[str, str] = {}
    for number, line in _logical_lines(text):
        key = _KEY.match(line)
        end = key.end() if key else 0
        separator = _SEPARATOR.match(line, end)
        name, value = line[:end], line[separator.end() if separator else end :]
        found[_unescape(name, number)] = _unescape(value, number).strip()
    return found


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their continuations joined, without comments and blank lines; numbered by where they begin."""
    parts: list[str] = []
    begin = 0
    for number, raw in enumerate(_LINE_END.split(text), 1):
        line = raw.lstrip(_BLANKS)
        if not parts:
            begin = number
            if not line or line[0] in "#!":
                continue
        backslashes = len(line) - len(line.rstrip("\\"))
        if backslashes % 2:
            parts.append(line[:-1])
            continue
        yield begin, "".join([*parts, line])
        parts = []
    if parts:
        yield begin, "".join(parts)


def _unescape(text: str, line: int) -> str:
    if "\\" not in text:
        return text
    plain = _ESCAPE.sub(lambda match: _escaped(match[1], line), text)
    if _SURROGATE.search(plain):
        try:
            return plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
        except UnicodeDecodeError:
            raise PayloadUnreadable(f"Half of a surrogate pair as \\u escape at line {line} is no character.") from None
    return plain


def _escaped(code: str, line: int) -> str:
    if code[0] != "u":
        return _ESCAPES.get(code, code)
    if len(code) == 1:
        raise PayloadUnreadable(f"A \\u escape at line {line} is not followed by four hexadecimal digits.")
    return chr(int(code[1:], 16))

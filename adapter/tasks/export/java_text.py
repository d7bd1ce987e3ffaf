"""Java expressions and comments: types on the wire and in code, the way between them, Javadoc in ASCII."""

import textwrap

from adapter.tasks.export.java_model import Choice, JavaType, ListOf, MapOf, Moment, Nested, Plain

_WIDTH = 110
_FORMATTERS = {Moment.DATE_TIME: "ISO_OFFSET_DATE_TIME", Moment.TIME: "ISO_OFFSET_TIME"}


def wire_type(kind: JavaType) -> str:
    """Type as any mapper reads and writes it: enums and dates are text."""
    match kind:
        case Plain():
            return kind.value
        case Moment() | Choice():
            return Plain.TEXT.value
        case Nested(name):
            return name
        case ListOf(item):
            return f"java.util.List<{wire_type(item)}>"
        case MapOf(value):
            return f"java.util.Map<String, {wire_type(value)}>"


def code_type(kind: JavaType) -> str:
    """Type as code wants it: enums and dates as such. Values of maps stay as they came."""
    match kind:
        case Moment():
            return kind.value
        case Choice(name):
            return name
        case ListOf(item):
            return f"java.util.List<{code_type(item)}>"
        case _:
            return wire_type(kind)


def to_code(expression: str, kind: JavaType, depth: int = 0) -> str:
    """Make an expression of the wire type one of the code type; null stays null."""
    match kind:
        case Moment():
            return f"{expression} == null ? null : {kind.value}.parse({expression})"
        case Choice(name):
            return f"{name}.of({expression})"
        case ListOf(item) if code_type(item) != wire_type(item):
            return _each(expression, to_code(f"item{depth}", item, depth + 1), depth)
        case _:
            return expression


def to_wire(expression: str, kind: JavaType, depth: int = 0) -> str:
    """Make an expression of the code type one of the wire type; null stays null."""
    match kind:
        case Moment():
            # toString() leaves out seconds that are zero, which is no RFC 3339
            formatter = f"java.time.format.DateTimeFormatter.{_FORMATTERS.get(kind, 'ISO_LOCAL_DATE')}"
            return f"{expression} == null ? null : {formatter}.format({expression})"
        case Choice():
            return f"{expression} == null ? null : {expression}.text()"
        case ListOf(item) if code_type(item) != wire_type(item):
            return _each(expression, to_wire(f"item{depth}", item, depth + 1), depth)
        case _:
            return expression


def javadoc(*sentences: str, indent: str = "    ") -> str:
    """Write a comment; nothing in it ends the comment, is a tag, or needs a charset."""
    text = " ".join(sentence for sentence in sentences if sentence)
    if len(text) + len(indent) + 8 <= _WIDTH:
        return f"{indent}/** {text} */"
    lines = textwrap.wrap(text, _WIDTH - len(indent) - 3, break_long_words=False, break_on_hyphens=False)
    return "\n".join([f"{indent}/**", *(f"{indent} * {line}" for line in lines), f"{indent} */"])


def prose(text: str) -> str:
    """Text from a contract for a comment, as a sentence."""
    line = " ".join(text.split())
    escaped = "".join(one if one.isascii() and one not in "&<>@*/\\{}" else f"&#{ord(one)};" for one in line)
    return escaped if not escaped or escaped.endswith((".", "!", "?", ":", ";")) else f"{escaped}."


def literal(text: str) -> str:
    """A string of Java, in ASCII."""
    units = [int.from_bytes(pair, "big") for pair in _pairs(text.encode("utf-16-be"))]
    return '"' + "".join(_unit(unit) for unit in units) + '"'


def _unit(unit: int) -> str:
    char = chr(unit)
    if char in '"\\':
        return f"\\{char}"
    if char in "\n\r\t":
        return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}[char]
    return char if char.isascii() and char.isprintable() else f"\\u{unit:04x}"


def _pairs(content: bytes) -> list[bytes]:
    return [content[index : index + 2] for index in range(0, len(content), 2)]


def _each(expression: str, mapped: str, depth: int) -> str:
    collected = ".collect(java.util.stream.Collectors.toList())"
    return f"{expression} == null ? null : {expression}.stream().map(item{depth} -> {mapped}){collected}"

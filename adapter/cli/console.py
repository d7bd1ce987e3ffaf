"""Where output goes: results to stdout, words to stderr; colour and wrapping only on a terminal."""

import re
import sys

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from adapter.domain import exact_json

errors = Console(stderr=True, emoji=False)
output = Console(emoji=False)

_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]\s*[\]}]|[\[\]{},:]|[^\s\[\]{},:"]+')


# What came from outside must not command the terminal: control characters but newline and tab are shown, not sent.
_SHOWN_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"}


def print_text(markup: str) -> None:
    """Print a line of words in rich's markup; what came from outside goes through `plain` first."""
    output.print(markup, highlight=False, soft_wrap=not output.is_terminal)


def print_block(title: str, text: str) -> None:
    """Print text of several lines, from outside, as it is."""
    output.print(f"--- {title}", style="dim", highlight=False, markup=False)
    output.print(cell(text), soft_wrap=True)


def cell(text: str, style: str = "") -> Text:
    """Text from outside, for a table."""
    return Text(text.translate(_SHOWN_CONTROLS), style)


def plain(text: str) -> str:
    """Text from outside, for markup."""
    return escape(text.translate(_SHOWN_CONTROLS))


def print_json(document: object) -> None:
    """Print one JSON document: a line for programs, indented on a terminal."""
    print_json_bytes(exact_json.dumps(document))


def print_json_line(document: object) -> None:
    """Print one of many JSON documents, a line each."""
    print_bytes(exact_json.dumps(document))


def print_json_bytes(content: bytes) -> None:
    """Print one JSON document that is written already."""
    print_bytes(indented(content.decode()).encode() if output.is_terminal else content)


def print_bytes(content: bytes) -> None:
    """Print bytes as they are, with a newline."""
    sys.stdout.flush()
    sys.stdout.buffer.write(content + b"\n")
    sys.stdout.buffer.flush()


def indented(text: str) -> str:
    """Indent JSON without touching a digit of its numbers."""
    depth = 0
    pieces: list[str] = []
    for piece in _JSON_TOKEN.findall(text):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(piece, 0)
        line = "\n" + "  " * depth
        if piece in {"}", "]"}:
            pieces.append(line)
        pieces.append("".join(piece.split()) if piece[0] in "[{" else piece)
        if piece in {"{", "[", ","}:
            pieces.append(line)
        elif piece == ":":
            pieces.append(" ")
    return "".join(pieces)

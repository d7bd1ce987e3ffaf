"""Where output goes: results to stdout, words to stderr, with colour on a terminal."""

import sys

from rich.console import Console

from adapter.domain import exact_json

errors = Console(stderr=True)
output = Console()


def print_json(document: object) -> None:
    """Print one JSON document for programs; indented on a terminal."""
    print_bytes(exact_json.dumps(document))


def print_bytes(content: bytes) -> None:
    """Print bytes as they are, with a newline."""
    sys.stdout.flush()
    sys.stdout.buffer.write(content + b"\n")
    sys.stdout.buffer.flush()

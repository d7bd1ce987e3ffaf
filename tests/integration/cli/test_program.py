"""The installed program: what it imports, and what it shows in a terminal."""

import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios

import pytest

from tests.integration.cli.conftest import TASKS
from tests.kit.adapter_process import ADAPTER, ROOT, clean_environment

_IMPORTED = """
import sys
from adapter.cli.app import build_app
build_app(sys.argv[1:])
print(*{name.partition(".")[0] for name in sys.modules} & {"grpc", "sqlalchemy", "openai", "lxml", "pika", "aiohttp"})
"""


@pytest.mark.parametrize("arguments", [["--help"], ["explain", "MODEL_REFUSED"]])
def test_help_and_explain_start_without_what_the_service_needs(arguments: list[str]) -> None:
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", _IMPORTED, *arguments], capture_output=True, text=True, timeout=60, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == ""


def in_terminal(columns: int, *arguments: str) -> str:
    """Run the program in a terminal of so many columns; returns what it shows."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    width_and_colour = {"COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"}
    variables = {name: value for name, value in clean_environment().items() if name not in width_and_colour}
    variables["TERM"] = "xterm-256color"
    process = subprocess.Popen([ADAPTER, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=variables)  # noqa: S603 - our own command line
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # the other side is closed
        while piece := os.read(ours, 65_536):
            shown += piece
    os.close(ours)
    process.wait(60)
    return shown.decode().replace("\r\n", "\n")


def test_a_narrow_terminal_leaves_out_columns_but_cuts_no_name() -> None:
    shown = in_terminal(44, "tasks", "list", "--tasks", str(TASKS))

    lines = re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()
    assert "\x1b[" in shown, "bold headings"
    assert all(len(line) <= 44 for line in lines)
    assert {"classify-ticket", "extract-invoice", "summarise-claim"} <= set(" ".join(lines).split())
    assert "hash" not in " ".join(lines)


def test_a_terminal_gets_an_indented_document() -> None:
    shown = in_terminal(100, "explain", "OUTPUT_INVALID", "--json")

    assert shown.startswith('[\n  {\n    "reason": "OUTPUT_INVALID",\n    "meaning": "')

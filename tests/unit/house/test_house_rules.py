"""Rules of the house that no linter knows."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
MAX_LINES = 300
GENERATED = ROOT / "clients" / "python" / "src" / "llm_adapter" / "v1"
FOLDERS = ("adapter", "clients/python/src", "proto", "examples", "deploy", "tests")
TOP_LEVEL = {
    "proto", "adapter", "clients", "tests", "examples", "docs", "deploy", "Dockerfile", "Makefile", "pyproject.toml",
    "README.md", "CHANGELOG.md", "LICENSE", "uv.lock",
}  # fmt: skip
# A silenced check with nothing behind it: the reason stands after " - " or a second "#".
BARE_SILENCE = re.compile(r"#\s*(?:type: ignore(?:\[[\w, -]+\])?|noqa(?:: [A-Z0-9, ]+)?)\s*$")


def modules() -> list[Path]:
    found = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    return [path for path in found if GENERATED not in path.parents]


def test_no_hand_written_module_is_longer_than_300_lines() -> None:
    sizes = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in modules()}

    assert {name: size for name, size in sizes.items() if size > MAX_LINES} == {}


def test_every_silenced_check_has_a_reason() -> None:
    bare = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in modules()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if BARE_SILENCE.search(line)
    ]

    assert bare == []


def test_nothing_stands_at_the_top_that_does_not_belong_there() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    # Of what git has: a task of one's own, or the database of a service that was tried, may stand there.
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607 - git of whoever has a clone
    names = {name.partition("/")[0] for name in listed.stdout.split("\0") if name and not name.startswith(".")}

    assert names <= TOP_LEVEL


@pytest.mark.parametrize("layer", ["domain", "tasks", "pipeline", "service"])
def test_the_core_reads_no_files_and_opens_no_sockets(layer: str) -> None:
    opens = re.compile(r"\bopen\(|\.read_text\(|\.read_bytes\(|\.write_text\(|socket\.|subprocess\.|os\.environ")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sorted((ROOT / "adapter" / layer).rglob("*.py"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if opens.search(line)
    ]

    assert found == []

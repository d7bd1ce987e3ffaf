"""Rules of the house that no linter knows."""

import re
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

    assert {name: size for name, size in sizes.items() if size > MAX_LINES and not name.startswith("tests/")} == {}


def test_every_silenced_check_has_a_reason() -> None:
    bare = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in modules()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if BARE_SILENCE.search(line)
    ]

    assert bare == []


def test_nothing_stands_at_the_top_that_does_not_belong_there() -> None:
    tracked = ROOT / ".git"
    if not tracked.exists():
        pytest.skip("not a git checkout")
    names = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}

    assert {
        name for name in names if name not in TOP_LEVEL and not name.endswith((".db", ".db-wal", ".db-shm"))
    } == set()


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

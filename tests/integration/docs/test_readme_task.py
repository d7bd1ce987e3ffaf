"""The README's first task, followed literally: its files, its commands, what it says they print."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.kit.adapter_process import ADAPTER, clean_environment
from tests.unit.docs.pages import blocks, page

_FILE = re.compile(r"^`(my-tasks/[^`]+)`[^\n]*\n\n```\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working directory with the files of the README in it."""
    files = _FILE.findall(page("README.md"))
    assert len(files) == 5
    for name, content in files:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return tmp_path


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    program, *arguments = command.split()
    assert program == "adapter"
    return subprocess.run(  # noqa: S603 - our own command line
        [ADAPTER, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=clean_environment(),
    )


def test_each_command_prints_what_the_readme_shows(folder: Path) -> None:
    transcript = "".join(blocks(page("README.md"), "console"))
    steps = [step.partition("\n") for step in transcript.removeprefix("$ ").split("\n$ ")]
    assert [command.split()[1] for command, _, _ in steps] == ["tasks", "run", "run", "explain"]
    for command, _, shown in steps:
        done = run(command, folder)
        assert (done.stdout + done.stderr).startswith(shown), command
        assert done.returncode == (1 if "refusal" in command else 0), command


def test_a_record_that_breaks_the_contract_never_reaches_the_model(folder: Path) -> None:
    sample = folder / "my-tasks" / "return-reason" / "samples" / "broken-lamp.json"
    sample.write_text(sample.read_text(encoding="utf-8").replace("B-20417", "20417"), encoding="utf-8")
    done = run(f"adapter run return-reason {sample} --tasks my-tasks", folder)
    assert done.returncode == 1
    assert done.stderr.startswith("INPUT_INVALID")
    assert "/order_number" in done.stderr

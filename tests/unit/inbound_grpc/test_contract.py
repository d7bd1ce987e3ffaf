"""The proto files are clean, compatible with what was released, and the committed Python is theirs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
BUF = Path(sys.executable).parent / "buf"
FILES = sorted((ROOT / "proto").glob("llm_adapter/v1/*.proto"))


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - fixed commands


@pytest.mark.parametrize(
    "command",
    [
        (BUF, "lint", "proto"),
        (BUF, "format", "--diff", "--exit-code", "proto"),
        (BUF, "breaking", "proto", "--against", "proto/released.binpb"),
        (sys.executable, "proto/generate.py", "--check"),
    ],
    ids=["lint", "format", "breaking", "generated"],
)
def test_the_contract_passes(command: tuple[str | Path, ...]) -> None:
    done = run(*command)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_field_that_goes_is_noticed_as_breaking(tmp_path: Path) -> None:
    for path in FILES:
        target = tmp_path / path.relative_to(ROOT / "proto")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(path.read_text().replace("  string task_hash = 6;\n", ""))
    done = run(BUF, "breaking", tmp_path, "--against", "proto/released.binpb")
    assert done.returncode != 0
    assert "task_hash" in done.stdout


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_old_compilers_and_java_can_read_it(path: Path) -> None:
    text = path.read_text()
    assert 'syntax = "proto3";' in text
    assert 'java_package = "io.llmadapter.v1"' in text
    assert "java_multiple_files = true" in text
    imports = re.findall(r'import "(.+)";', text)
    assert all(name.startswith(("google/protobuf/", "llm_adapter/v1/")) for name in imports)


def test_the_generated_modules_import_without_a_warning() -> None:
    modules = ", ".join(f"{path.stem}_pb2" for path in FILES)
    done = run(sys.executable, "-W", "error", "-c", f"from llm_adapter.v1 import {modules}")
    assert (done.returncode, done.stderr) == (0, "")

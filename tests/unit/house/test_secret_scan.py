"""The scan for secrets finds one, wherever it is, and fails the run."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.secret_scan import SecretScan
from tests.kit.secrets import made_up
from tests.unit.docs.pages import ROOT


def test_a_secret_in_a_log_is_found_with_its_line(tmp_path: Path) -> None:
    scan, secret = SecretScan(), made_up()
    log = tmp_path / "adapter.log"
    log.write_text(f'{{"event": "started"}}\n{{"event": "key_refused", "key": "{secret}"}}\n')
    scan.watch(log)

    (problem,) = scan.searched().problems

    assert problem.startswith(f"{log}:2: ")
    assert "key_refused" in problem


@pytest.mark.parametrize("name", ["adapter.db", "adapter.db-wal"])
def test_a_secret_in_a_database_or_its_journal_is_found(tmp_path: Path, name: str) -> None:
    scan = SecretScan()
    scan.watch(tmp_path / "adapter.db")
    (tmp_path / name).write_bytes(b"\x00\xff" * 5000 + made_up().encode() + b"\x00")

    assert len(scan.searched().problems) == 1


def test_a_secret_in_a_text_is_found_at_once_and_the_rest_is_clean(tmp_path: Path) -> None:
    scan = SecretScan()
    scan.watch(tmp_path / "nothing.log")
    scan.look("metrics", "adapter_jobs_total 3")
    scan.look("an error", f"401: Incorrect key {made_up()}")

    (problem,) = scan.searched().problems

    assert problem.startswith("an error: ")


@pytest.mark.parametrize("processes", ["0", "1"])
def test_a_run_that_gave_out_a_secret_fails_and_says_where(tmp_path: Path, processes: str) -> None:
    planted = tmp_path / "test_planted.py"
    planted.write_text(
        "from tests.kit.secret_scan import OUTPUTS\nfrom tests.kit.secrets import made_up\n\n"
        "def test_itself_is_green():\n    OUTPUTS.look('a planted place', made_up())\n"
    )
    options = ["-q", "-p", "no:cacheprovider", "-p", "tests.conftest", "--rootdir", str(ROOT), "-c", "pyproject.toml"]
    options += ["-n", processes]

    run = subprocess.run(  # noqa: S603 - our own Python
        [sys.executable, "-m", "pytest", *options, str(planted)], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert run.returncode == 1, run.stdout + run.stderr
    assert "a planted place" in run.stdout
    assert "1 passed" in run.stdout

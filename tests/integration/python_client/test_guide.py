"""The guide of the client does what it says."""

import subprocess
import sys
from pathlib import Path

import pytest
from llm_adapter.testing import SimulatedAdapter

from tests.kit.adapter_process import ROOT
from tests.unit.docs.pages import blocks, page

EXAMPLES = blocks(page("python.md"), "python")
EXPECTED = ("BILLING ACCEPTED\n", "BILLING True\nTrue\n", "{'BILLING'}\n")


@pytest.mark.parametrize("number", range(len(EXPECTED)))
def test_an_example_of_the_guide_runs_as_printed(simulated_adapter: SimulatedAdapter, number: int) -> None:
    program = EXAMPLES[number].replace("127.0.0.1:50051", simulated_adapter.address)

    done = subprocess.run(  # noqa: S603 - the guide's own code
        [sys.executable, "-W", "error", "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.stdout, done.stderr) == (EXPECTED[number], "")


def test_the_tests_of_the_guide_pass(tmp_path: Path) -> None:
    (tmp_path / "test_guide.py").write_text(EXAMPLES[len(EXPECTED)])
    (tmp_path / "pytest.ini").write_text(f"[pytest]\nllm_adapter_tasks = {ROOT / 'examples' / 'tasks'}\n")

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q"], cwd=tmp_path, capture_output=True, text=True, timeout=90, check=False
    )

    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout

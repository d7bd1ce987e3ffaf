"""The Java client's constants say what the error tree says."""

import runpy

from tests.unit.docs.pages import ROOT

GENERATOR = ROOT / "clients" / "java" / "generate_reasons.py"


def test_reasons_java_says_what_the_error_tree_says() -> None:
    generator = runpy.run_path(str(GENERATOR))
    assert generator["TARGET"].read_text() == generator["reasons_java"](), (
        f"run: .venv/bin/python {GENERATOR.relative_to(ROOT)}"
    )

"""What Java knows of reasons says what the error tree says."""

import runpy

from tests.unit.docs.pages import ROOT

GENERATOR = ROOT / "clients" / "java" / "generate_reasons.py"


def test_what_java_knows_of_reasons_is_what_the_error_tree_says() -> None:
    for path, source in runpy.run_path(str(GENERATOR))["sources"]().items():
        assert path.read_text() == source, f"run: .venv/bin/python {GENERATOR.relative_to(ROOT)}"

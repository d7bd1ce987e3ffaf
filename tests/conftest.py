"""For all tests: which database the run is about; how long hypothesis may take, and the same examples in CI."""

import os

import pytest
from hypothesis import settings

from tests.kit.databases import POSTGRESQL, SQLITE, Choice
from tests.kit.secret_scan import OUTPUTS

settings.register_profile("desk", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=(SQLITE, POSTGRESQL), default=SQLITE, help="what the memory is in")
    parser.addoption("--replicas", type=int, default=1, help="serving processes beside each other (postgresql)")


def pytest_configure(config: pytest.Config) -> None:
    Choice.kind = config.getoption("--database")
    Choice.replicas = config.getoption("--replicas")
    for kind in (SQLITE, POSTGRESQL):
        config.addinivalue_line("markers", f"{kind}: only where the run is about it (--database {kind})")
    if Choice.replicas > 1 and Choice.kind == SQLITE:
        raise pytest.UsageError("--replicas: SQLite has exactly one serving process; add --database postgresql")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run whose processes gave out a secret that they were given."""
    if OUTPUTS.problems():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was searched for secrets, and where one was found."""
    problems = OUTPUTS.problems()
    searched = f"{len(list(OUTPUTS.files()))} files and {OUTPUTS.texts} texts of the run's processes were searched"
    if problems:
        terminalreporter.section("secrets were given out", red=True)
        terminalreporter.write_line("\n".join(problems))
    if problems or OUTPUTS.texts:
        terminalreporter.write_line(f"secrets: {searched}, {len(problems)} found")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what the database of this run cannot do."""
    other = SQLITE if Choice.kind == POSTGRESQL else POSTGRESQL
    left_out = [item for item in items if item.get_closest_marker(other)]
    if left_out:
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)

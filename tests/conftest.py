"""For all tests: which database the run is about; how long hypothesis may take, and the same examples in CI."""

import os
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import settings

from tests.kit.databases import POSTGRESQL, SQLITE, Choice
from tests.kit.fork_server import Start
from tests.kit.secret_scan import OUTPUTS, Searched

settings.register_profile("desk", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=(SQLITE, POSTGRESQL), default=SQLITE, help="what the memory is in")
    parser.addoption("--long", action="store_true", help="the long forms of the fault tests")
    parser.addoption("--replicas", type=int, default=1, help="serving processes beside each other (postgresql)")


def pytest_configure(config: pytest.Config) -> None:
    Choice.kind = config.getoption("--database")
    Choice.replicas = config.getoption("--replicas")
    Start.is_forked = True
    for kind in (SQLITE, POSTGRESQL):
        config.addinivalue_line("markers", f"{kind}: only where the run is about it (--database {kind})")
    config.addinivalue_line("markers", "long: only in the long form (--long)")
    config.addinivalue_line("markers", "one_process(why): not in a run with several replicas (--replicas)")
    if Choice.replicas > 1 and Choice.kind == SQLITE:
        raise pytest.UsageError("--replicas: SQLite has exactly one serving process; add --database postgresql")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run whose processes gave out a secret that they were given."""
    searched = OUTPUTS.searched()
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:  # one of several test processes: the run is another's
        output["searched"] = asdict(searched)
    elif searched.problems:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what another test process searched; one that crashed has said nothing."""
    found = getattr(node, "workeroutput", {}).get("searched")
    if found is not None:
        OUTPUTS.add(Searched(**found))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was searched for secrets, and where one was found."""
    found = OUTPUTS.searched()
    searched = f"{found.files} files and {found.texts} texts of the run's processes were searched"
    if found.problems:
        terminalreporter.section("secrets were given out", red=True)
        terminalreporter.write_line("\n".join(found.problems))
    if found.problems or found.texts:
        terminalreporter.write_line(f"secrets: {searched}, {len(found.problems)} found")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what the database of this run cannot do, and what takes long; skip what is about one process."""
    others = [SQLITE if Choice.kind == POSTGRESQL else POSTGRESQL]
    if not config.getoption("--long"):
        others.append("long")
    left_out = [item for item in items if any(item.get_closest_marker(other) for other in others)]
    if left_out:
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)
    for item, mark in ((item, item.get_closest_marker("one_process")) for item in items):
        if mark is not None and Choice.replicas > 1:
            item.add_marker(pytest.mark.skip(reason=f"about one process: {mark.args[0]}"))
    # Of several test processes none shall begin with what takes longest when the others are done.
    items.sort(key=_most_seconds, reverse=True)


def _most_seconds(item: pytest.Item) -> float:
    mark = item.get_closest_marker("timeout")
    return float(mark.args[0]) if mark else 0.0

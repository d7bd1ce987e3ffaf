"""Parts that the fault tests share: a private broker, a ticket, names of their own, and how long the run is to be.

And adapters to break: `broken` makes one, with a simulator that counts its calls.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.broken import Broken
from tests.integration.end_to_end.conftest import SimulatorProcess, ticket
from tests.kit import databases
from tests.kit.rabbitmq import broker, prefix

__all__ = ["broker", "prefix", "ticket"]


@pytest.fixture
def is_long(request: pytest.FixtureRequest) -> bool:
    """True for the long form (--long)."""
    return bool(request.config.getoption("--long"))


@pytest.fixture(scope="session")
def calls_counted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    """Give a model that counts its calls; tests tell theirs by the request id."""
    process = SimulatorProcess(tmp_path_factory.mktemp("simulator"), "--latency", "0.5")
    yield process
    process.stop()


@pytest.fixture
def broken(
    tmp_path: Path,
    calls_counted: SimulatorProcess,
    broker: Any,
    prefix: str,
) -> Iterator[Callable[..., Broken]]:
    """Give adapters to break; on_postgresql=True, or the database of the run."""
    made: list[Broken] = []
    urls: list[str] = []

    def make(*, on_postgresql: bool = False, name: str = "adapter", **settings: Any) -> Broken:
        if on_postgresql and not urls:
            urls.append(databases.clone())
        url = urls[0] if on_postgresql else ""
        made.append(Broken(tmp_path, calls_counted, broker.url, prefix, url, name, settings))
        return made[-1]

    yield make
    for one in made:
        one.close()
    for url in urls:
        databases.drop(url)


@pytest.fixture(autouse=True)
def _databases_go_with_the_test(request: pytest.FixtureRequest) -> Iterator[None]:
    if not databases.is_postgresql():
        yield
        return
    folder: Path = request.getfixturevalue("tmp_path")
    yield
    databases.drop_below(folder)

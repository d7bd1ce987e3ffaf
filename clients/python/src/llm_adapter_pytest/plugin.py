"""Fixtures for the tests of callers: fake_adapter and simulated_adapter, each with a client of its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from llm_adapter import AdapterClient
    from llm_adapter.testing import FakeAdapter, SimulatedAdapter


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the settings of simulated_adapter."""
    models = "Every model that these tasks use; each is simulated."
    parser.addini("llm_adapter_models", models, type="args", default=["default"])
    parser.addini("llm_adapter_tasks", "Folder of task folders for the fixture simulated_adapter.", default="tasks")


@pytest.fixture
def fake_adapter() -> "Iterator[FakeAdapter]":
    """Give an adapter that answers as the test says; see llm_adapter.testing.FakeAdapter."""
    from llm_adapter.testing import FakeAdapter  # noqa: PLC0415 - gRPC is loaded only where it is used

    with FakeAdapter() as adapter:
        yield adapter


@pytest.fixture
def fake_adapter_client(fake_adapter: "FakeAdapter") -> "Iterator[AdapterClient]":
    """Give a client of the fake adapter."""
    from llm_adapter import AdapterClient  # noqa: PLC0415 - as above

    with AdapterClient(fake_adapter.address) as client:
        yield client


@pytest.fixture(scope="session")
def simulated_adapter(pytestconfig: pytest.Config) -> "Iterator[SimulatedAdapter]":
    """Give the real adapter with simulated models and the tasks of llm_adapter_tasks; skips where none is installed."""
    from llm_adapter.testing import SimulatedAdapter  # noqa: PLC0415 - as above
    from llm_adapter.testing.simulated_adapter import find_adapter  # noqa: PLC0415 - as above

    if find_adapter() is None:
        pytest.skip("the command `adapter` is not installed: install it from its repository")
    tasks = pytestconfig.rootpath / Path(pytestconfig.getini("llm_adapter_tasks"))
    with SimulatedAdapter(tasks, models=pytestconfig.getini("llm_adapter_models")) as adapter:
        yield adapter


@pytest.fixture
def simulated_adapter_client(simulated_adapter: "SimulatedAdapter") -> "Iterator[AdapterClient]":
    """Give a client of the simulated adapter."""
    from llm_adapter import AdapterClient  # noqa: PLC0415 - as above

    with AdapterClient(simulated_adapter.address) as client:
        yield client

"""The command line in a folder with a configuration of its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.end_to_end.conftest import SimulatorProcess
from tests.kit.adapter_process import ROOT, AdapterProcess
from tests.kit.command_line import CommandLine
from tests.kit.rabbitmq import broker  # noqa: F401 - a fixture

TASKS = ROOT / "examples" / "tasks"
TICKET = TASKS / "classify-ticket" / "samples" / "01-double-charge.json"
NOBODY = "127.0.0.1:9"  # the discard port: nobody listens there


def write_config(folder: Path, **sections: Any) -> Path:
    """Write adapter.yaml; sections lie over ones that reach nothing outside."""
    defaults: dict[str, Any] = {
        "tasks": str(TASKS),
        "database": {"url": f"sqlite:///{folder}/adapter.db"},
        "grpc": {"listen": "127.0.0.1:0"},
        "http": {"listen": "127.0.0.1:0"},
        "limits": {"model_wait_seconds": 0.2},
    }
    path = folder / "adapter.yaml"
    path.write_text(yaml.safe_dump(defaults | sections))
    return path


@pytest.fixture
def cli(tmp_path: Path) -> CommandLine:
    """Give the command line in the folder of this test, where adapter.yaml is found without being named."""
    write_config(tmp_path)
    return CommandLine(tmp_path)


@pytest.fixture(scope="session")
def faulty_simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    """Give a simulator whose first answer to each request is wrong, and which takes its time."""
    folder = tmp_path_factory.mktemp("simulator")
    process = SimulatorProcess(folder, "--fault", "wrong_enum@each:1", "--latency", "uniform(0.05,0.06)")
    yield process
    process.stop()


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory, broker: Any) -> Iterator[AdapterProcess]:  # noqa: F811 - the fixture
    """Give a service with a broker; its prefix is `cli`."""
    amqp = {"urls": [broker.url], "prefix": "cli", "unknown_task_releases": 0}
    with AdapterProcess(tmp_path_factory.mktemp("service"), {"amqp": amqp}) as process:
        yield process

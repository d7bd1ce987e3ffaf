"""Several replicas on one PostgreSQL and one broker, whatever database the run is about."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.end_to_end.conftest import SimulatorProcess, ticket
from tests.kit import databases
from tests.kit.rabbitmq import broker

__all__ = ["broker", "ticket"]


@pytest.fixture
def database_url() -> Iterator[str]:
    """Give the URL of a PostgreSQL database with this version's schema and nothing in it."""
    url = databases.clone()
    yield url
    databases.drop(url)


@pytest.fixture
def prefix() -> str:
    """Give names at the broker that no other test has."""
    return f"r{uuid.uuid4().hex[:8]}"


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[SimulatorProcess]:
    """Give a model that can be switched and counts its calls."""
    process = SimulatorProcess(tmp_path)
    yield process
    process.stop()


@pytest.fixture
def settings(database_url: str, prefix: str, simulator: SimulatorProcess, broker: Any) -> dict[str, Any]:
    """Give the settings that all replicas share."""
    return shared_settings(database_url, broker.url, prefix, simulator.url)


def shared_settings(database_url: str, broker_url: str, prefix: str, model_url: str = "") -> dict[str, Any]:
    """Return settings of a replica with short waits; without a model's address it simulates."""
    model: dict[str, Any] = {"provider": "simulated", "latency": 1}
    if model_url:
        model = {"provider": "compatible", "base_url": model_url, "model": "simulated", "simulator": True}
    return {
        "database": {"url": database_url, "lease_seconds": 3, "heartbeat_seconds": 1},
        "amqp": {"urls": [broker_url], "prefix": prefix, "relay_poll_seconds": 0.3, "unknown_task_releases": 0},
        "models": {"default": model},
    }

"""A simulated model on a real socket, the adapter's client to it, and a plain one for its switches."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from adapter.domain.model import ModelRequest, Turn
from adapter.outbound.models.endpoint import ModelEndpoint
from adapter.outbound.models.openai_model import OpenAIModel
from adapter.simulator.answers import SampleAnswer
from adapter.simulator.server import SimulatedModelServer
from adapter.simulator.simulation import SimulatorSettings

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "category": {"type": "string", "enum": ["BILLING", "OUTAGE"]},
        "count": {"type": "integer", "minimum": 1},
    },
    "required": ["note", "category", "count"],
    "additionalProperties": False,
}
REQUEST = ModelRequest((Turn("system", "Classify."), Turn("user", "The printer is broken.")), "t", SCHEMA, 400)
ANSWERS = {("t@1.0.0", "known"): SampleAnswer(document={"category": "OUTAGE", "count": 5})}
SETTINGS = SimulatorSettings(retry_after_seconds=0.25, slow_seconds=0.05)


def tagged(**tags: str) -> ModelRequest:
    """The request with tags."""
    return replace(REQUEST, tags={name.replace("_", "-"): value for name, value in tags.items()})


@pytest.fixture
async def server() -> AsyncIterator[SimulatedModelServer]:
    simulated = SimulatedModelServer(SETTINGS, ANSWERS)
    await simulated.start()
    yield simulated
    await simulated.stop()


@pytest.fixture
async def model(server: SimulatedModelServer) -> AsyncIterator[OpenAIModel]:
    url = f"http://127.0.0.1:{server.port}/v1"
    client = OpenAIModel(ModelEndpoint("s", "simulated", "compatible", url, simulator=True))
    yield client
    await client.close()


@pytest.fixture
async def http(server: SimulatedModelServer) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as session:
        yield session

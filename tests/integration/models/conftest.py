"""A scripted endpoint, and models that call it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any, Protocol

import pytest

from adapter.domain.model import ModelRequest, Turn
from adapter.outbound.models.endpoint import ModelEndpoint
from adapter.outbound.models.openai_model import OpenAIModel
from tests.kit.scripted_endpoint import ScriptedEndpoint, scripted_endpoint

REQUEST = ModelRequest(
    turns=(Turn("system", "Classify."), Turn("user", "Customer Hildegard Morgenstern asks for a refund.")),
    schema_name="triage",
    schema={"type": "object", "properties": {"zeta": {"type": "string"}, "alpha": {"type": "string"}}},
    max_output_tokens=400,
)


class Open(Protocol):
    """Makes a model of the scripted endpoint, closed after the test."""

    def __call__(self, **changes: Any) -> OpenAIModel:
        """Changes are laid over a plain compatible endpoint."""


@pytest.fixture
async def endpoint() -> AsyncIterator[ScriptedEndpoint]:
    async with scripted_endpoint() as served:
        yield served


@pytest.fixture
async def open_model(endpoint: ScriptedEndpoint) -> AsyncIterator[Open]:
    async with AsyncExitStack() as stack:

        def build(**changes: Any) -> OpenAIModel:
            settings = {"name": "m", "model": "some-model", "provider": "compatible", "base_url": endpoint.url}
            model = OpenAIModel(ModelEndpoint(**{**settings, **changes}))
            stack.push_async_callback(model.close)
            return model

        yield build


@pytest.fixture
def request_body() -> ModelRequest:
    return REQUEST

"""The whole service inside the test's own process and loop, so that a test can stand on both sides of its sockets."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from adapter.bootstrap import broker as broker_side
from adapter.bootstrap.application import Application
from adapter.broker.link import LinkSettings
from adapter.domain.model import ModelRequest, Reply
from adapter.ports import Model
from adapter.settings import Amqp, Settings
from tests.kit.adapter_process import ROOT
from tests.kit.databases import url_at
from tests.kit.rabbitmq import FAST

TICKET = ROOT / "examples/tasks/classify-ticket/samples"


@contextlib.asynccontextmanager
async def serving(
    folder: Path, broker_url: str, prefix: str, *, heartbeat_seconds: int = 15, **amqp: Any
) -> AsyncIterator[Application]:
    """Serve the example tasks with a simulated model; links come back within moments instead of half a minute."""
    settings = Settings.model_validate(
        {
            "tasks": str(ROOT / "examples" / "tasks"),
            "database": {"url": url_at(folder / "adapter.db"), "lease_seconds": 3, "heartbeat_seconds": 1},
            "grpc": {"listen": "127.0.0.1:0"},
            "http": {"listen": "127.0.0.1:0"},
            "drain_seconds": 2,
            "models": {"default": {"provider": "simulated"}},
            "amqp": {
                "urls": [broker_url],
                "prefix": prefix,
                "relay_poll_seconds": 0.2,
                "heartbeat_seconds": heartbeat_seconds,
                **amqp,
            },
        }
    )
    with patch.object(broker_side, "link_settings", _fast_link_settings):
        application = Application(settings)
    await application.start()
    try:
        yield application
    finally:
        await application.drain()
        await application.close()


_link_settings = broker_side.link_settings


def _fast_link_settings(amqp: Amqp) -> LinkSettings:
    return replace(_link_settings(amqp), **FAST)


class HeldModel:
    """Counts calls, and lets none end before `go` is set."""

    def __init__(self, inner: Model) -> None:
        """Take the model that answers."""
        self.name = inner.name
        self.calls = 0
        self.go = asyncio.Event()
        self._inner = inner

    async def call(self, request: ModelRequest, *, timeout_seconds: float) -> Reply:
        """Wait, then ask."""
        self.calls += 1
        await self.go.wait()
        return await self._inner.call(request, timeout_seconds=timeout_seconds)


def hold_model(application: Application) -> HeldModel:
    """Let the model's calls wait from now on."""
    models = application.core.models
    assert isinstance(models, dict)
    held = HeldModel(models["default"].model)
    models["default"] = replace(models["default"], model=held)
    return held


def side_of(application: Application) -> broker_side.BrokerSide:
    """Its broker side."""
    assert application.broker is not None
    return application.broker


def events_of(application: Application, name: str) -> int:
    """How often something happened to its links and channels."""
    found = application.metrics.registry.get_sample_value("adapter_broker_events_total", {"event": name})
    return int(found or 0)


def ticket_sample() -> bytes:
    """A support ticket that its contract accepts."""
    return min(TICKET.glob("*.json")).read_bytes()

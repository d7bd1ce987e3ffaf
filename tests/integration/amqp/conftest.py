"""Fixtures of the tests with a real broker."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from adapter.broker.link import Link
from adapter.broker.topology import Topology, declare
from adapter.outbound.sql.store import SqlJobStore
from tests.kit.databases import url_at
from tests.kit.rabbitmq import broker, open_link, prefix

if TYPE_CHECKING:
    from deploy.rabbitmq.private_broker import PrivateBroker

__all__ = ["broker", "prefix"]

TASKS = ("classify", "extract")


@pytest.fixture
def topology(prefix: str) -> Topology:
    return Topology(prefix, TASKS)


@pytest.fixture
async def link(broker: "PrivateBroker", topology: Topology) -> AsyncIterator[Link]:
    """A link to a broker that has our objects."""

    async def set_up(opened: Link) -> None:
        await declare(opened, topology)

    async with open_link(broker.url, setup=set_up) as opened:
        yield opened


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlJobStore]:
    opened = SqlJobStore(url_at(tmp_path / "jobs.db"), replica_id="replica-a", lease_seconds=30)
    await opened.open()
    yield opened
    await opened.close()

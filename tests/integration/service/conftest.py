"""A service per test on a database file of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from adapter.outbound.task_folders import load_tasks
from adapter.tasks.catalogue import Catalogue
from tests.integration.service.bench import Service
from tests.kit.adapter_process import ROOT

OpenService = Callable[..., Awaitable[Service]]


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_tasks(ROOT / "examples" / "tasks")


@pytest.fixture
async def open_service(tmp_path: Path, catalogue: Catalogue) -> AsyncIterator[OpenService]:
    """Give a function that opens services on one file, one after the other; each needs a name of its own."""
    opened: list[Service] = []

    async def open_one(**settings: object) -> Service:
        service = Service(tmp_path, catalogue, **settings)  # type: ignore[arg-type]  # tests name settings freely
        opened.append(service)
        return await service.open()

    yield open_one
    for service in opened:
        await service.crash()


@pytest.fixture
async def service(open_service: OpenService) -> Service:
    return await open_service()

"""These tests run in virtual time."""

from collections.abc import Mapping

import pytest

from tests.kit.virtual_time import VirtualClock, VirtualTimeLoop, virtual_time_factories


def pytest_asyncio_loop_factories() -> Mapping[str, type[VirtualTimeLoop]]:
    return virtual_time_factories()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()

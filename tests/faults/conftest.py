"""Parts that the fault tests share: a private broker, a ticket, names of their own, and how long the run is to be."""

import pytest

from tests.integration.end_to_end.conftest import ticket
from tests.kit.rabbitmq import broker, prefix

__all__ = ["broker", "prefix", "ticket"]


@pytest.fixture
def is_long(request: pytest.FixtureRequest) -> bool:
    """True for the long form (--long)."""
    return bool(request.config.getoption("--long"))

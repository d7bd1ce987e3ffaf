"""One private RabbitMQ for the whole test run, and what tests of the broker's users need around it.

A conftest makes the fixture visible: `from tests.kit.rabbitmq import broker  # noqa: F401 - a fixture`.
"""

import asyncio
import atexit
import contextlib
import functools
import importlib.util
import os
import sys
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from adapter.broker.events import EventField, EventHook, ignore_event
from adapter.broker.link import Link, LinkSettings
from tests.kit.ports import lasting_port

if TYPE_CHECKING:
    from deploy.rabbitmq.private_broker import PrivateBroker

_MODULE = Path(__file__).parents[2] / "deploy" / "rabbitmq" / "private_broker.py"


def private_broker_module() -> Any:
    """Load the program that starts private nodes; it is not part of any package."""
    name = "private_broker"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, _MODULE)
        assert spec is not None
        assert spec.loader is not None
        module: Any = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        module.free_port = lasting_port  # which no other test process draws meanwhile
    return sys.modules[name]


@functools.cache
def shared_broker() -> "PrivateBroker":
    """Start the node of this test run, once; it ends with the process."""
    node: PrivateBroker = private_broker_module().PrivateBroker()
    node.start()
    atexit.register(node.stop)
    return node


def require_rabbitmq() -> None:
    """Go on only where RabbitMQ is installed: a loud skip at a desk, a failure in CI."""
    try:
        private_broker_module().find_server()
    except private_broker_module().BrokerError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(f"LOUD: no test of the queue face ran. {error}")


@pytest.fixture(scope="session")
def broker() -> "PrivateBroker":
    """Give the node of this run."""
    require_rabbitmq()
    return shared_broker()


@pytest.fixture
def prefix() -> str:
    """Give names that no other test has."""
    return f"t{uuid.uuid4().hex[:10]}"


FAST: dict[str, Any] = {
    "first_backoff_seconds": 0.02,
    "max_backoff_seconds": 0.2,
    "failed_retry_seconds": 0.3,
    "connect_timeout_seconds": 5.0,
}


@contextlib.asynccontextmanager
async def running(coroutine: Awaitable[None]) -> AsyncIterator["asyncio.Task[None]"]:
    """Run something beside the test, and cancel it at the end."""
    task = asyncio.ensure_future(coroutine)
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@contextlib.asynccontextmanager
async def open_link(
    url: str,
    role: str = "consume",
    *,
    setup: Callable[[Link], Awaitable[None]] | None = None,
    on_event: EventHook = ignore_event,
    **times: Any,
) -> AsyncIterator[Link]:
    """Give a link that is open."""
    settings = LinkSettings(urls=[url], **(FAST | times))
    link = Link(settings, role, setup=setup, on_event=on_event)
    async with running(link.run()):
        await link.wait_open(30)
        yield link


async def eventually(condition: Callable[[], object], within_seconds: float = 60.0) -> None:
    """Wait until a condition holds; fail when it does not in time."""
    deadline = time.monotonic() + within_seconds
    while not condition():
        assert time.monotonic() < deadline, f"not so within {within_seconds} s: {condition}"
        await asyncio.sleep(0.005)


class EventLog:
    """A hook that remembers what it was told."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, EventField]]] = []

    def __call__(self, name: str, fields: Any) -> None:
        self.events.append((name, dict(fields)))

    def names(self) -> list[str]:
        """Names in order."""
        return [name for name, _ in self.events]

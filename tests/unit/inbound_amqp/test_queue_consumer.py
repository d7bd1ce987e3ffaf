"""Taking, settling, pausing, draining; a bug harms one delivery."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from adapter.domain.message import ReceivedMessage
from adapter.inbound.amqp.queue_consumer import QueueConsumer, always_ready
from adapter.service.api import Disposition
from tests.unit.inbound_amqp.fakes import DEADLINE_SECONDS, FakeClock, FakeSource, turns, until
from tests.unit.inbound_amqp.messages import message


class Handler:
    """Settles as told, when told."""

    def __init__(self, disposition: Disposition = Disposition.ACK) -> None:
        self.disposition = disposition
        self.may_end = asyncio.Event()
        self.begun: list[bytes] = []

    async def handle(self, received: ReceivedMessage) -> Disposition:
        self.begun.append(received.body)
        if received.body == b"bug":
            raise ValueError
        await self.may_end.wait()
        return self.disposition


@asynccontextmanager
async def consuming(
    handler: Handler,
    source: FakeSource,
    *,
    ready: Callable[[], Awaitable[None]] = always_ready,
    pause_after_seconds: float = 30.0,
) -> AsyncIterator[QueueConsumer]:
    consumer = QueueConsumer(
        "q", source, handler.handle, clock=FakeClock(), ready=ready, pause_after_seconds=pause_after_seconds
    )
    run = asyncio.create_task(consumer.run())
    try:
        yield consumer
    finally:
        await consumer.drain(0)
        async with asyncio.timeout(DEADLINE_SECONDS):
            await run


@pytest.mark.parametrize(("disposition", "how"), [(Disposition.ACK, "ack"), (Disposition.RELEASE, "release")])
async def test_a_delivery_is_settled_as_the_handler_says(disposition: Disposition, how: str) -> None:
    handler, source = Handler(disposition), FakeSource()
    handler.may_end.set()
    async with consuming(handler, source):
        delivery = source.deliver(message())
        await until(delivery.settled.is_set)
    assert delivery.how == how


async def test_deliveries_are_handled_side_by_side() -> None:
    handler, source = Handler(), FakeSource()
    async with consuming(handler, source) as consumer:
        deliveries = [source.deliver(message()) for _ in range(10)]
        await until(lambda: len(handler.begun) == 10)
        assert consumer.running == 10
        handler.may_end.set()
        await until(lambda: all(delivery.how == "ack" for delivery in deliveries))
        assert consumer.running == 0


async def test_a_bug_in_one_delivery_is_logged_counted_and_harms_no_other() -> None:
    handler, source = Handler(), FakeSource()
    handler.may_end.set()
    with capture_logs() as logs:
        async with consuming(handler, source) as consumer:
            faulty, sound = source.deliver(message(b"bug")), source.deliver(message())
            await until(faulty.settled.is_set)
            await until(sound.settled.is_set)
            assert consumer.health().bugs == 1
    assert (faulty.how, sound.how) == ("release", "ack")
    [line] = [line for line in logs if line["event"] == "delivery_failed"]
    assert line["error_id"]


async def test_nothing_is_taken_until_the_task_is_ready() -> None:
    handler, source, ready = Handler(), FakeSource(), asyncio.Event()

    async def wait_ready() -> None:
        await ready.wait()

    async with consuming(handler, source, ready=wait_ready):
        source.deliver(message())
        await turns()
        assert handler.begun == []
        assert source.log == []
        ready.set()
        await until(lambda: handler.begun)


async def test_a_long_wait_gives_the_queue_back_to_the_broker() -> None:
    handler, source, ready = Handler(), FakeSource(), asyncio.Event()

    async def wait_ready() -> None:
        await ready.wait()

    async with consuming(handler, source, ready=wait_ready, pause_after_seconds=0.01) as consumer:
        await until(lambda: source.log == ["pause"])
        assert consumer.health().is_paused
        ready.set()
        await until(lambda: source.log == ["pause", "resume"])
        await until(lambda: not consumer.health().is_paused)


async def test_what_waited_already_is_given_back_so_much_sooner() -> None:
    handler, source, ready = Handler(), FakeSource(), asyncio.Event()
    source.waiting_since = -3600.0

    async def wait_ready() -> None:
        await ready.wait()

    async with consuming(handler, source, ready=wait_ready, pause_after_seconds=3600.0):
        await until(lambda: source.log == ["pause"])
        ready.set()


async def test_what_came_back_too_often_is_begun_although_nothing_else_is() -> None:
    handler, source, ready = Handler(), FakeSource(), asyncio.Event()

    async def wait_ready() -> None:
        await ready.wait()

    async with consuming(handler, source, ready=wait_ready):
        source.deliver(message(b"fresh"))
        source.deliver(message(b"worn"), is_worn=True)
        await until(lambda: handler.begun == [b"worn"])
        ready.set()
        await until(lambda: handler.begun == [b"worn", b"fresh"])
        handler.may_end.set()


async def test_draining_waits_for_what_is_running() -> None:
    handler, source = Handler(), FakeSource()
    async with consuming(handler, source) as consumer:
        delivery = source.deliver(message())
        await until(lambda: handler.begun)
        draining = asyncio.create_task(consumer.drain(DEADLINE_SECONDS))
        await until(lambda: "drain" in source.log)
        assert delivery.how == ""
        handler.may_end.set()
        await draining
    assert delivery.how == "ack"
    assert source.log[:2] == ["drain", "close"]


async def test_draining_releases_what_does_not_end_in_time() -> None:
    handler, source = Handler(), FakeSource()
    async with consuming(handler, source) as consumer:
        delivery = source.deliver(message())
        await until(lambda: handler.begun)
        await consumer.drain(0.01)
        assert delivery.how == "release"
        assert consumer.running == 0


async def test_nothing_is_begun_while_draining() -> None:
    handler, source = Handler(), FakeSource()
    async with consuming(handler, source) as consumer:
        await until(lambda: source.consuming)
        await consumer.stop_taking()
        source.deliver(message())
        await turns()
        assert handler.begun == []


async def test_cancelling_releases_everything() -> None:
    handler, source = Handler(), FakeSource()
    consumer = QueueConsumer("q", source, handler.handle, clock=FakeClock())
    run = asyncio.create_task(consumer.run())
    delivery = source.deliver(message())
    await until(lambda: handler.begun)
    run.cancel()
    await asyncio.wait({run})
    assert run.cancelled()
    assert delivery.how == "release"

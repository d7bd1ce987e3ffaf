"""Writes share transactions, and only that: results, errors and cancellations stay each write's own."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable

import pytest
from sqlalchemy import Column, Connection, Engine, Integer, MetaData, Table, event, insert, select

from adapter.errors import StoreUnavailable
from adapter.outbound.sql.engine import open_engine, parse_url, writing
from adapter.outbound.sql.writer import GroupSettings, GroupWriter
from adapter.ports import ClaimLostError
from tests.integration.store.samples import DEADLINE_SECONDS, until

_METADATA = MetaData()
_NUMBERS = Table("numbers", _METADATA, Column("number", Integer, primary_key=True))


def put(number: int) -> Callable[[Connection], int]:
    """Return an operation that stores a number."""

    def operation(connection: Connection) -> int:
        connection.execute(insert(_NUMBERS), {"number": number})
        return number

    return operation


class Writing:
    """A writer with a table of numbers, a count of commits, and a way to keep its thread busy."""

    def __init__(self, engine: Engine, settings: GroupSettings) -> None:
        self.engine = engine
        self.commits = 0
        self.writer = GroupWriter(engine, settings)
        event.listen(engine, "commit", self._count)

    def _count(self, _connection: Connection) -> None:
        self.commits += 1

    def numbers(self) -> list[int]:
        """Return what is stored."""
        with self.engine.connect() as connection:
            return list(connection.execute(select(_NUMBERS.c.number).order_by(_NUMBERS.c.number)).scalars())

    async def busy(self) -> "Busy":
        """Keep the writer's thread in a transaction until released."""
        busy = Busy(asyncio.get_running_loop())
        busy.task = asyncio.create_task(self.writer.submit(busy.operation, "busy"))
        await asyncio.wait_for(busy.begun.wait(), DEADLINE_SECONDS)
        return busy


class Busy:
    """An operation that waits."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.begun = asyncio.Event()
        self.release = threading.Event()
        self.task: asyncio.Task[None] | None = None

    def operation(self, _connection: Connection) -> None:
        """Wait in the writer's thread."""
        self._loop.call_soon_threadsafe(self.begun.set)
        self.release.wait(DEADLINE_SECONDS)


@pytest.fixture
async def group(database_url: str) -> AsyncIterator[Writing]:
    engine = open_engine(parse_url(database_url), connections=3, busy_seconds=1)
    with writing(engine) as connection:
        _METADATA.create_all(connection)
    writing_group = Writing(engine, GroupSettings(linger_seconds=0.001, max_group=50, max_waiting=100))
    writing_group.writer.start()
    yield writing_group
    await writing_group.writer.close()
    engine.dispose()


async def queued(group: Writing, operations: list[Callable[[Connection], int]]) -> list[int | BaseException]:
    """Run operations that all wait while the thread is busy, so that they make one group."""
    busy = await group.busy()
    tasks = [asyncio.create_task(group.writer.submit(operation, "k")) for operation in operations]
    await asyncio.sleep(0)
    group.commits = 0
    busy.release.set()
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_waiting_writes_share_one_commit(group: Writing) -> None:
    assert await queued(group, [put(number) for number in range(40)]) == list(range(40))
    assert group.commits == 2  # the busy one, and the group
    assert group.numbers() == list(range(40))


async def test_a_group_is_bounded(group: Writing) -> None:
    await queued(group, [put(number) for number in range(90)])
    assert group.commits == 3


async def test_a_write_that_fails_does_not_hurt_the_others(group: Writing) -> None:
    def broken(connection: Connection) -> int:
        put(7)(connection)
        raise ZeroDivisionError

    operations = [put(1), put(1), broken, put(2), put(3)]
    one, twice, zero, two, three = await queued(group, operations)
    assert (one, two, three) == (1, 2, 3)
    assert type(twice).__name__ == "IntegrityError"
    assert isinstance(zero, ZeroDivisionError)
    assert group.numbers() == [1, 2, 3]


async def test_a_lost_claim_costs_the_group_nothing(group: Writing) -> None:
    def lost(_connection: Connection) -> int:
        raise ClaimLostError

    one, claim, two = await queued(group, [put(1), lost, put(2)])
    assert (one, two) == (1, 2)
    assert isinstance(claim, ClaimLostError)
    assert group.commits == 2


async def test_a_cancelled_caller_takes_no_other_write_with_it(group: Writing) -> None:
    busy = await group.busy()
    tasks = [asyncio.create_task(group.writer.submit(put(number), "k")) for number in range(5)]
    await asyncio.sleep(0)
    tasks[2].cancel()
    busy.release.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert group.numbers() == [0, 1, 3, 4]


async def test_a_write_whose_caller_left_during_the_transaction_is_undone(group: Writing) -> None:
    undone: list[str] = []

    def undo(_connection: Connection, result: str) -> None:
        undone.append(result)

    busy = Busy(asyncio.get_running_loop())

    def operation(connection: Connection) -> str:
        busy.operation(connection)
        return "written"

    task = asyncio.create_task(group.writer.submit(operation, "k", undo=undo))
    await busy.begun.wait()
    task.cancel()
    busy.release.set()

    async def is_undone() -> bool:
        return bool(undone)

    await until(is_undone)
    assert task.cancelled()
    assert undone == ["written"]


async def test_a_result_that_meets_a_cancellation_is_undone(group: Writing) -> None:
    undone: list[int] = []
    tasks: list[asyncio.Task[int]] = []

    def undo(_connection: Connection, result: int) -> None:
        undone.append(result)

    async def cancelling() -> None:
        await group.writer.submit(put(1), "a")
        tasks[0].cancel()  # its result is set, but it has not run since

    other = asyncio.create_task(cancelling())
    tasks.append(asyncio.create_task(group.writer.submit(put(2), "b", undo=undo)))
    await asyncio.gather(other, *tasks, return_exceptions=True)

    async def is_settled() -> bool:
        return bool(undone) == tasks[0].cancelled()

    await until(is_settled)


async def test_a_full_queue_refuses_ordinary_writes_and_takes_a_heartbeat(group: Writing) -> None:
    busy = await group.busy()
    tasks = [asyncio.create_task(group.writer.submit(put(number), "k")) for number in range(100)]
    await asyncio.sleep(0)
    with pytest.raises(StoreUnavailable, match="Too many"):
        await group.writer.submit(put(100), "k")
    urgent = asyncio.create_task(group.writer.submit(put(101), "k", is_urgent=True))
    await asyncio.sleep(0)
    busy.release.set()
    assert await urgent == 101
    await asyncio.gather(*tasks)


async def test_a_lone_write_does_not_linger(database_url: str) -> None:
    engine = open_engine(parse_url(database_url), connections=2, busy_seconds=1)
    with writing(engine) as connection:
        _METADATA.create_all(connection)
    writer = GroupWriter(engine, GroupSettings(linger_seconds=DEADLINE_SECONDS * 2))
    writer.start()
    async with asyncio.timeout(DEADLINE_SECONDS):
        assert await writer.submit(put(1), "k") == 1
    await writer.close()
    engine.dispose()


async def test_closing_writes_what_waits_and_refuses_what_comes(group: Writing) -> None:
    busy = await group.busy()
    waiting = asyncio.create_task(group.writer.submit(put(1), "k"))
    await asyncio.sleep(0)
    closing = asyncio.create_task(group.writer.close())
    await asyncio.sleep(0)
    with pytest.raises(StoreUnavailable, match="not open"):
        await group.writer.submit(put(2), "k")
    busy.release.set()
    await closing
    assert await waiting == 1
    assert group.numbers() == [1]

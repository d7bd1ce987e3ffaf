"""A PostgreSQL that is away, stands still or is in the way of itself: every wait ends, and it serves again."""

import asyncio
import itertools
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from random import Random
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import Connection, text

from adapter.domain.job import State
from adapter.errors import StoreUnavailable
from adapter.outbound.sql import SqlJobStore, migrate
from adapter.outbound.sql.engine import open_engine, parse_url
from adapter.outbound.sql.writer import GroupSettings, GroupWriter
from adapter.ports import Recorded, RunningNow
from tests.integration.store.samples import (
    DEADLINE_SECONDS,
    LEASE_SECONDS,
    OTHER_ROUTE,
    ROUTE,
    SUCCESS,
    answer,
    claimed,
    finished,
    new_job,
    until,
)
from tests.kit.databases import private_postgres_module

if TYPE_CHECKING:
    from deploy.postgres.private_postgres import PrivatePostgres

pytestmark = pytest.mark.postgresql

BUSY_SECONDS = 2.0
_ALL_LINES = 1_000_000


@pytest.fixture(scope="module")
def server() -> Iterator["PrivatePostgres"]:
    """Give a server of our own, to be mistreated."""
    with private_postgres_module().PrivatePostgres() as started:
        migrate.upgrade(started.url)
        yield started


@pytest.fixture
async def store(server: "PrivatePostgres") -> AsyncIterator[SqlJobStore]:
    server.sql("TRUNCATE jobs, replicas CASCADE")
    opened = SqlJobStore(
        server.url, replica_id="a", lease_seconds=LEASE_SECONDS, is_alone=False, busy_seconds=BUSY_SECONDS
    )
    await opened.open()
    yield opened
    await opened.close()


async def test_after_a_restart_nothing_is_lost_and_nobody_notices(
    server: "PrivatePostgres", store: SqlJobStore
) -> None:
    job = await finished(store, new_job())
    claim = await claimed(store, new_job("r-2"))
    server.crash()
    server.start()

    assert await store.get(job.job_id) == job
    assert (await store.finish(claim, SUCCESS, None))[0].state is State.SUCCEEDED
    await store.heartbeat()


async def test_while_it_is_down_reads_and_writes_say_so(server: "PrivatePostgres", store: SqlJobStore) -> None:
    server.stop_server()
    try:
        for question in (store.get("j"), store.claim(new_job()), store.heartbeat(), store.check()):
            with pytest.raises(StoreUnavailable, match="cannot be used"):
                await question
    finally:
        server.start()
    await store.check()


async def test_a_server_that_stands_still_is_unavailable_within_a_bound(
    server: "PrivatePostgres", store: SqlJobStore
) -> None:
    await finished(store, new_job())  # the connections are there
    server.freeze()
    try:
        begun = time.monotonic()
        results = await asyncio.gather(
            store.claim(new_job("r-2")), store.get("j"), store.heartbeat(), return_exceptions=True
        )
        seconds = time.monotonic() - begun
    finally:
        server.thaw()

    assert {type(result) for result in results} == {StoreUnavailable}
    assert seconds < 30, "a connection in use is cut after 6 s, a new one given up after 5 s"

    async def is_well() -> bool:
        try:
            await store.check()
        except StoreUnavailable:
            return False
        return True

    assert await until(is_well)
    await claimed(store, new_job("r-2"))


async def test_a_row_that_somebody_else_keeps_locked_is_waited_for_so_long(
    server: "PrivatePostgres", store: SqlJobStore
) -> None:
    claim = await claimed(store, new_job())
    with psycopg.connect(server.url) as foreign:
        foreign.execute("SELECT * FROM jobs FOR UPDATE")
        with pytest.raises(StoreUnavailable, match="timeout"):
            await store.finish(claim, SUCCESS, None)
    assert (await store.finish(claim, SUCCESS, None))[0].state is State.SUCCEEDED


async def test_who_works_on_a_job_or_how_it_ended_is_found_out_without_waiting_for_whoever_writes_it(
    server: "PrivatePostgres", store: SqlJobStore
) -> None:
    """A broker that lost a replica gives all its messages to others, who ask, while it writes: they must not meet."""
    ended = await finished(store, new_job("r-1"))
    running = await claimed(store, new_job("r-2"))
    other = SqlJobStore(
        server.url, replica_id="b", lease_seconds=LEASE_SECONDS, is_alone=False, busy_seconds=BUSY_SECONDS
    )
    await other.open()
    with psycopg.connect(server.url) as foreign:  # it writes, and has not committed
        foreign.execute("UPDATE jobs SET remark = remark")
        for asked in (store, other):
            assert await asked.claim(new_job("r-1")) == Recorded(ended)
            assert await asked.claim(new_job("r-2")) == RunningNow(running.job.job_id, "a")
            assert await asked.claim_stored(running.job.job_id) == RunningNow(running.job.job_id, "a")
    await other.close()


async def test_replicas_that_end_jobs_and_ask_for_those_of_the_other_meet_in_no_deadlock(
    server: "PrivatePostgres",
) -> None:
    """Each has jobs, ends them, answers and marks what was sent, while the other gets the same messages."""
    server.sql("TRUNCATE jobs, replicas CASCADE")
    both = [SqlJobStore(server.url, replica_id=one, lease_seconds=LEASE_SECONDS, is_alone=False) for one in "ab"]
    for store in both:
        await store.open()
    order = Random(1)
    ids = [f"r-{order.random()}" for _ in range(300)]
    owners = {one: order.sample(both, 2) for one in ids}
    claims = {one: await claimed(owners[one][0], new_job(one)) for one in ids}

    async def end(one: str) -> None:
        owner, other = owners[one]
        job, sent = await owner.finish(claims[one], SUCCESS, answer, [ROUTE, OTHER_ROUTE])
        marks = [owner.publication_sent(publication) for publication in sent]
        await asyncio.gather(*marks, other.publish_again(job, sent))

    async def ask(one: str) -> None:
        for _ in range(3):
            await owners[one][1].claim(new_job(one))

    before = server.log_tail(_ALL_LINES).count("deadlock detected")
    doing: list[Awaitable[None]] = [act(one) for act in (end, ask) for one in ids]
    order.shuffle(doing)

    async def work() -> None:
        while doing:
            await doing.pop()

    await asyncio.gather(*(work() for _ in range(60)))
    for store in both:
        await store.close()

    assert server.log_tail(_ALL_LINES).count("deadlock detected") == before


async def test_a_statement_without_an_end_is_ended(store: SqlJobStore) -> None:
    engine = store.engine
    with engine.connect() as connection, pytest.raises(Exception, match="statement timeout"):
        connection.execute(text("SELECT pg_sleep(60)"))


async def test_replicas_that_meet_in_a_deadlock_both_get_through(server: "PrivatePostgres") -> None:
    both_hold_one = threading.Barrier(2)
    visit = text("UPDATE meeting SET visits = visits + 1 WHERE name = :name")

    def locking(first: str, second: str) -> Callable[[Connection], str]:
        tries = itertools.count()

        def operation(connection: Connection) -> str:
            connection.execute(visit, {"name": first})
            if next(tries) == 0:
                both_hold_one.wait(DEADLINE_SECONDS)
            connection.execute(visit, {"name": second})
            return first

        return operation

    server.sql("CREATE TABLE meeting AS SELECT name, 0 AS visits FROM unnest(ARRAY['a', 'b']) AS name")
    engines = [open_engine(parse_url(server.url), connections=2, busy_seconds=DEADLINE_SECONDS) for _ in range(2)]
    writers = [GroupWriter(engine, GroupSettings()) for engine in engines]
    for writer in writers:
        writer.start()

    done = await asyncio.gather(writers[0].submit(locking("a", "b"), "k"), writers[1].submit(locking("b", "a"), "k"))

    assert list(done) == ["a", "b"]
    assert server.sql("SELECT visits FROM meeting") == "2\n2"
    assert "deadlock detected" in server.log_tail(200)
    for writer, engine in zip(writers, engines, strict=True):
        await writer.close()
        engine.dispose()
    server.sql("DROP TABLE meeting")

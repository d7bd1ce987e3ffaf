"""What is past its time goes, in batches, with everything that hangs on it; what is open stays."""

import re
from typing import Any

import pytest
from sqlalchemy import Table, event

from adapter.domain.job import Origin
from adapter.outbound.sql import SqlJobStore, tables
from tests.integration.store.conftest import RowsOf
from tests.integration.store.samples import (
    FAILURE,
    PAYLOAD,
    REPLY,
    ROUTE,
    TURNS,
    USAGE,
    answer,
    call,
    claimed,
    new_job,
    ticket,
    until,
)

LONG = 3600.0
WALKED = ("jobs", "calls", "past_calls", "publications")
WALK = re.compile(r"Seq Scan|SCAN \w+")


async def ended_job(store: SqlJobStore, request_id: str) -> str:
    """End a job that has every kind of detail; returns its id."""
    new = new_job(request_id, origin=Origin.SUBMITTED)
    await store.submit(new, PAYLOAD, ROUTE, ticket(f"ticket-{request_id}", new.job_id))
    claim = await claimed(store, new)
    await store.call_started(claim, call(1), TURNS)
    await store.call_ended(claim, call(1, REPLY))
    await store.finish(claim, FAILURE, answer, [ROUTE], keep_payload=PAYLOAD)
    return new.job_id


async def test_old_jobs_go_in_batches_with_all_that_hangs_on_them(store: SqlJobStore, rows_of: RowsOf) -> None:
    for number in range(5):
        await ended_job(store, f"r-{number}")
    counts = []

    async def is_empty() -> bool:
        counts.append(await store.retain(jobs_seconds=0.0, replies_seconds=LONG, limit=2))
        return not rows_of(tables.jobs)

    await until(is_empty)
    assert max(counts) == 2
    assert sum(counts) == 5
    hanging: list[Table] = [tables.job_labels, tables.job_routes, tables.payloads, tables.calls, tables.publications]
    assert {table.name: len(rows_of(table)) for table in hanging} == dict.fromkeys((table.name for table in hanging), 0)
    await claimed(store, new_job("r-0", content_hash="hash-2"))


async def test_a_young_job_stays(store: SqlJobStore) -> None:
    job_id = await ended_job(store, "r-1")
    assert await store.retain(jobs_seconds=LONG, replies_seconds=LONG, limit=10) == 0
    assert await store.get(job_id) is not None


async def test_prompts_and_replies_go_earlier_and_their_numbers_stay(store: SqlJobStore) -> None:
    job_id = await ended_job(store, "r-1")

    async def dropped() -> int:
        return await store.retain(jobs_seconds=LONG, replies_seconds=0.0, limit=10)

    assert await until(dropped) == 1
    (detail,) = await store.calls(job_id)
    assert detail.turns == ()
    assert detail.call.reply is not None
    assert (detail.call.reply.text, detail.call.reply.usage) == (None, USAGE)
    assert await store.retain(jobs_seconds=LONG, replies_seconds=0.0, limit=10) == 0


@pytest.mark.parametrize("origin", list(Origin))
async def test_an_open_job_stays_unless_nobody_stands_for_it(store: SqlJobStore, origin: Origin) -> None:
    new = new_job(origin=origin)
    if origin is Origin.SUBMITTED:
        await store.submit(new, PAYLOAD, None, None)
    else:
        await store.release(await claimed(store, new))
    running = await claimed(store, new_job("r-running"))

    async def settled() -> bool:
        await store.retain(jobs_seconds=0.0, replies_seconds=LONG, limit=10)
        return (await store.get(new.job_id) is None) == (origin is not Origin.SUBMITTED)

    await until(settled)
    assert await store.get(running.job.job_id) is not None


async def test_retention_walks_through_no_table(store: SqlJobStore) -> None:
    await ended_job(store, "r-1")
    asked: list[tuple[str, Any]] = []

    def note(*call: Any) -> None:
        asked.append((call[2], call[3]))

    event.listen(store.engine, "before_cursor_execute", note)
    await store.retain(jobs_seconds=LONG, replies_seconds=LONG, limit=10)
    event.remove(store.engine, "before_cursor_execute", note)

    looked_up = [one for one in asked if any(f"FROM {name}" in one[0] for name in WALKED)]
    plans = [plan_of(store, statement, values) for statement, values in looked_up]
    assert len(plans) == 5
    assert [plan for plan in plans if WALK.search(plan)] == []


def plan_of(store: SqlJobStore, statement: str, values: Any) -> str:
    """Ask how a statement would be run in a database that is too large to walk through."""
    is_sqlite = store.engine.dialect.name == "sqlite"
    with store.engine.connect() as connection:
        if not is_sqlite:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        explain = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
        return "\n".join(str(row[-1]) for row in connection.exec_driver_sql(explain + statement, values))


async def test_sent_answers_of_refused_requests_go_by_their_age(store: SqlJobStore, rows_of: RowsOf) -> None:
    await store.discard(None, [ticket("sent", "job-of-it"), ticket("pending", "job-of-it")])
    await store.publication_sent(ticket("sent", "job-of-it"))

    async def dropped() -> int:
        return await store.retain(jobs_seconds=0.0, replies_seconds=LONG, limit=10)

    assert await until(dropped) == 1
    assert [row.publication_id for row in rows_of(tables.publications)] == ["pending"]

"""What the memory costs: claim, call started, call ended, finish with one publication, for many jobs side by side.

Run by hand: `.venv/bin/python -m tests.bench.store_bench [--jobs 20000] [--concurrency 200] [--database postgresql]`.
PostgreSQL is a private server that waits for the disk, as a real one does.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvloop

from adapter.domain.job import Attempt, Job, Origin, Outcome, Result, Route, State, Verdict
from adapter.domain.message import Answer
from adapter.domain.model import FinishReason, Reply, Turn
from adapter.domain.usage import Usage
from adapter.outbound.sql import SqlJobStore, migrate
from adapter.outbound.system_clock import SystemClock
from adapter.ports import Claim, NewJob, StoredCall
from tests.kit.databases import POSTGRESQL, SQLITE, private_postgres_module

TURNS = (Turn("system", "Sort the ticket. " * 20), Turn("user", "x" * 1024))
REPLY = Reply('{"category":"BILLING","summary":"' + "y" * 300 + '"}', FinishReason.STOP, Usage(300, 0, 80, 0, 1))
ROUTE = Route("adapter.results", "classify-ticket.v1.succeeded.crm", "corr")
OUTCOME = Outcome(State.SUCCEEDED, Result((REPLY.text or "").encode(), Verdict.ACCEPTED), usage=REPLY.usage)


def answer(job: Job) -> Answer:
    """Return what is published."""
    body = job.result.content if job.result else b""
    return Answer(body, "application/json", "classify-ticket.v1.succeeded", {"llm-job-id": job.job_id})


async def one_job(store: SqlJobStore, clock: SystemClock, number: int) -> None:
    """Write what one job writes."""
    new = NewJob(clock.new_id(), "crm", f"r-{number}", "hash", Origin.QUEUED, "classify-ticket", "classify-ticket@1")
    claim = await store.claim(new)
    assert isinstance(claim, Claim)
    call = StoredCall(1, "default", clock.now())
    await store.call_started(claim, call, TURNS)
    await store.call_ended(claim, StoredCall(1, "default", call.start_time, 0.5, REPLY))
    attempt = Attempt("default", "m", "", "json_schema", "stop", REPLY.usage, call.start_time, 0.5)
    _, publications = await store.finish(claim, OUTCOME, answer, [ROUTE], attempts=[attempt])
    for publication in publications:
        await store.publication_sent(publication)


@contextmanager
def database(kind: str) -> Iterator[str]:
    """Give the URL of a new database."""
    if kind == SQLITE:
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{Path(folder) / 'bench.db'}"
        return
    with private_postgres_module().PrivatePostgres() as server:
        migrate.upgrade(server.url)
        yield server.url


async def bench(url: str, jobs: int, concurrency: int, linger_seconds: float) -> None:
    """Run the jobs and print the figures."""
    clock = SystemClock()
    numbers = iter(range(jobs))

    async def worker() -> None:
        for number in numbers:
            await one_job(store, clock, number)

    store = SqlJobStore(url, replica_id="bench", lease_seconds=60, linger_seconds=linger_seconds)
    await store.open()
    begun, cpu = time.perf_counter(), time.process_time()
    async with asyncio.TaskGroup() as group:
        for _ in range(concurrency):
            group.create_task(worker())
    seconds, cpu_seconds = time.perf_counter() - begun, time.process_time() - cpu
    await store.close()
    rate, cpu_us = jobs / seconds, cpu_seconds / jobs * 1e6
    print(f"{jobs} jobs, {concurrency} at once: {rate:.0f} jobs/s, {cpu_us:.0f} µs CPU per job")  # noqa: T201 - its output


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=20_000)
    parser.add_argument("--concurrency", type=int, default=200)
    parser.add_argument("--linger", type=float, default=0.003, help="seconds")
    parser.add_argument("--database", choices=(SQLITE, POSTGRESQL), default=SQLITE)
    arguments = parser.parse_args()
    with database(arguments.database) as url:
        uvloop.run(bench(url, arguments.jobs, arguments.concurrency, arguments.linger))


if __name__ == "__main__":
    main()

"""What jobs waited for: written for people, while they wait."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import Connection, Insert, bindparam, select, update

from adapter.domain.job import Job
from adapter.outbound.sql.dialect import insert_into
from adapter.outbound.sql.tables import jobs, waits
from adapter.outbound.sql.times import from_us, some_from_us, to_us
from adapter.ports.operators import Wait

_OF_JOB = select(waits).where(waits.c.job_id == bindparam("of_job")).order_by(waits.c.since)
_ENDED = (
    update(waits)
    .where(waits.c.job_id == bindparam("of_job"), waits.c.since == bindparam("began"))
    .values(until=bindparam("ended"))
)


@cache
def _began(dialect_name: str) -> Insert:
    """Insert from the job's row: one that is gone waits for nothing."""
    columns = ("since", "revision", "reason")
    values = select(jobs.c.job_id, *(bindparam(name, type_=waits.c[name].type) for name in columns))
    statement = insert_into(waits, dialect_name).from_select(
        ["job_id", *columns], values.where(jobs.c.job_id == bindparam("of_job"))
    )
    return statement.on_conflict_do_nothing(index_elements=["job_id", "since"])


def began(connection: Connection, job: Job, reason: str, since: datetime) -> None:
    """Note that a job waits."""
    values = {"of_job": job.job_id, "since": to_us(since), "revision": job.revision, "reason": reason}
    connection.execute(_began(connection.dialect.name), values)


def ended(connection: Connection, job_id: str, since: datetime, until: datetime) -> None:
    """Note that it no longer does."""
    connection.execute(_ENDED, {"of_job": job_id, "began": to_us(since), "ended": to_us(until)})


def of_job(connection: Connection, job_id: str) -> Mapping[int, Sequence[Wait]]:
    """Return what a job waited for, by revision, oldest first."""
    found: dict[int, list[Wait]] = {}
    for row in connection.execute(_OF_JOB, {"of_job": job_id}):
        found.setdefault(row.revision, []).append(Wait(row.reason, from_us(row.since), some_from_us(row.until)))
    return found

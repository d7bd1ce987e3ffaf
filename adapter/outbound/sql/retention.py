"""Forgetting what is past its time, in small batches so that nobody waits behind them.

Jobs go with all that hangs on them once they ended so long ago, and so do runs that nobody came back for. Of calls the
prompts and replies go earlier, their numbers stay. Sent answers of requests that never became a job go by their age.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, Update, and_, bindparam, delete, select, update

from adapter.domain.job import Origin
from adapter.outbound.sql import tables
from adapter.outbound.sql.dialect import now_us
from adapter.outbound.sql.statements import PENDING

_JOBS = tables.jobs
_PUBLICATIONS = tables.publications
_BEFORE = now_us() - bindparam("age_us")

_ENDED = and_(_JOBS.c.finish_time.is_not(None), _JOBS.c.finish_time < _BEFORE)
_ABANDONED = and_(_JOBS.c.state == PENDING, _JOBS.c.origin != str(Origin.SUBMITTED), _JOBS.c.create_time < _BEFORE)


def _old(condition: ColumnElement[bool]) -> Select[Any]:
    """Several replicas do this beside each other: what one has in hand, the others leave."""
    return select(_JOBS.c.job_id).where(condition).limit(bindparam("limit")).with_for_update(skip_locked=True)


# One statement for each index; of "either, or" planners make a walk through the whole table.
_OLD_JOBS = (_old(_ENDED), _old(_ABANDONED))
_DELETE_JOBS = delete(_JOBS).where(_JOBS.c.job_id.in_(bindparam("job_ids", expanding=True)))
_DELETE_PUBLICATIONS = delete(_PUBLICATIONS).where(_PUBLICATIONS.c.job_id.in_(bindparam("job_ids", expanding=True)))


def _old_words(calls: Table) -> tuple[Select[Any], Update, Sequence[str]]:
    """Which calls have prompt and reply for too long, how one of them loses them, and the parameters that name it."""
    old = (
        select(*calls.primary_key.columns)
        .where(calls.c.turns.is_not(None), calls.c.sent_time < _BEFORE, calls.c.is_ended)
        .limit(bindparam("limit"))
        .with_for_update(skip_locked=True)
    )
    key = {f"this_{column.name}": column for column in calls.primary_key.columns}
    this = [column == bindparam(name) for name, column in key.items()]
    return old, update(calls).where(*this).values(turns=None, reply=None), tuple(key)


_OLD_WORDS = (_old_words(tables.calls), _old_words(tables.past_calls))

_ORPHANS = (
    select(_PUBLICATIONS.c.publication_id)
    .where(
        _PUBLICATIONS.c.job_id == "",
        _PUBLICATIONS.c.state != PENDING,
        _PUBLICATIONS.c.create_time < _BEFORE,
    )
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_DELETE_ORPHANS = delete(_PUBLICATIONS).where(_PUBLICATIONS.c.publication_id.in_(_ORPHANS.scalar_subquery()))


@dataclass(frozen=True, slots=True)
class Plan:
    """How old jobs and replies may get, and how many rows go at once."""

    jobs_us: int
    replies_us: int
    limit: int


def retain(connection: Connection, plan: Plan) -> int:
    """Forget one batch of what is past its time; returns how many rows."""
    count = _delete_jobs(connection, plan.jobs_us, plan.limit)
    count += _drop_words(connection, plan.replies_us, plan.limit - count)
    orphans = {"age_us": plan.jobs_us, "limit": plan.limit - count}
    return count + connection.execute(_DELETE_ORPHANS, orphans).rowcount


def _delete_jobs(connection: Connection, age_us: int, limit: int) -> int:
    count = 0
    for old_jobs in _OLD_JOBS:
        values = {"age_us": age_us, "limit": limit - count}
        job_ids = connection.execute(old_jobs, values).scalars().all()
        if job_ids:
            connection.execute(_DELETE_PUBLICATIONS, {"job_ids": job_ids})
            connection.execute(_DELETE_JOBS, {"job_ids": job_ids})
        count += len(job_ids)
    return count


def _drop_words(connection: Connection, age_us: int, limit: int) -> int:
    count = 0
    for old_calls, forget, names in _OLD_WORDS:
        rows = connection.execute(old_calls, {"age_us": age_us, "limit": limit - count}).all()
        if rows:
            connection.execute(forget, [dict(zip(names, row, strict=True)) for row in rows])
        count += len(rows)
    return count

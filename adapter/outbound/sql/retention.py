"""Forgetting what is past its time, in small batches so that nobody waits behind them.

Jobs go with all that hangs on them once they ended so long ago, and so do runs that nobody came back for. Of calls the
prompts and replies go earlier, their numbers stay. Sent answers of requests that never became a job go by their age.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, and_, bindparam, delete, or_, select, update

from adapter.domain.job import Origin
from adapter.outbound.sql import tables
from adapter.outbound.sql.dialect import now_us
from adapter.outbound.sql.statements import PENDING

_JOBS = tables.jobs
_CALLS = tables.calls
_PUBLICATIONS = tables.publications
_BEFORE = now_us() - bindparam("age_us")

_ENDED = and_(_JOBS.c.finish_time.is_not(None), _JOBS.c.finish_time < _BEFORE)
_ABANDONED = and_(_JOBS.c.state == PENDING, _JOBS.c.origin != str(Origin.SUBMITTED), _JOBS.c.create_time < _BEFORE)
# Several replicas do this beside each other: what one has in hand, the others leave.
_OLD_JOBS = (
    select(_JOBS.c.job_id).where(or_(_ENDED, _ABANDONED)).limit(bindparam("limit")).with_for_update(skip_locked=True)
)
_DELETE_JOBS = delete(_JOBS).where(_JOBS.c.job_id.in_(bindparam("job_ids", expanding=True)))
_DELETE_PUBLICATIONS = delete(_PUBLICATIONS).where(_PUBLICATIONS.c.job_id.in_(bindparam("job_ids", expanding=True)))

_OLD_CALLS = (
    select(_CALLS.c.job_id, _CALLS.c.number)
    .where(_CALLS.c.turns.is_not(None), _CALLS.c.sent_time < _BEFORE, _CALLS.c.is_ended)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_FORGET_WORDS = (
    update(_CALLS)
    .where(_CALLS.c.job_id == bindparam("of_job"), _CALLS.c.number == bindparam("call_number"))
    .values(turns=None, reply=None)
)

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
    job_ids = connection.execute(_OLD_JOBS, {"age_us": age_us, "limit": limit}).scalars().all()
    if job_ids:
        connection.execute(_DELETE_PUBLICATIONS, {"job_ids": job_ids})
        connection.execute(_DELETE_JOBS, {"job_ids": job_ids})
    return len(job_ids)


def _drop_words(connection: Connection, age_us: int, limit: int) -> int:
    rows = connection.execute(_OLD_CALLS, {"age_us": age_us, "limit": limit}).all()
    if rows:
        keys = [{"of_job": row.job_id, "call_number": row.number} for row in rows]
        connection.execute(_FORGET_WORDS, keys)
    return len(rows)

"""Conditions that several topics share: is an owner alive, is a claim still good, what has a lost run cost."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Insert, and_, bindparam, case, exists, func, literal, literal_column, select

from adapter.outbound.sql.dialect import insert_into, now_us
from adapter.outbound.sql.tables import calls, jobs, replicas

# Literals, not parameters: partial indexes are used only for a condition that says the same.
RUNNING: ColumnElement[str] = literal_column("'RUNNING'")
PENDING: ColumnElement[str] = literal_column("'PENDING'")


def is_live(owner: ColumnElement[str | None]) -> ColumnElement[bool]:
    """The replica in this column has a lease that still runs; :away_us, if it is given, counts against none."""
    return exists().where(replicas.c.replica_id == owner, replicas.c.lease_until > now_us() - bindparam("away_us", 0))


def is_claimed() -> ColumnElement[bool]:
    """The job of :claimed_job still runs under :claimed_token."""
    return and_(
        jobs.c.job_id == bindparam("claimed_job"),
        jobs.c.token == bindparam("claimed_token"),
        jobs.c.state == RUNNING,
    )


def lost_work_us() -> ColumnElement[int]:
    """Time that a lost run worked: its calls, the one that was open until the owner's last heartbeat."""
    beats = select(replicas.c.beat_time).where(replicas.c.replica_id == jobs.c.owner)
    last_beat = beats.correlate(jobs).scalar_subquery()
    spent = case(
        (calls.c.is_ended, calls.c.duration_us),
        (last_beat > calls.c.sent_time, last_beat - calls.c.sent_time),
        else_=0,
    )
    total = select(func.coalesce(func.sum(spent), 0)).where(
        calls.c.job_id == jobs.c.job_id, calls.c.token == jobs.c.token
    )
    return total.correlate(jobs).scalar_subquery()


def insert_job(dialect_name: str, given: Iterable[str], **said: ColumnElement[Any] | bool | int | str) -> Insert:
    """Insert a job of the given parameters and what is said of it, unless its request is known.

    An insert alone would wait for whoever writes the known one just now.
    """
    values: dict[str, ColumnElement[Any]] = {name: bindparam(name, type_=jobs.c[name].type) for name in given}
    for name, value in {**said, "revision": 1, "work_us": 0, "create_time": now_us()}.items():
        values[name] = value if isinstance(value, ColumnElement) else literal(value, jobs.c[name].type)
    is_known = exists().where(jobs.c.client == values["client"], jobs.c.request_id == values["request_id"])
    statement = insert_into(jobs, dialect_name).from_select(list(values), select(*values.values()).where(~is_known))
    return statement.on_conflict_do_nothing(index_elements=["client", "request_id"])

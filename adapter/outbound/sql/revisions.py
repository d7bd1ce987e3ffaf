"""Revisions of a job: its row is the newest; a retry moves the outcome and the calls before it into the history."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Insert, Row, Select, bindparam, delete, insert, select, update

from adapter.domain.job import Job, Origin, Route, State
from adapter.domain.message import Publication
from adapter.domain.payload import Payload
from adapter.outbound.sql import calls, job_details, publications, tables
from adapter.outbound.sql.dialect import now_us
from adapter.outbound.sql.rows import job_of
from adapter.outbound.sql.statements import PENDING
from adapter.outbound.sql.tables import CALL_COLUMNS, REVISION_COLUMNS, jobs
from adapter.outbound.sql.times import from_us
from adapter.ports import CallDetail
from adapter.ports.operators import Obstacle, PastRevision, PickedJob

_REVISIONS = tables.revisions
_PAST_CALLS = tables.past_calls
_OF_REQUEST = ("job_id", "request_id", "client", "task", "labels", "create_time", "traceparent")

_KNOWN = select(jobs).where(jobs.c.job_id == bindparam("of_job")).with_for_update()
_KEEP_CALLS = insert(_PAST_CALLS).from_select(
    ["job_id", "revision", "number", *CALL_COLUMNS],
    select(
        tables.calls.c.job_id,
        bindparam("of_revision", type_=_PAST_CALLS.c.revision.type),
        tables.calls.c.number,
        *(tables.calls.c[name] for name in CALL_COLUMNS),
    ).where(tables.calls.c.job_id == bindparam("of_job")),
)
_MOVE_CALLS = delete(tables.calls).where(tables.calls.c.job_id == bindparam("of_job"))
# Of a deadline nothing is left: whoever asks again decides that the answer still matters.
_REOPEN = (
    update(jobs)
    .where(jobs.c.job_id == bindparam("of_job"))
    .values(
        {
            **dict.fromkeys(REVISION_COLUMNS),
            "task_version": "",
            "task_hash": "",
            "state": PENDING,
            "revision": jobs.c.revision + 1,
            "origin": str(Origin.SUBMITTED),
            "owner": None,
            "claims": 0,
            "work_us": 0,
            "deadline": None,
            "cancel_time": None,
        }
    )
)


def _keep_outcome() -> Insert:
    kept = select(jobs.c.job_id, jobs.c.revision, now_us(), *(jobs.c[name] for name in REVISION_COLUMNS))
    return insert(_REVISIONS).from_select(
        ["job_id", "revision", "retry_time", *REVISION_COLUMNS], kept.where(jobs.c.job_id == bindparam("of_job"))
    )


_KEEP_OUTCOME = _keep_outcome()


def _past() -> Select[Any]:
    return (
        select(
            *(jobs.c[name] for name in _OF_REQUEST),
            _REVISIONS.c.revision,
            _REVISIONS.c.retry_time,
            *(_REVISIONS.c[name] for name in REVISION_COLUMNS),
        )
        .join(_REVISIONS, _REVISIONS.c.job_id == jobs.c.job_id)
        .where(jobs.c.job_id == bindparam("of_job"))
    )


_ALL_PAST = _past().order_by(_REVISIONS.c.revision)
_NEWEST_PAST = _past().order_by(_REVISIONS.c.revision.desc()).limit(1)
_CALLS_OF_PAST = (
    select(_PAST_CALLS)
    .where(_PAST_CALLS.c.job_id == bindparam("of_job"), _PAST_CALLS.c.revision == bindparam("of_revision"))
    .order_by(_PAST_CALLS.c.number)
)


def retry(
    connection: Connection,
    job: PickedJob,
    ticket: Publication | None,
    routes: Sequence[Route],
    payload: Payload | None,
) -> Obstacle | None:
    """Make the next revision; see ports.OperatorStore. The ticket belongs to nobody, so that the relay finds it."""
    row = connection.execute(_KNOWN, {"of_job": job.job_id}).one_or_none()
    if row is None:
        return Obstacle.NOT_FOUND
    if row.revision != job.revision:
        # Its COMMIT was not answered the first time, or two asked for the same.
        return None if row.revision == job.revision + 1 else Obstacle.CHANGED
    if not State(row.state).is_end:
        return Obstacle.NOT_FINISHED
    payload = job_details.payload(connection, job.job_id) or payload
    if payload is None:
        return Obstacle.PAYLOAD_NOT_KEPT
    _reopen(connection, row)
    job_details.store(connection, job.job_id, payload, routes)
    publications.store(connection, [ticket] if ticket else [], None)
    return None


def _reopen(connection: Connection, row: Row[Any]) -> None:
    this = {"of_job": row.job_id}
    connection.execute(_KEEP_OUTCOME, this)
    connection.execute(_KEEP_CALLS, {**this, "of_revision": row.revision})
    connection.execute(_MOVE_CALLS, this)
    connection.execute(_REOPEN, this)


def recorded(connection: Connection, row: Row[Any]) -> Job | None:
    """Return the newest outcome that is recorded of a job whose newest revision is still open; None = none is."""
    if row.revision == 1 or State(row.state).is_end:
        return None
    past = connection.execute(_NEWEST_PAST, {"of_job": row.job_id}).one_or_none()
    return None if past is None else job_of(past)


def all_past(connection: Connection, job_id: str) -> Sequence[PastRevision]:
    """Return every outcome that was retried, oldest first."""
    return [
        PastRevision(job_of(row), from_us(row.retry_time), _calls_of(connection, row))
        for row in connection.execute(_ALL_PAST, {"of_job": job_id}).all()
    ]


def _calls_of(connection: Connection, row: Row[Any]) -> Sequence[CallDetail]:
    rows = connection.execute(_CALLS_OF_PAST, {"of_job": row.job_id, "of_revision": row.revision})
    return [calls.detail_of(one) for one in rows]

"""Questions about jobs."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, select

from adapter.domain.job import Job, State
from adapter.errors import JobRemark, concrete_errors
from adapter.outbound.sql import calls, tables
from adapter.outbound.sql.paging import Page, next_token, older_than
from adapter.outbound.sql.rows import job_of
from adapter.outbound.sql.statements import RUNNING
from adapter.outbound.sql.times import to_us
from adapter.ports import JobFilter

_JOBS = tables.jobs
_LABELS = tables.job_labels
_GET = select(_JOBS).where(_JOBS.c.job_id == bindparam("job_id"))
_FIND = select(_JOBS).where(_JOBS.c.client == bindparam("client"), _JOBS.c.request_id == bindparam("request_id"))
_NEWEST_FIRST = select(_JOBS).order_by(_JOBS.c.create_time.desc(), _JOBS.c.job_id.desc())
_TO_CANCEL = select(_JOBS.c.job_id).where(
    _JOBS.c.owner == bindparam("owner"), _JOBS.c.state == RUNNING, _JOBS.c.cancel_time.is_not(None)
)


def get(connection: Connection, job_id: str) -> Job | None:
    """Return a job with its attempts."""
    return _whole_job(connection, connection.execute(_GET, {"job_id": job_id}).one_or_none())


def find(connection: Connection, client: str, request_id: str) -> Job | None:
    """Return the job of a request, with its attempts."""
    values = {"client": client, "request_id": request_id}
    return _whole_job(connection, connection.execute(_FIND, values).one_or_none())


def page(connection: Connection, selection: JobFilter, asked: Page) -> tuple[Sequence[Job], str]:
    """Return one page, newest first. Jobs without an outcome come without attempts."""
    statement = _NEWEST_FIRST.where(*conditions(selection)).limit(asked.size + 1)
    if asked.after is not None:
        statement = statement.where(older_than(_JOBS.c.create_time, _JOBS.c.job_id, asked.after))
    rows = connection.execute(statement).all()
    token = next_token(asked, [(row.create_time, row.job_id) for row in rows])
    return [job_of(row) for row in rows[: asked.size]], token


def to_cancel(connection: Connection, owner: str) -> Sequence[str]:
    """Return ids of owner's running jobs that somebody asked to cancel."""
    return connection.execute(_TO_CANCEL, {"owner": owner}).scalars().all()


def _whole_job(connection: Connection, row: Row[Any] | None) -> Job | None:
    if row is None:
        return None
    state = State(row.state)
    if state.is_end:
        return job_of(row)
    running_token = row.token if state is State.RUNNING else None
    return job_of(row, calls.attempts(connection, row.job_id, running_token=running_token))


def conditions(selection: JobFilter) -> list[ColumnElement[bool]]:
    """What holds for the jobs of a filter."""
    named = ((_JOBS.c.task, selection.task), (_JOBS.c.verdict, selection.verdict), (_JOBS.c.client, selection.client))
    found: list[ColumnElement[bool]] = [column == str(value) for column, value in named if value]
    if selection.reason:
        found.append(_has_reason(selection.reason))
    if selection.states:
        found.append(_JOBS.c.state.in_([str(state) for state in selection.states]))
    if selection.created_from is not None:
        found.append(_JOBS.c.create_time >= to_us(selection.created_from))
    if selection.created_before is not None:
        found.append(_JOBS.c.create_time < to_us(selection.created_before))
    for key, value in selection.labels.items():
        has_label = select(_LABELS.c.job_id).where(_LABELS.c.key == key, _LABELS.c.value == value)
        found.append(_JOBS.c.job_id.in_(has_label))
    return found


def _has_reason(reason: str) -> ColumnElement[bool]:
    """The reason of the error, or of the remark, which is JSON that begins with it."""
    is_error = _JOBS.c.reason == reason
    if reason not in {remark.reason for remark in concrete_errors(JobRemark)}:
        return is_error
    return is_error | _JOBS.c.remark.startswith(f'{{"reason":"{reason}"', autoescape=True)

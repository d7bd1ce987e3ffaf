"""Messages that follow from what was stored, until they are confirmed or given up.

A publication belongs to the replica that stored it; once that lapsed, or gave it back after a failure, to whoever asks.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Insert,
    Row,
    and_,
    bindparam,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)

from adapter.domain.job import Job, JobError, Route
from adapter.domain.message import Answer, Publication
from adapter.domain.publication import REVISION_HEADER, publication_of
from adapter.errors import JobRemark, Retryable, concrete_errors
from adapter.outbound.sql import json_text, tables
from adapter.outbound.sql.dialect import insert_into, now_us
from adapter.outbound.sql.message_rows import outgoing_values, publication_of_row
from adapter.outbound.sql.statements import PENDING, is_live
from adapter.outbound.sql.times import from_us, seconds_to_us, some_from_us

_PUBLICATIONS = tables.publications
_SENT: ColumnElement[str] = literal_column("'SENT'")
_UNDELIVERABLE: ColumnElement[str] = literal_column("'UNDELIVERABLE'")
_IS_PENDING = _PUBLICATIONS.c.state == PENDING
_THIS = update(_PUBLICATIONS).where(_PUBLICATIONS.c.publication_id == bindparam("this_id"))

_DUE = (
    select(_PUBLICATIONS.c.publication_id)
    .where(
        _IS_PENDING,
        _PUBLICATIONS.c.next_time <= now_us(),
        or_(
            _PUBLICATIONS.c.owner.is_(None),
            and_(_PUBLICATIONS.c.owner != bindparam("adopter"), ~is_live(_PUBLICATIONS.c.owner)),
        ),
    )
    .order_by(_PUBLICATIONS.c.next_time)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_ADOPT = (
    update(_PUBLICATIONS)
    .where(_PUBLICATIONS.c.publication_id.in_(_DUE.scalar_subquery()))
    .values(owner=bindparam("adopter"))
    .returning(_PUBLICATIONS)
)
_MARK_SENT = _THIS.values(
    state=_SENT, owner=None, sent_time=now_us(), tries=_PUBLICATIONS.c.tries + 1, body=b"", detail=""
)
_MARK_FAILED = _THIS.where(_IS_PENDING).values(
    owner=None,
    tries=_PUBLICATIONS.c.tries + 1,
    next_time=now_us() + bindparam("retry_us"),
    detail=bindparam("what"),
)
_GIVE_UP = (
    _THIS.where(_IS_PENDING)
    .values(state=_UNDELIVERABLE, owner=None, tries=_PUBLICATIONS.c.tries + 1, detail=bindparam("what"))
    .returning(_PUBLICATIONS.c.job_id)
)
_SEND_AGAIN = _THIS.values(
    state=PENDING,
    owner=None,
    tries=0,
    create_time=now_us(),
    next_time=now_us(),
    detail="",
    envelope=bindparam("new_envelope"),
    body=bindparam("new_body"),
)
_REVISION_OF = select(tables.jobs.c.revision).where(tables.jobs.c.job_id == bindparam("of_job"))
_REMARK = update(tables.jobs).where(tables.jobs.c.job_id == bindparam("of_job")).values(remark=bindparam("what"))
_FORGET_JOB = delete(_PUBLICATIONS).where(_PUBLICATIONS.c.job_id == bindparam("of_job"))
_COUNT_PENDING = select(func.count()).select_from(_PUBLICATIONS).where(_IS_PENDING)
_OF_JOB = (
    select(_PUBLICATIONS)
    .where(_PUBLICATIONS.c.job_id == bindparam("of_job"))
    .order_by(_PUBLICATIONS.c.create_time, _PUBLICATIONS.c.publication_id)
)


@cache
def _insert(dialect_name: str) -> Insert:
    """Insert, or send again what is stored already: same id, same message."""
    statement = insert_into(_PUBLICATIONS, dialect_name).values(
        state=PENDING, tries=0, create_time=now_us(), next_time=now_us(), detail=""
    )
    again = {
        "state": PENDING,
        "owner": statement.excluded.owner,
        "next_time": statement.excluded.next_time,
        "envelope": statement.excluded.envelope,
        "body": statement.excluded.body,
    }
    return statement.on_conflict_do_update(index_elements=["publication_id"], set_=again)


def store(connection: Connection, publications: Iterable[Publication], owner: str | None) -> None:
    """Keep publications until they are confirmed; owner is going to send them, None = whoever finds them first."""
    some = sorted(publications, key=lambda publication: publication.publication_id)
    rows = [{**outgoing_values(publication), "owner": owner} for publication in some]
    if rows:
        connection.execute(_insert(connection.dialect.name), rows)
    say_remarks(connection, some)


def say_remarks(connection: Connection, publications: Iterable[Publication]) -> None:
    """Note on the jobs what their answers have to say of them."""
    for job_id, remark in {one.job_id: one.remark for one in publications if one.remark is not None}.items():
        _say(connection, job_id, remark)


def answer_routes(
    connection: Connection, job: Job, answer: Callable[[Job], Answer] | None, routes: Iterable[Route], owner: str
) -> tuple[Job, tuple[Publication, ...]]:
    """Store the answer of a job for each route, once per message id; the job comes with what the answer says of it."""
    different_routes = dict.fromkeys(routes)
    if answer is None or not different_routes or job.finish_time is None:
        return job, ()
    content = answer(job)
    by_id: dict[str, Publication] = {}
    for route in different_routes:
        publication = publication_of(job.job_id, job.revision, content, route, int(job.finish_time.timestamp()))
        by_id.setdefault(publication.publication_id, publication)
    store(connection, by_id.values(), owner)
    return replace(job, remark=content.remark or job.remark), tuple(by_id.values())


def adopt_due(connection: Connection, limit: int, owner: str) -> Sequence[Publication]:
    """Take publications that nobody sends any more; they belong to owner now."""
    rows = connection.execute(_ADOPT, {"limit": limit, "adopter": owner}).all()
    return [publication_of_row(row) for row in sorted(rows, key=lambda row: row.next_time)]


def mark_sent(connection: Connection, publication_id: str) -> None:
    """Note the confirm; the body is dropped, the rest stays for people."""
    connection.execute(_MARK_SENT, {"this_id": publication_id})


def mark_failed(connection: Connection, publication_id: str, detail: str, retry_in_seconds: float) -> None:
    """Count a try, and let anybody send it later."""
    retry_us = seconds_to_us(retry_in_seconds)
    values = {"this_id": publication_id, "what": json_text.storable(detail), "retry_us": retry_us}
    connection.execute(_MARK_FAILED, values)


def give_up(connection: Connection, publication_id: str, remark_reason: str, detail: str) -> None:
    """Stop trying, and say so on the job."""
    values = {"this_id": publication_id, "what": json_text.storable(detail)}
    job_id = connection.execute(_GIVE_UP, values).scalar_one_or_none()
    if job_id is not None:
        _say(connection, job_id, _remark(remark_reason, detail))


def _say(connection: Connection, job_id: str, remark: JobError) -> None:
    connection.execute(_REMARK, {"of_job": job_id, "what": json_text.write(remark)})


def _remark(reason: str, detail: str) -> JobError:
    for known in concrete_errors(JobRemark):
        if known.reason == reason:
            error = known()
            return JobError(reason, f"{error.message} ({detail})" if detail else error.message, error.retryable)
    return JobError(reason, detail, Retryable.FIX)


def forget_job(connection: Connection, job_id: str) -> None:
    """Delete the publications of a job that is forgotten."""
    connection.execute(_FORGET_JOB, {"of_job": job_id})


def results_of(connection: Connection, job_id: str) -> Sequence[Publication]:
    """Return what carries the outcome of the job's newest revision."""
    revision = connection.execute(_REVISION_OF, {"of_job": job_id}).scalar_one_or_none()
    stored = [publication_of_row(row) for row in connection.execute(_OF_JOB, {"of_job": job_id})]
    return [one for one in stored if one.message.properties.headers.get(REVISION_HEADER) == revision]


def send_again(connection: Connection, results: Iterable[Publication]) -> None:
    """Let whoever finds them first send messages of a job once more, as patiently as the first time; the remark goes.

    Of what was erased meanwhile nothing is sent.
    """
    for one in results:
        connection.execute(_SEND_AGAIN, {"this_id": one.publication_id, **_message_values(one)})
        connection.execute(_REMARK, {"of_job": one.job_id, "what": None})


def _message_values(publication: Publication) -> dict[str, object]:
    values = outgoing_values(publication)
    return {"new_envelope": values["envelope"], "new_body": values["body"]}


def has_unsent_result(job_id: ColumnElement[str]) -> ColumnElement[bool]:
    """A message with the outcome of this job waits to be sent; a ticket has no body."""
    return exists().where(_PUBLICATIONS.c.job_id == job_id, _IS_PENDING, func.length(_PUBLICATIONS.c.body) > 0)


def count_pending(connection: Connection) -> int:
    """Count what waits to be confirmed."""
    return connection.execute(_COUNT_PENDING).scalar_one()


def of_job(connection: Connection, job_id: str) -> Sequence[Mapping[str, Any]]:
    """Return a job's publications as records for people."""
    return [_record(row) for row in connection.execute(_OF_JOB, {"of_job": job_id})]


def _record(row: Row[Any]) -> Mapping[str, Any]:
    envelope = json_text.read(row.envelope)
    return {
        "publication_id": row.publication_id,
        "exchange": envelope["exchange"],
        "routing_key": envelope["routing_key"],
        "type": envelope["properties"].get("type", ""),
        "revision": envelope["properties"]["headers"].get(REVISION_HEADER, 0),
        "correlation_id": envelope["properties"].get("correlation_id", ""),
        "state": row.state,
        "tries": row.tries,
        "create_time": from_us(row.create_time),
        "next_time": from_us(row.next_time) if row.state == "PENDING" else None,
        "sent_time": some_from_us(row.sent_time),
        "detail": row.detail,
    }

"""What hangs on a job and lives in tables of its own: labels (to filter by), routes, payload."""

from collections.abc import Sequence
from dataclasses import astuple
from functools import cache

from sqlalchemy import Connection, Insert, bindparam, delete, insert, select, update

from adapter.domain.job import Route
from adapter.domain.payload import Payload
from adapter.outbound.sql import json_text
from adapter.outbound.sql.dialect import insert_into
from adapter.outbound.sql.tables import job_labels, job_routes, jobs, payloads
from adapter.ports import NewJob

_INSERT_LABELS = insert(job_labels)
_DELETE_LABELS = delete(job_labels).where(job_labels.c.job_id == bindparam("of_job"))
_ROUTES = select(job_routes.c.route).where(job_routes.c.job_id == bindparam("of_job")).order_by(job_routes.c.route)
_PAYLOAD = select(payloads).where(payloads.c.job_id == bindparam("of_job"))
_DELETE_PAYLOAD = delete(payloads).where(payloads.c.job_id == bindparam("of_job"))
_MARK_STORED = update(jobs).where(jobs.c.job_id == bindparam("of_job")).values(is_stored=True)


@cache
def _add_route(dialect_name: str) -> Insert:
    return insert_into(job_routes, dialect_name).on_conflict_do_nothing(index_elements=["job_id", "route"])


@cache
def _put_payload(dialect_name: str) -> Insert:
    statement = insert_into(payloads, dialect_name)
    newer = {name: statement.excluded[name] for name in ("content", "content_type", "charset")}
    return statement.on_conflict_do_update(index_elements=["job_id"], set_=newer)


def add_labels(connection: Connection, new: NewJob) -> None:
    """Store the labels of a new job."""
    _insert_labels(connection, new.job_id, new)


def replace_labels(connection: Connection, job_id: str, new: NewJob) -> None:
    """Store the labels of a repeat instead of the first."""
    connection.execute(_DELETE_LABELS, {"of_job": job_id})
    _insert_labels(connection, job_id, new)


def _insert_labels(connection: Connection, job_id: str, new: NewJob) -> None:
    if new.labels:
        rows = [{"job_id": job_id, "key": key, "value": value} for key, value in new.labels.items()]
        connection.execute(_INSERT_LABELS, rows)


def store(connection: Connection, job_id: str, payload: Payload, routes: Sequence[Route]) -> None:
    """Keep what a job needs to be worked on and answered without its request: its payload, and more routes."""
    put_payload(connection, job_id, payload)
    add_routes(connection, job_id, routes)
    connection.execute(_MARK_STORED, {"of_job": job_id})


def add_routes(connection: Connection, job_id: str, routes: Sequence[Route]) -> None:
    """Remember more places to answer to; the same one counts once."""
    for route in routes:
        text = json_text.write(list(astuple(route)))
        connection.execute(_add_route(connection.dialect.name), {"job_id": job_id, "route": text})


def routes(connection: Connection, job_id: str) -> Sequence[Route]:
    """Return the places to answer to."""
    return [Route(*json_text.read(text)) for text in connection.execute(_ROUTES, {"of_job": job_id}).scalars()]


def put_payload(connection: Connection, job_id: str, payload: Payload) -> None:
    """Keep a payload."""
    values = {
        "job_id": job_id,
        "content": payload.content,
        "content_type": payload.content_type,
        "charset": payload.charset,
    }
    connection.execute(_put_payload(connection.dialect.name), values)


def payload(connection: Connection, job_id: str) -> Payload | None:
    """Return the stored payload."""
    row = connection.execute(_PAYLOAD, {"of_job": job_id}).one_or_none()
    return None if row is None else Payload(bytes(row.content), row.content_type, row.charset)


def drop_payload(connection: Connection, job_id: str) -> None:
    """Forget the stored payload."""
    connection.execute(_DELETE_PAYLOAD, {"of_job": job_id})

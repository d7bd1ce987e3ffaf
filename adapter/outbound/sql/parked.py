"""Parked messages: kept byte-identical until a person replays or discards them."""

from collections.abc import Sequence
from functools import cache

from sqlalchemy import Connection, Insert, bindparam, delete, literal_column, select, update

from adapter.domain.message import ParkedMessage
from adapter.outbound.sql import tables
from adapter.outbound.sql.dialect import insert_into, now_us
from adapter.outbound.sql.message_rows import parked_of_row, parked_values
from adapter.outbound.sql.paging import Page, next_token, older_than

_PARKED = tables.parked
_THIS = _PARKED.c.parked_id == bindparam("this_id")
_GET = select(_PARKED).where(_THIS)
_REPLAYED = update(_PARKED).where(_THIS).values(replay_time=now_us())
_DISCARD = delete(_PARKED).where(_THIS)
_FORGET_JOB = delete(_PARKED).where(_PARKED.c.job_id == bindparam("of_job"), _PARKED.c.job_id != literal_column("''"))
_NEWEST_FIRST = select(_PARKED).order_by(_PARKED.c.park_time.desc(), _PARKED.c.parked_id.desc())


@cache
def _insert(dialect_name: str) -> Insert:
    statement = insert_into(_PARKED, dialect_name).values(park_time=now_us())
    return statement.on_conflict_do_nothing(index_elements=["parked_id"])


def park(connection: Connection, parked: ParkedMessage | None) -> None:
    """Keep a message, if there is one; the same id is kept once."""
    if parked is not None:
        connection.execute(_insert(connection.dialect.name), parked_values(parked))


def page(connection: Connection, asked: Page) -> tuple[Sequence[ParkedMessage], str]:
    """Return one page, newest first."""
    statement = _NEWEST_FIRST.limit(asked.size + 1)
    if asked.after is not None:
        statement = statement.where(older_than(_PARKED.c.park_time, _PARKED.c.parked_id, asked.after))
    rows = connection.execute(statement).all()
    token = next_token(asked, [(row.park_time, row.parked_id) for row in rows])
    return [parked_of_row(row) for row in rows[: asked.size]], token


def get(connection: Connection, parked_id: str) -> ParkedMessage | None:
    """Return one message."""
    row = connection.execute(_GET, {"this_id": parked_id}).one_or_none()
    return None if row is None else parked_of_row(row)


def mark_replayed(connection: Connection, parked_id: str) -> None:
    """Note that it was replayed just now."""
    connection.execute(_REPLAYED, {"this_id": parked_id})


def discard(connection: Connection, parked_id: str) -> bool:
    """Delete it; False = there was none."""
    return connection.execute(_DISCARD, {"this_id": parked_id}).rowcount == 1


def forget_job(connection: Connection, job_id: str) -> None:
    """Delete the messages of a job that is erased."""
    connection.execute(_FORGET_JOB, {"of_job": job_id})

"""Which finished jobs an operator means: batches, oldest first. What ends after the first is not among them."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, exists, or_, select, tuple_

from adapter.domain.client import DEFAULT_CLIENT
from adapter.domain.job import State
from adapter.errors import InvalidRequest
from adapter.outbound.sql import jobs, publications, tables
from adapter.outbound.sql.dialect import now_us
from adapter.ports.operators import PickedJob, Selection

_JOBS = tables.jobs
_PICKED = (
    select(
        _JOBS.c.job_id,
        _JOBS.c.request_id,
        _JOBS.c.client,
        _JOBS.c.task,
        _JOBS.c.state,
        _JOBS.c.revision,
        _JOBS.c.create_time,
        _JOBS.c.traceparent,
        exists().where(tables.payloads.c.job_id == _JOBS.c.job_id).label("has_payload"),
        publications.has_unsent_result(_JOBS.c.job_id).label("has_unsent_result"),
    )
    .where(_JOBS.c.finish_time.is_not(None))
    .order_by(_JOBS.c.create_time, _JOBS.c.job_id)
)
_NOW = select(now_us())


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a batch begins: behind a job, among those that had ended when all of it began."""

    begun_us: int
    create_time: int = 0
    job_id: str = ""


def pick(connection: Connection, selection: Selection, limit: int, token: str) -> tuple[Sequence[PickedJob], str]:
    """Return one batch; see ports.OperatorStore."""
    place = _read(token) if token else _Place(connection.execute(_NOW).scalar_one())
    rows = connection.execute(_behind(place, selection).limit(limit + 1)).all()
    shown = rows[:limit]
    next_token = _token(_Place(place.begun_us, shown[-1].create_time, shown[-1].job_id)) if rows[limit:] else ""
    return [_picked(row) for row in shown], next_token


def _behind(place: _Place, selection: Selection) -> Select[Any]:
    chosen: list[ColumnElement[bool]] = [_JOBS.c.finish_time <= place.begun_us, *jobs.conditions(selection.filter)]
    if place.job_id:
        chosen.append(tuple_(_JOBS.c.create_time, _JOBS.c.job_id) > tuple_(place.create_time, place.job_id))
    if selection.job_ids or selection.request_ids:
        chosen.append(_named(selection))
    return _PICKED.where(*chosen)


def _named(selection: Selection) -> ColumnElement[bool]:
    client = selection.filter.client or DEFAULT_CLIENT
    by_request = and_(_JOBS.c.client == client, _JOBS.c.request_id.in_(list(selection.request_ids)))
    return or_(_JOBS.c.job_id.in_(list(selection.job_ids)), by_request)


def _picked(row: Row[Any]) -> PickedJob:
    return PickedJob(
        job_id=row.job_id,
        request_id=row.request_id or "",
        client=row.client,
        task=row.task,
        state=State(row.state),
        revision=row.revision,
        has_payload=bool(row.has_payload),
        has_unsent_result=bool(row.has_unsent_result),
        traceparent=row.traceparent,
    )


def _token(place: _Place) -> str:
    return urlsafe_b64encode(orjson.dumps([place.begun_us, place.create_time, place.job_id])).decode()


def _read(token: str) -> _Place:
    try:
        begun_us, create_time, job_id = orjson.loads(urlsafe_b64decode(token.encode()))
        return _Place(int(begun_us), int(create_time), str(job_id))
    except (ValueError, TypeError) as exc:
        raise InvalidRequest("resume_token: is not one of ours. Send the one that was last received, or none.") from exc

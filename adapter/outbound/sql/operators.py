# ruff: noqa: D102 - the methods have the docstrings of the port
"""The OperatorStore in SQL: what is done to one job is one write, which shares a transaction with those of others."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, delete, select

from adapter.domain.job import Job, Origin, Route, State
from adapter.domain.message import Publication
from adapter.domain.payload import Payload
from adapter.outbound.sql import parked, picking, publications, revisions, tables, waits
from adapter.outbound.sql.reader import Reader
from adapter.outbound.sql.write_lanes import WriteLanes
from adapter.ports.operators import History, Obstacle, OperatorStore, PickedJob, Selection

_KNOWN = (
    select(
        tables.jobs.c.state,
        tables.jobs.c.revision,
        publications.has_unsent_result(tables.jobs.c.job_id).label("is_unsent"),
    )
    .where(tables.jobs.c.job_id == bindparam("of_job"))
    .with_for_update(of=tables.jobs)
)
_ORIGINS = (
    select(tables.jobs.c.origin, tables.revisions.c.origin.label("first_origin"))
    .outerjoin(
        tables.revisions, and_(tables.revisions.c.job_id == tables.jobs.c.job_id, tables.revisions.c.revision == 1)
    )
    .where(tables.jobs.c.job_id == bindparam("of_job"))
)
_ERASE = delete(tables.jobs).where(tables.jobs.c.job_id == bindparam("of_job"))


class SqlOperatorStore(OperatorStore):
    """Reads and writes beside the JobStore, through the same lanes."""

    def __init__(self, writer: WriteLanes, reader: Reader) -> None:
        """Both are opened and closed by the store that they belong to."""
        self._writer = writer
        self._reader = reader

    async def pick(self, selection: Selection, *, limit: int, token: str = "") -> tuple[Sequence[PickedJob], str]:
        return await self._reader.ask(lambda connection: picking.pick(connection, selection, limit, token))

    async def results_of(self, job_id: str) -> Sequence[Publication]:
        return await self._reader.ask(lambda connection: publications.results_of(connection, job_id))

    async def retry(
        self, job: PickedJob, ticket: Publication | None, routes: Sequence[Route], payload: Payload | None = None
    ) -> Obstacle | None:
        return await self._writer.submit(
            lambda connection: revisions.retry(connection, job, ticket, routes, payload), job.job_id
        )

    async def republish(self, job: Job, results: Sequence[Publication]) -> Obstacle | None:
        return await self._writer.submit(lambda connection: _republish(connection, job, results), job.job_id)

    async def purge(self, job_id: str) -> Obstacle | None:
        return await self._writer.submit(lambda connection: _purge(connection, job_id), job_id)

    async def history(self, job_id: str) -> History | None:
        return await self._reader.ask(lambda connection: _history(connection, job_id))

    async def wait_began(self, job: Job, reason: str, since: datetime) -> None:
        await self._writer.submit(lambda connection: waits.began(connection, job, reason, since), job.job_id)

    async def wait_ended(self, job_id: str, since: datetime, until: datetime) -> None:
        await self._writer.submit(lambda connection: waits.ended(connection, job_id, since, until), job_id)


def _republish(connection: Connection, job: Job, results: Sequence[Publication]) -> Obstacle | None:
    row = connection.execute(_KNOWN, {"of_job": job.job_id}).one_or_none()
    if row is None:
        return Obstacle.NOT_FOUND
    if row.revision != job.revision:
        return Obstacle.CHANGED
    publications.send_again(connection, results)
    publications.say_remarks(connection, results)
    return None


def _purge(connection: Connection, job_id: str) -> Obstacle | None:
    row = connection.execute(_KNOWN, {"of_job": job_id}).one_or_none()
    if row is None:
        return Obstacle.NOT_FOUND
    if not State(row.state).is_end:
        return Obstacle.NOT_FINISHED
    if row.is_unsent:
        return Obstacle.RESULT_NOT_SENT
    publications.forget_job(connection, job_id)
    parked.forget_job(connection, job_id)
    connection.execute(_ERASE, {"of_job": job_id})
    return None


def _history(connection: Connection, job_id: str) -> History | None:
    row = connection.execute(_ORIGINS, {"of_job": job_id}).one_or_none()
    if row is None:
        return None
    origin = Origin(row.first_origin or row.origin)
    return History(origin, revisions.all_past(connection, job_id), waits.of_job(connection, job_id))

# ruff: noqa: D102 - the methods have the docstrings of the port
"""Queue jobs that nobody works on, as the database has them."""

from collections.abc import Sequence

from sqlalchemy import bindparam, select

from adapter.domain.job import Origin, Route
from adapter.outbound.sql import job_details
from adapter.outbound.sql.dialect import now_us
from adapter.outbound.sql.reader import Reader
from adapter.outbound.sql.statements import PENDING
from adapter.outbound.sql.tables import jobs
from adapter.outbound.sql.times import seconds_to_us
from adapter.ports.unclaimed import UnclaimedJob, UnclaimedJobs

_UNCLAIMED = (
    select(jobs.c.job_id, jobs.c.task, jobs.c.token)
    .where(
        jobs.c.state == PENDING,
        jobs.c.origin == str(Origin.QUEUED),
        jobs.c.is_stored.is_(False),
        jobs.c.start_time < now_us() - bindparam("age_us"),
    )
    .order_by(jobs.c.create_time, jobs.c.job_id)
    .limit(1000)
)


class SqlUnclaimedJobs(UnclaimedJobs):
    """Answers from the reading connections."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def unclaimed(self, begun_seconds_ago: float) -> Sequence[UnclaimedJob]:
        values = {"age_us": seconds_to_us(begun_seconds_ago)}
        rows = await self._reader.ask(lambda connection: connection.execute(_UNCLAIMED, values).all())
        return [UnclaimedJob(row.job_id, row.task, row.token) for row in rows]

    async def routes_of(self, job_id: str) -> Sequence[Route]:
        return await self._reader.ask(lambda connection: job_details.routes(connection, job_id))

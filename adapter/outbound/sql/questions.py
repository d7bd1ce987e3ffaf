# ruff: noqa: D102 - the methods have the docstrings of the port
"""What the memory is asked: nothing here writes."""

from collections.abc import Mapping, Sequence
from typing import Any

from adapter.domain.job import Job
from adapter.domain.message import ParkedMessage
from adapter.outbound.sql import calls, jobs, parked, publications, replicas, submissions
from adapter.outbound.sql.paging import Page
from adapter.outbound.sql.reader import Reader
from adapter.ports import CallDetail, JobFilter


class Questions:
    """The part of the JobStore that reads. Method docstrings are the port's."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def get(self, job_id: str) -> Job | None:
        return await self._reader.ask(lambda connection: jobs.get(connection, job_id))

    async def find(self, client: str, request_id: str) -> Job | None:
        return await self._reader.ask(lambda connection: jobs.find(connection, client, request_id))

    async def list(self, selection: JobFilter, *, page_size: int, page_token: str = "") -> tuple[Sequence[Job], str]:
        page = Page.asked(page_size, page_token)
        return await self._reader.ask(lambda connection: jobs.page(connection, selection, page))

    async def calls(self, job_id: str) -> Sequence[CallDetail]:
        return await self._reader.ask(lambda connection: calls.call_details(connection, job_id))

    async def publications_of(self, job_id: str) -> Sequence[Mapping[str, Any]]:
        return await self._reader.ask(lambda connection: publications.of_job(connection, job_id))

    async def recoverable(self, limit: int) -> Sequence[str]:
        return await self._reader.ask(lambda connection: submissions.recoverable(connection, limit))

    async def live_replicas(self) -> int:
        return await self._reader.ask(replicas.count_live)

    async def pending_publications(self) -> int:
        return await self._reader.ask(publications.count_pending)

    async def list_parked(self, *, page_size: int, page_token: str = "") -> tuple[Sequence[ParkedMessage], str]:
        page = Page.asked(page_size, page_token)
        return await self._reader.ask(lambda connection: parked.page(connection, page))

    async def get_parked(self, parked_id: str) -> ParkedMessage | None:
        return await self._reader.ask(lambda connection: parked.get(connection, parked_id))

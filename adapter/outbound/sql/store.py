# ruff: noqa: D102 - the methods have the docstrings of the port
"""The JobStore in SQL: each method is one transaction, run in a group with those of other jobs."""

import asyncio
from collections.abc import Callable, Sequence

from adapter.domain.job import Attempt, Job, Outcome, Route
from adapter.domain.message import Answer, ParkedMessage, Publication
from adapter.domain.model import Turn
from adapter.domain.payload import Payload
from adapter.outbound.sql import (
    calls,
    claims,
    jobs,
    outcomes,
    parked,
    publications,
    replicas,
    retention,
    submissions,
)
from adapter.outbound.sql.database import Database
from adapter.outbound.sql.engine import is_sqlite
from adapter.outbound.sql.lease import Lease
from adapter.outbound.sql.operators import SqlOperatorStore
from adapter.outbound.sql.questions import Questions
from adapter.outbound.sql.reader import Reader
from adapter.outbound.sql.shares import SqlShares
from adapter.outbound.sql.times import seconds_to_us
from adapter.outbound.sql.unclaimed import SqlUnclaimedJobs
from adapter.outbound.sql.write_lanes import WriteLanes, publication_key, request_key
from adapter.outbound.sql.writer import GroupSettings
from adapter.ports import Claim, ClaimResult, IdReused, JobStore, NewJob, StoredCall

_READER_THREADS = 2


class SqlJobStore(Questions, JobStore):
    """The memory in SQLite or PostgreSQL. Method docstrings are the port's.

    replica_id must be new for each start of a process. is_alone: nobody else may serve this database, which a lock sees
    to; so every other replica is dead when it is opened. SQLite is not made for anything else.
    """

    def __init__(
        self,
        url: str,
        *,
        replica_id: str,
        lease_seconds: float,
        is_alone: bool = True,
        linger_seconds: float = 0.003,
        max_waiting: int = 20_000,
        busy_seconds: float = 5.0,
        write_lanes: int = 4,
    ) -> None:
        """Nothing is opened yet. Raises ValueError for a URL that cannot be used."""
        self.replica_id = replica_id
        self._lease = Lease(lease_seconds)
        self._beating: asyncio.Future[None] | None = None
        self._is_alone = is_alone
        lanes = 1 if is_sqlite(url) else write_lanes
        connections = _READER_THREADS + WriteLanes.writers(lanes)
        self._database = Database(url, is_alone=is_alone, connections=connections, busy_seconds=busy_seconds)
        self.engine = self._database.engine
        settings = GroupSettings(linger_seconds=linger_seconds, max_waiting=max_waiting // lanes)
        self._writer = WriteLanes(self.engine, settings, self._database.guard, lanes=lanes)
        self.shares = SqlShares(self._writer, replica_id, self._lease.us)
        super().__init__(Reader(self.engine, _READER_THREADS, self._database.guard))
        self.operators = SqlOperatorStore(self._writer, self._reader)
        self.unclaimed = SqlUnclaimedJobs(self._reader)

    async def open(self, *, read_only: bool = False) -> None:
        """Get ready; SQLite is brought to this version's schema. read_only takes no lock and answers questions only.

        Raises StoreLocked, StoreTaken, StoreOutdated, StoreUnavailable.
        """
        try:
            await self._database.open(read_only=read_only)
            if not read_only:
                await self._begin_writing()
        except BaseException:
            await self.close()
            raise

    async def _begin_writing(self) -> None:
        self._writer.start()
        if self._is_alone:
            await self._writer.submit(replicas.expire_all, "")
        await self.heartbeat()

    async def close(self) -> None:
        """Write what waits, then let go of everything; what this replica owns lapses unless it was retired."""
        await self._writer.close()
        self._reader.close()
        self._database.close()

    # a job's life

    async def claim(self, new: NewJob, *, alone: bool = False) -> ClaimResult:
        await self._keep_lease()
        taker = claims.Taker(self.replica_id, alone, self._lease)
        return await self._writer.submit(
            lambda connection: claims.claim(connection, new, taker), request_key(new), undo=claims.undo_claim
        )

    async def claim_stored(self, job_id: str, *, alone: bool = False) -> ClaimResult | None:
        await self._keep_lease()
        taker = claims.Taker(self.replica_id, alone, self._lease)
        return await self._writer.submit(
            lambda connection: claims.claim_stored(connection, job_id, taker), job_id, undo=claims.undo_claim
        )

    async def submit(
        self,
        new: NewJob,
        payload: Payload,
        route: Route | None,
        ticket: Publication | None,
        *,
        more_routes: Sequence[Route] = (),
    ) -> Job | IdReused:
        routes = [one for one in (route, *more_routes) if one is not None]
        return await self._writer.submit(
            lambda connection: submissions.submit(connection, new, payload, routes, ticket, self.replica_id),
            request_key(new),
        )

    async def ticket(
        self,
        claim: Claim,
        payload: Payload,
        route: Route | None,
        ticket: Publication,
        *,
        more_routes: Sequence[Route] = (),
    ) -> None:
        routes = [one for one in (route, *more_routes) if one is not None]
        await self._writer.submit(
            lambda connection: submissions.to_ticket(connection, claim, payload, routes, ticket, self.replica_id),
            claim.job.job_id,
        )

    async def set_version(self, claim: Claim, task_version: str, task_hash: str) -> None:
        await self._writer.submit(
            lambda connection: claims.set_version(connection, claim, task_version, task_hash), claim.job.job_id
        )

    async def release(self, claim: Claim, *, worked_seconds: float = 0.0, counted: bool = False) -> None:
        await self._writer.submit(
            lambda connection: claims.release(connection, claim, worked_seconds=worked_seconds, counted=counted),
            claim.job.job_id,
        )

    async def discard(
        self, claim: Claim | None, publications: Sequence[Publication] = (), parked: ParkedMessage | None = None
    ) -> None:
        await self._writer.submit(
            lambda connection: submissions.discard(connection, claim, publications, parked, self.replica_id),
            claim.job.job_id if claim is not None else "",
        )

    async def call_started(self, claim: Claim, call: StoredCall, turns: Sequence[Turn]) -> None:
        is_sure = False
        while not is_sure:  # who stood still after the write may have lost the job since
            await self._keep_lease()
            await self._writer.submit(
                lambda connection: calls.call_started(connection, claim, call, turns), claim.job.job_id
            )
            is_sure = not self._lease.is_late

    async def call_ended(self, claim: Claim, call: StoredCall) -> None:
        await self._writer.submit(lambda connection: calls.call_ended(connection, claim, call), claim.job.job_id)

    async def finish(
        self,
        claim: Claim,
        outcome: Outcome,
        answer: Callable[[Job], Answer] | None,
        routes: Sequence[Route] = (),
        *,
        attempts: Sequence[Attempt] = (),
        keep_payload: Payload | None = None,
        parked: ParkedMessage | None = None,
        worked_seconds: float = 0.0,
    ) -> tuple[Job, tuple[Publication, ...]]:
        ending = outcomes.Ending(outcome, tuple(attempts), keep_payload, parked, worked_seconds)
        return await self._writer.submit(
            lambda connection: outcomes.finish(connection, claim, ending, answer, routes, self.replica_id),
            claim.job.job_id,
        )

    async def publish_again(self, job: Job, publications: Sequence[Publication]) -> None:
        await self._store_publications(publications, job.job_id)

    # cancelling

    async def cancel(
        self, job_id: str, answer: Callable[[Job], Answer] | None
    ) -> tuple[Job | None, tuple[Publication, ...]]:
        return await self._writer.submit(
            lambda connection: outcomes.cancel(connection, job_id, answer, self.replica_id), job_id
        )

    async def cancel_unseen(self, client: str, request_id: str, job_id: str) -> Job:
        return await self._writer.submit(
            lambda connection: outcomes.cancel_unseen(connection, client, request_id, job_id), job_id
        )

    async def cancel_requests(self) -> Sequence[str]:
        return await self._reader.ask(lambda connection: jobs.to_cancel(connection, self.replica_id))

    # the replica

    async def heartbeat(self) -> None:
        if self._beating is None or self._beating.done():
            self._beating = asyncio.ensure_future(self._beat())
            self._beating.add_done_callback(lambda beating: beating.cancelled() or beating.exception())
        await asyncio.shield(self._beating)  # what is on its way serves everybody who asks meanwhile

    async def _beat(self) -> None:
        await self._database.keep_place()
        begun = self._lease.now()
        await self._writer.submit(
            lambda connection: replicas.beat(connection, self.replica_id, self._lease.us), "", is_urgent=True
        )
        self._lease.note_beat(begun)

    async def _keep_lease(self) -> None:
        """Let nobody take at once what this replica is about to own, or to pay for."""
        if self._lease.is_late:
            await self.heartbeat()

    async def reap(self) -> int:
        return await self._writer.submit(
            lambda connection: replicas.reap(connection, self.replica_id, self._lease), "", is_urgent=True
        )

    async def retire(self) -> None:
        await self._writer.submit(lambda connection: replicas.retire(connection, self.replica_id), "", is_urgent=True)

    # publications

    async def due_publications(self, limit: int) -> Sequence[Publication]:
        return await self._writer.submit(
            lambda connection: publications.adopt_due(connection, limit, self.replica_id), ""
        )

    async def publication_sent(self, publication: Publication) -> None:
        await self._writer.submit(
            lambda connection: publications.mark_sent(connection, publication.publication_id),
            publication_key(publication),
        )

    async def publication_failed(self, publication: Publication, detail: str, retry_in_seconds: float) -> None:
        known = publication.publication_id
        await self._writer.submit(
            lambda connection: publications.mark_failed(connection, known, detail, retry_in_seconds),
            publication_key(publication),
        )

    async def publication_undeliverable(self, publication: Publication, remark_reason: str, detail: str) -> None:
        known = publication.publication_id
        await self._writer.submit(
            lambda connection: publications.give_up(connection, known, remark_reason, detail),
            publication_key(publication),
        )

    # parked messages

    async def park(self, parked: ParkedMessage, publications: Sequence[Publication] = ()) -> None:
        await self.discard(None, publications, parked)

    async def replayed(self, parked_id: str) -> None:
        await self._writer.submit(lambda connection: parked.mark_replayed(connection, parked_id), parked_id)

    async def discard_parked(self, parked_id: str) -> bool:
        return await self._writer.submit(lambda connection: parked.discard(connection, parked_id), parked_id)

    # housekeeping

    async def retain(self, *, jobs_seconds: float, replies_seconds: float, limit: int) -> int:
        plan = retention.Plan(seconds_to_us(jobs_seconds), seconds_to_us(replies_seconds), limit)
        return await self._writer.submit(lambda connection: retention.retain(connection, plan), "")

    async def check(self) -> None:
        await self._writer.submit(replicas.probe, "")

    async def _store_publications(self, items: Sequence[Publication], key: str) -> None:
        await self._writer.submit(lambda connection: publications.store(connection, items, self.replica_id), key)

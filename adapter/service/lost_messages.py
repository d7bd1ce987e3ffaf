"""Ends jobs whose message is gone from the broker: a queue was purged or deleted while nobody held the message.

A message that is still there is claimed, or turned into a ticket, within twice max_hold_seconds: so long it can wait in
the hands of one replica. So it is taken for gone when its job was not claimed in that time and longer, while the queues
that it could come from were empty at each look.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import structlog

from adapter.domain.job import JobError, Outcome, State
from adapter.errors import Interrupted, StoreUnavailable
from adapter.pipeline.run import RunRecord
from adapter.ports import Claim, ClaimLostError, Clock, JobStore, Observer
from adapter.ports.unclaimed import RequestQueues, UnclaimedJob, UnclaimedJobs
from adapter.service.work import Worker

T = TypeVar("T")
log = structlog.get_logger()

_GONE = "Its message is gone from the broker: the queue was purged or deleted. Send it again, under a new request id."


@dataclass(frozen=True, slots=True)
class LostSettings:
    """When a message is taken for gone, and how often that is looked at."""

    lost_after_seconds: float = 3600.0
    look_seconds: float = 30.0
    retry_seconds: float = 1.0
    """Pause while the store is away."""


class LostMessages:
    """Runs beside the service until it is cancelled."""

    def __init__(
        self,
        *,
        store: JobStore,
        unclaimed: UnclaimedJobs,
        queues: RequestQueues,
        worker: Worker,
        clock: Clock,
        observer: Observer,
        settings: LostSettings,
    ) -> None:
        """Nothing is looked at yet; what was before this process does not count."""
        self._store = store
        self._unclaimed = unclaimed
        self._queues = queues
        self._worker = worker
        self._clock = clock
        self._observer = observer
        self._settings = settings
        self._since: dict[UnclaimedJob, float] = {}

    async def run(self) -> None:
        """Look, again and again."""
        while True:
            await self._clock.sleep(self._settings.look_seconds)
            try:
                await self.look()
            except StoreUnavailable as exc:
                self.forget()
                log.warning("unclaimed_jobs_unread", reason=exc.reason)

    def forget(self) -> None:
        """Begin anew: what could not be looked at may have been there."""
        self._since.clear()

    async def look(self) -> None:
        """Note whose messages are not there, and end the jobs for which that has been so for long enough."""
        found = await self._unclaimed.unclaimed(self._settings.lost_after_seconds)
        empty = {task for task in {job.task for job in found} if await self._queues.are_empty(task)}
        now = self._clock.monotonic()
        # A job that was claimed meanwhile has another token, and begins anew.
        self._since = {job: self._since.get(job, now) for job in found if job.task in empty}
        past = now - self._settings.lost_after_seconds
        await self._end_all([job for job, since in self._since.items() if since <= past])

    async def _end_all(self, lost: Iterable[UnclaimedJob]) -> None:
        for job in lost:
            claim = await self._store.claim_stored(job.job_id, alone=True)
            if not isinstance(claim, Claim):
                continue
            try:
                if claim.token == job.token + 1 and claim.payload is None:
                    await self._end(claim)
                else:  # it came after all
                    await self._patiently(partial(self._store.release, claim))
            except ClaimLostError:
                continue

    async def _end(self, claim: Claim) -> None:
        job_id = claim.job.job_id
        record = RunRecord.of_earlier(claim.calls, claim.work_seconds)
        error = Interrupted(_GONE)
        outcome = Outcome(State.FAILED, error=JobError.of(error), usage=record.settled_usage(0.0))
        routes = await self._patiently(partial(self._unclaimed.routes_of, job_id))
        finish = partial(self._store.finish, claim, outcome, self._worker.answer_for, routes, attempts=record.attempts)
        job, publications = await self._patiently(finish)
        self._worker.outbox.offer(publications)
        self._observer.job_finished(job, claim.new.origin)
        log.warning("lost_message", job_id=job_id, task=claim.new.task, reason=error.reason)

    async def _patiently(self, step: Callable[[], Awaitable[T]]) -> T:
        """Go on once the store can be written: nobody else ends what is claimed here."""
        while True:
            try:
                return await step()
            except StoreUnavailable:
                await self._clock.sleep(self._settings.retry_seconds)

"""The use cases of operators on finished jobs, many at a time: retry, republish, purge. Memory holds one batch."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import replace

import structlog

from adapter.domain.job import Job, State
from adapter.domain.message import Answer, Publication
from adapter.domain.publication import republished
from adapter.errors import InvalidRequest
from adapter.ports import Clock, JobStore
from adapter.ports.operators import Obstacle, OperatorStore, PickedJob, Selection
from adapter.service.bulk import Batch, Bulk, ChangedJob
from adapter.service.revisions import Revisions
from adapter.service.routing import Routing

log = structlog.get_logger()

MAX_BATCH = 100
# Results are in memory while they are stored again, and each may have megabytes.
_RESULTS_AT_ONCE = 8

Act = Callable[[PickedJob], Awaitable[Obstacle | None]]


class Operations:
    """Implements api.BulkService."""

    def __init__(
        self,
        store: JobStore,
        operators: OperatorStore,
        revisions: Revisions,
        clock: Clock,
        *,
        routing: Routing | None,
        answer_for: Callable[[Job], Answer],
    ) -> None:
        """answer_for builds what is published of an ended job. Routing None: there is no broker."""
        self._store = store
        self._operators = operators
        self._revisions = revisions
        self._clock = clock
        self._routing = routing
        self._answer_for = answer_for

    def retry(self, bulk: Bulk) -> AsyncGenerator[Batch, None]:
        """Make a revision of each job. Without states, verdict and ids: of the failed ones."""
        act = self._would_retry if bulk.dry_run else self._revisions.retry
        return self._each("jobs_retried", _of_failed(bulk), act, adds_revision=True)

    def republish(self, bulk: Bulk) -> AsyncGenerator[Batch, None]:
        """Send each job's stored result again. Raises InvalidRequest without a broker."""
        if self._routing is None:
            raise InvalidRequest("There is no broker to publish to. Configure amqp.urls.")
        act = self._would_republish if bulk.dry_run else self._republish
        return self._each("jobs_republished", bulk, act, at_once=_RESULTS_AT_ONCE)

    def purge(self, bulk: Bulk) -> AsyncGenerator[Batch, None]:
        """Erase each job with all that hangs on it."""
        act = self._would_purge if bulk.dry_run else self._purge
        return self._each("jobs_purged", bulk, act)

    async def _each(
        self, event: str, bulk: Bulk, act: Act, *, at_once: int = MAX_BATCH, adds_revision: bool = False
    ) -> AsyncGenerator[Batch, None]:
        selection = _checked(bulk.selection)
        pace = _Pace(self._clock, bulk.jobs_per_second)
        token, done, left, is_complete = bulk.resume_token, 0, 0, False
        try:
            while not is_complete:
                jobs, token = await self._operators.pick(selection, limit=pace.batch, token=token)
                obstacles = await _all(jobs, act, at_once)
                done += obstacles.count(None)
                left += len(jobs) - obstacles.count(None)
                changed = [
                    ChangedJob(job, job.revision + int(adds_revision and obstacle is None), obstacle)
                    for job, obstacle in zip(jobs, obstacles, strict=True)
                ]
                is_complete = not token
                yield Batch(changed, token)
                await pace.keep(len(jobs))
        finally:
            if not bulk.dry_run:
                log.info(event, operator=bulk.operator, count=done, left=left, is_complete=is_complete)

    async def _would_retry(self, job: PickedJob) -> Obstacle | None:
        return self._revisions.obstacle(job)

    async def _would_republish(self, job: PickedJob) -> Obstacle | None:
        return None if await self._operators.results_of(job.job_id) else Obstacle.NEVER_PUBLISHED

    async def _would_purge(self, job: PickedJob) -> Obstacle | None:
        return Obstacle.RESULT_NOT_SENT if job.has_unsent_result else None

    async def _purge(self, job: PickedJob) -> Obstacle | None:
        return await self._operators.purge(job.job_id)

    async def _republish(self, picked: PickedJob) -> Obstacle | None:
        job = await self._store.get(picked.job_id)
        if job is None:
            return Obstacle.NOT_FOUND
        if not job.state.is_end:
            return Obstacle.NOT_FINISHED
        results = await self._operators.results_of(job.job_id)
        if not results:
            return Obstacle.NEVER_PUBLISHED
        # Whether it was too large or undeliverable shows anew.
        answer = self._answer_for(replace(job, remark=None))
        return await self._operators.republish(job, [self._again(one, answer) for one in results])

    def _again(self, stored: Publication, answer: Answer) -> Publication:
        keyed = self._routing is not None and self._routing.taken_by(stored.message).keyed_by_outcome
        return republished(stored, answer, int(self._clock.now().timestamp()), keyed_by_outcome=keyed)


class _Pace:
    """Keeps to so many jobs a second, in batches of at most a second's worth."""

    def __init__(self, clock: Clock, jobs_per_second: float) -> None:
        self._clock = clock
        self._rate = jobs_per_second
        self._next = clock.monotonic()
        self.batch = min(MAX_BATCH, max(1, int(jobs_per_second))) if jobs_per_second else MAX_BATCH

    async def keep(self, count: int) -> None:
        """Wait until the next batch may begin."""
        if not self._rate:
            return
        self._next += count / self._rate
        await self._clock.sleep(max(0.0, self._next - self._clock.monotonic()))


async def _all(jobs: Sequence[PickedJob], act: Act, at_once: int) -> list[Obstacle | None]:
    obstacles: list[Obstacle | None] = []
    for begin in range(0, len(jobs), at_once):
        obstacles += await asyncio.gather(*(act(job) for job in jobs[begin : begin + at_once]))
    return obstacles


def _checked(selection: Selection) -> Selection:
    """Refuse to mean everything by saying nothing."""
    if selection == Selection():
        raise InvalidRequest(
            "The selection is empty. Name jobs, or at least one filter.", metadata={"field": "selection"}
        )
    return selection


def _of_failed(bulk: Bulk) -> Bulk:
    chosen = bulk.selection
    if chosen.filter.states or chosen.filter.verdict or chosen.job_ids or chosen.request_ids or chosen == Selection():
        return bulk
    failed = replace(chosen.filter, states=(State.FAILED,))
    return replace(bulk, selection=replace(chosen, filter=failed))

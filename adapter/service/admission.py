"""From a request to a claim: what is checked before anything is stored, and whose run is waited for."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable

from adapter.domain.job import Job, JobRequest, Origin, Route
from adapter.domain.message import ReceivedMessage
from adapter.errors import PayloadTooLarge, RequestIdReused
from adapter.ports import Claim, ClaimResult, Clock, IdReused, JobStore, NewJob, Recorded, RunningNow
from adapter.service.live_runs import LiveRun, LiveRuns
from adapter.service.work import Worker
from adapter.tasks.catalogue import Catalogue


def content_hash(request: JobRequest) -> str:
    """Hash what makes two requests the same: task name without version, payload bytes; nothing else."""
    digest = hashlib.sha256(request.task_name.encode())
    digest.update(b"\0")
    digest.update(request.payload.content)
    return digest.hexdigest()


class Admission:
    """Checks requests, claims their jobs and starts or finds the runs that work on them."""

    def __init__(
        self,
        *,
        store: JobStore,
        catalogue: Catalogue,
        worker: Worker,
        runs: LiveRuns,
        clock: Clock,
        payload_bytes: int,
        poll_seconds: float = 0.5,
    ) -> None:
        """poll_seconds: how often a job that another replica runs is looked at."""
        self.store = store
        self.catalogue = catalogue
        self.worker = worker
        self.runs = runs
        self.clock = clock
        self.payload_bytes = payload_bytes
        self.poll_seconds = poll_seconds

    def new_job(self, request: JobRequest, origin: Origin) -> NewJob:
        """Check what needs no reading of the payload. Raises TaskNotFound, InvalidRequest, PayloadTooLarge."""
        task = self.catalogue.resolve(request.task)
        self.worker.target_of(task, request.model)
        size = len(request.payload.content)
        if size > self.payload_bytes:
            raise PayloadTooLarge(
                f"The payload has {size} bytes, the limit is {self.payload_bytes}. {PayloadTooLarge().message}",
                metadata={"bytes": str(size), "limit": str(self.payload_bytes)},
            )
        return NewJob(
            job_id=self.clock.new_id(),
            client=request.client,
            request_id=request.request_id,
            content_hash=content_hash(request),
            origin=origin,
            task=task.name,
            task_ref=request.task,
            model=request.model,
            labels=request.labels,
            deadline=request.deadline,
            traceparent=request.traceparent,
            tracestate=request.tracestate,
        )

    async def claim(
        self,
        claim: Callable[[], Awaitable[ClaimResult]],
        request: JobRequest,
        *,
        routes: tuple[Route, ...] = (),
        message: ReceivedMessage | None = None,
    ) -> LiveRun | Job:
        """Claim until there is something to wait for: a run in this process, joined, or a job with its outcome.

        Raises RequestIdReused. Another replica's run is waited for.
        """
        while True:
            # Shielded: a claim that was stored must get its run, also when its caller left meanwhile.
            claiming = asyncio.ensure_future(self._claim_once(claim, request, routes, message))
            try:
                found = await asyncio.shield(claiming)
            except asyncio.CancelledError:
                claiming.add_done_callback(_leave)
                raise
            if found is not None:
                return found
            await self.clock.sleep(self.poll_seconds)

    async def _claim_once(
        self,
        claim: Callable[[], Awaitable[ClaimResult]],
        request: JobRequest,
        routes: tuple[Route, ...],
        message: ReceivedMessage | None,
    ) -> LiveRun | Job | None:
        result = await claim()
        if isinstance(result, Claim):
            return self.worker.start(LiveRun(result, request, routes=routes, message=message).join())
        found = self.follow(result)
        return found.join() if isinstance(found, LiveRun) else found

    def follow(self, result: Recorded | RunningNow | IdReused) -> LiveRun | Job | None:
        """What there is to wait for when the claim is somebody else's; None = look again later."""
        match result:
            case Recorded(job):
                return job
            case IdReused(job_id):
                raise RequestIdReused(metadata={"job_id": job_id})
            case RunningNow(job_id):
                return self.runs.get(job_id)


def _leave(claiming: asyncio.Future[LiveRun | Job | None]) -> None:
    """Leave a run that was joined for a caller who is gone."""
    if claiming.cancelled() or claiming.exception() is not None:
        return
    found = claiming.result()
    if isinstance(found, LiveRun):
        found.leave()

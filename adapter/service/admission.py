"""From a request to a claim: what is checked before anything is stored, and whose run is waited for."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager

from adapter.domain.client import Client
from adapter.domain.job import Job, JobRequest, Origin
from adapter.domain.trace import TraceContext
from adapter.errors import PayloadTooLarge, RequestIdReused
from adapter.failpoints import Failpoint, reach
from adapter.ports import (
    NO_TRACER,
    Claim,
    ClaimResult,
    Clock,
    IdReused,
    JobStore,
    NewJob,
    Recorded,
    RunningNow,
    Suspect,
    Tracer,
)
from adapter.service.client_rates import ClientRates
from adapter.service.clients import ClientOf, task_denied
from adapter.service.live_runs import LiveRun, LiveRuns
from adapter.service.work import Worker
from adapter.tasks.catalogue import Catalogue

Found = LiveRun | Job | RunningNow | Suspect | None
"""What stands for a request."""


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
        client_of: ClientOf = Client,
        tracer: Tracer = NO_TRACER,
    ) -> None:
        """payload_bytes: the limit of one payload. client_of: by default everybody may use every task."""
        self.store = store
        self.catalogue = catalogue
        self.worker = worker
        self.runs = runs
        self.clock = clock
        self.payload_bytes = payload_bytes
        self.client_of = client_of
        self.rates = ClientRates(clock, client_of)
        self.tracer = tracer

    def new_job(self, request: JobRequest, origin: Origin) -> NewJob:
        """Check what needs no reading of the payload.

        Raises PermissionDenied, TaskNotFound, InvalidRequest, PayloadTooLarge.
        """
        if not self.client_of(request.client).may_use(request.task_name):
            raise task_denied(request.client, request.task_name)
        task = self.catalogue.resolve(request.task)
        self.worker.targets_of(task, request.model)
        size = len(request.payload.content)
        if size > self.payload_bytes:
            raise PayloadTooLarge(
                f"The payload has {size} bytes, the limit is {self.payload_bytes}. {PayloadTooLarge().message}",
                metadata={"bytes": str(size), "limit": str(self.payload_bytes)},
            )
        # What follows hangs beneath the span of the call or delivery, if there is one, else beneath the requester's.
        here = self.tracer.here()
        trace = here if here.traceparent else TraceContext(request.traceparent, request.tracestate)
        return NewJob(
            job_id=self.clock.new_id(),
            client=request.client,
            request_id=request.request_id,
            content_hash=content_hash(request),
            origin=origin,
            task=task.name,
            task_ref=request.task,
            task_version=task.version,
            task_hash=task.task_hash,
            model=request.model,
            labels=request.labels,
            deadline=request.deadline,
            traceparent=trace.traceparent,
            tracestate=trace.tracestate,
        )

    def claimer(self, new: NewJob) -> Callable[[], Awaitable[ClaimResult]]:
        """How to claim a request's job, as often as it takes: one without a request id is known only by its job id."""
        is_first = True

        async def claim() -> ClaimResult:
            nonlocal is_first
            alone = self.runs.solo.is_taken
            may_be_stored, is_first = not (is_first or new.request_id), False
            stored = await self.store.claim_stored(new.job_id, alone=alone) if may_be_stored else None
            return await self.store.claim(new, alone=alone) if stored is None else stored

        return claim

    async def find(
        self, claim: Callable[[], Awaitable[ClaimResult | None]], run_of: Callable[[Claim], LiveRun]
    ) -> Found:
        """Claim, and return what there is to wait for: a run in this process, joined, or a job with its outcome.

        RunningNow: another replica works on it, look again later. Suspect: look again in a turn of runs.solo.
        None: there is no such job. Raises RequestIdReused.
        """
        # Shielded: a claim that was stored must get its run, also when its caller left meanwhile.
        claiming = asyncio.ensure_future(self._claim(claim, run_of, self.runs.place()))
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            claiming.add_done_callback(_leave)
            raise

    async def _claim(
        self,
        claim: Callable[[], Awaitable[ClaimResult | None]],
        run_of: Callable[[Claim], LiveRun],
        place: AbstractContextManager[object],
    ) -> Found:
        with place:
            await reach(Failpoint.BEFORE_CLAIM)
            result = await claim()
        match result:
            case Claim():
                return self.worker.start(run_of(result).join())
            case Recorded(job):
                return job
            case Suspect():
                return result
            case IdReused(job_id):
                raise RequestIdReused(metadata={"job_id": job_id})
            case RunningNow(job_id):
                run = self.runs.get(job_id)
                return result if run is None else run.join()
        return None


def _leave(claiming: asyncio.Future[Found]) -> None:
    """Leave a run that was joined for a caller who is gone."""
    if claiming.cancelled() or claiming.exception() is not None:
        return
    found = claiming.result()
    if isinstance(found, LiveRun):
        found.leave()

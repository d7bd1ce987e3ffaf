"""The use cases of the gRPC face: run, submit, get, list, watch, cancel."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from adapter.domain.job import Job, JobRequest, Origin
from adapter.domain.progress import Progress
from adapter.errors import (
    AdapterError,
    CallerDeadlineExceeded,
    InvalidRequest,
    JobNotFound,
    Overloaded,
    ReviewNeeded,
    error_of_reason,
)
from adapter.pipeline.availability.gate import GateState
from adapter.pipeline.read_record import read_record
from adapter.ports import Clock, JobFilter, JobStore, RunningNow, Suspect
from adapter.service.admission import Admission, Found
from adapter.service.api import Caller
from adapter.service.live_runs import Intent, LiveRun, LiveRuns, RunStopped
from adapter.service.submissions import Submissions
from adapter.service.work import Worker

# Who waited as long as it was told to comes back after this at the earliest.
LEAST_PAUSE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class JobSettings:
    """Waits of the gRPC face."""

    model_wait_seconds: float = 10.0
    overload_retry_seconds: float = 1.0
    poll_seconds: float = 0.5
    """How often a job that another replica runs, or nobody yet, is looked at."""


class Jobs:
    """Implements api.JobService."""

    def __init__(
        self,
        *,
        store: JobStore,
        admission: Admission,
        worker: Worker,
        runs: LiveRuns,
        submissions: Submissions,
        clock: Clock,
        settings: JobSettings,
    ) -> None:
        """Wire the use cases."""
        self._store = store
        self._admission = admission
        self._worker = worker
        self._runs = runs
        self._submissions = submissions
        self._clock = clock
        self._settings = settings

    async def run(self, request: JobRequest, *, timeout_seconds: float | None) -> Job:
        """Run and wait for the outcome; see api.JobService."""
        seen: list[str] = []
        try:
            async with asyncio.timeout(timeout_seconds):
                job = await self._run(request, seen)
        except TimeoutError:
            raise CallerDeadlineExceeded(metadata={"job_id": seen[-1]} if seen else {}) from None
        return _delivered(job, request)

    async def _run(self, request: JobRequest, seen: list[str]) -> Job:
        new = self._admission.new_job(request, Origin.RUN)
        await self._admission.rates.take(request.client)
        claim = self._admission.claimer(new)
        found: Found = None
        while True:
            self._refuse_when_full()
            async with contextlib.AsyncExitStack() as turn:
                if isinstance(found, Suspect):
                    await turn.enter_async_context(self._runs.solo.turn())
                else:
                    await self._runs.room()
                found = await self._admission.find(claim, lambda claimed: LiveRun(claimed, request))
                if isinstance(found, Job):
                    return found
                if isinstance(found, LiveRun):
                    seen.append(found.job_id)
                    with contextlib.suppress(RunStopped):  # somebody else ended the run: look again what there is
                        return await self._wait_for(found)
            if isinstance(found, RunningNow):
                await self._clock.sleep(self._settings.poll_seconds)

    def _refuse_when_stopping(self) -> None:
        if self._runs.is_draining:
            raise Overloaded(
                "The service is stopping. Send the same request again, to another replica or a little later."
            )

    def _refuse_when_full(self) -> None:
        self._refuse_when_stopping()
        if self._runs.is_overloaded:
            raise Overloaded(retry_after_seconds=self._settings.overload_retry_seconds)

    async def _wait_for(self, run: LiveRun) -> Job:
        """Wait for a run, but not longer than model_wait_seconds for a model, and not at all behind an open breaker."""
        begun = asyncio.get_running_loop().time()
        with run.joined():
            while not run.done.done():
                patience = self._patience(run, begun)
                change: asyncio.Future[Any] = asyncio.ensure_future(run.cause_change())
                try:
                    done, _ = await asyncio.wait(
                        {run.done, change}, timeout=patience, return_when=asyncio.FIRST_COMPLETED
                    )
                finally:
                    change.cancel()
                if not done and run.cause is not None and self._patience(run, begun) == 0:
                    raise _of_job(run.cause, run.job_id, asyncio.get_running_loop().time() - run.waiting_since)
            return run.done.result()

    def _patience(self, run: LiveRun, begun: float) -> float | None:
        if run.cause is None or run.is_calling:
            return None
        names = run.cause.metadata.get("model", "").split(", ")
        gates = [self._worker.models[name].gate for name in names if name in self._worker.models]
        if gates and all(gate.state is not GateState.UP for gate in gates):
            return 0.0
        waited = asyncio.get_running_loop().time() - max(run.waiting_since, begun)
        return max(0.0, self._settings.model_wait_seconds - waited)

    async def submit(self, request: JobRequest) -> Job:
        """Store a job to be worked on; see api.JobService."""
        new = self._admission.new_job(request, Origin.SUBMITTED)
        if request.deadline is not None and request.deadline <= self._clock.now():
            raise InvalidRequest("The deadline has passed already. Send a later one.", metadata={"field": "deadline"})
        await self._admission.rates.take(request.client)
        task = self._admission.catalogue.resolve(request.task)
        await read_record(task, request.payload, self._admission.payload_bytes, self._admission.tracer)
        return await self._submissions.store(new, request, task)

    async def get(self, caller: Caller, *, job_id: str = "", request_id: str = "") -> Job:
        """Return the job; see api.JobService."""
        if bool(job_id) == bool(request_id):
            raise InvalidRequest("Give either job_id or request_id, not both or none.", metadata={"field": "job_id"})
        job = await self._store.get(job_id) if job_id else await self._store.find(caller.client, request_id)
        if job is None or not (caller.is_operator or job.client == caller.client):
            raise JobNotFound(metadata={"job_id": job_id} if job_id else {"request_id": request_id})
        return job

    async def list(
        self, caller: Caller, selection: JobFilter, *, page_size: int, page_token: str
    ) -> tuple[Sequence[Job], str]:
        """One page; see api.JobService."""
        return await self._store.list(
            selection if caller.is_operator else _own(selection, caller), page_size=page_size, page_token=page_token
        )

    async def watch(self, caller: Caller, *, job_id: str = "", request_id: str = "") -> AsyncIterator[Job | Progress]:
        """Yield the job at each change of state, and progress; see api.JobService."""
        job = await self.get(caller, job_id=job_id, request_id=request_id)
        yield job
        while not job.state.is_end:
            run = self._runs.get(job.job_id)
            if run is None:
                self._refuse_when_stopping()
                await self._clock.sleep(self._settings.poll_seconds)
            elif job.state is run.claim.job.state:  # else it was claimed since it was read
                async with contextlib.aclosing(run.progress()) as events:
                    async for event in events:
                        yield event
            newest = await self.get(caller, job_id=job.job_id)
            if newest.state is not job.state:
                yield newest
            job = newest

    async def cancel(
        self, caller: Caller, *, job_id: str = "", request_id: str = "", allow_missing: bool = False
    ) -> Job:
        """Stop a job; see api.JobService."""
        try:
            job = await self.get(caller, job_id=job_id, request_id=request_id)
        except JobNotFound:
            if not (allow_missing and request_id):
                raise
            job = await self._store.cancel_unseen(caller.client, request_id, self._clock.new_id())
        if job.state.is_end:
            return job
        return await self._stop(job)

    async def _stop(self, job: Job) -> Job:
        while True:
            stored, publications = await self._store.cancel(job.job_id, self._worker.answer_for)
            self._worker.outbox.offer(publications)
            if stored is None:
                raise JobNotFound(metadata={"job_id": job.job_id})
            run = self._runs.get(job.job_id)
            if stored.state.is_end or run is None:
                return stored
            # It may end otherwise: with its outcome, or given back for another reason, and be nobody's now.
            run.stop(Intent.CANCEL)
            await asyncio.wait({run.done})


def _own(selection: JobFilter, caller: Caller) -> JobFilter:
    return JobFilter(
        selection.task,
        selection.states,
        selection.verdict,
        selection.reason,
        caller.client,
        selection.labels,
        selection.created_from,
        selection.created_before,
    )


def _of_job(cause: AdapterError, job_id: str, waited_seconds: float) -> AdapterError:
    """Each who waits gets an error of its own: one that is raised twice would carry both tracebacks."""
    metadata = {**cause.metadata, "job_id": job_id}
    pause = cause.retry_after_seconds
    left = None if pause is None else max(min(pause, LEAST_PAUSE_SECONDS), pause - waited_seconds)
    return type(cause)(cause.message, metadata=metadata, retry_after_seconds=left)


def _delivered(job: Job, request: JobRequest) -> Job:
    """Raise what a RunJob caller gets instead of the job: its error, or ReviewNeeded."""
    metadata = {"job_id": job.job_id}
    if job.error is not None:
        raise error_of_reason(job.error.reason)(job.error.message, violations=job.error.violations, metadata=metadata)
    if job.wire_outcome == "review" and not request.accept_review:
        raise ReviewNeeded(metadata=metadata)
    return job

"""Submitted jobs: stored with a ticket for the task's queue, or, without a broker, run by this process."""

import asyncio
from collections.abc import Callable

import structlog

from adapter.domain.job import Job, JobRequest, Route
from adapter.domain.payload import Payload
from adapter.domain.publication import publication_of
from adapter.errors import InvalidRequest, RequestIdReused, StoreUnavailable
from adapter.ports import Claim, Clock, IdReused, JobStore, NewJob
from adapter.service.admission import Admission
from adapter.service.live_runs import LiveRun, LiveRuns
from adapter.service.routing import Routing
from adapter.service.work import Worker
from adapter.tasks.task import Task

log = structlog.get_logger()


def request_of(claim: Claim) -> JobRequest:
    """The request of a job that was stored with its payload."""
    new = claim.new
    return JobRequest(
        client=new.client,
        task=new.task_ref,
        payload=claim.payload or Payload(b""),
        request_id=new.request_id,
        model=new.model,
        labels=new.labels,
        deadline=new.deadline,
        traceparent=new.traceparent,
        tracestate=new.tracestate,
    )


class Submissions:
    """Stores submitted jobs and sees to it that somebody works on them."""

    def __init__(
        self,
        *,
        store: JobStore,
        admission: Admission,
        worker: Worker,
        runs: LiveRuns,
        clock: Clock,
        routing: Routing | None,
        check_reply_to: Callable[[Route], None] | None = None,
        poll_seconds: float = 5.0,
    ) -> None:
        """Routing None: there is no broker; poll_seconds is then how often stored jobs are looked for.

        check_reply_to raises ReplyToRefused.
        """
        self._store = store
        self._admission = admission
        self._worker = worker
        self._runs = runs
        self._clock = clock
        self._routing = routing
        self._check_reply_to = check_reply_to
        self._poll_seconds = poll_seconds
        self._stored = asyncio.Event()

    async def store(self, new: NewJob, request: JobRequest, task: Task) -> Job:
        """Store the job; a repeat that has its outcome is answered on the repeat's route at once."""
        routing = self._routing
        self._check_route(request)
        route = routing.route_of(request) if routing else None
        ticket = routing.ticket(new.job_id, task.name, self._clock.new_id()) if routing else None
        job = await self._store.submit(new, request.payload, route, ticket)
        if isinstance(job, IdReused):
            raise RequestIdReused(metadata={"job_id": job.job_id})
        if routing and job.state.is_end:
            await self._answer_repeat(routing, job, request, task)
        elif ticket is not None and job.job_id == new.job_id:
            self._worker.outbox.offer([ticket])
        self._stored.set()
        return job

    def _check_route(self, request: JobRequest) -> None:
        if request.reply_to is None:
            return
        if self._routing is None:
            raise InvalidRequest(
                "There is no broker to send the result to. Leave reply_to empty and fetch the job, or configure amqp.",
                metadata={"field": "reply_to"},
            )
        if self._check_reply_to is not None:
            self._check_reply_to(request.reply_to)

    async def _answer_repeat(self, routing: Routing, job: Job, request: JobRequest, task: Task) -> None:
        answer = self._worker.answer_for(job)
        timestamp = int(self._clock.now().timestamp())
        publications = [
            publication_of(job.job_id, job.revision, answer, route, timestamp)
            for route in routing.all_routes(request, task)
        ]
        await self._store.publish_again(job, publications)
        self._worker.outbox.offer(publications)

    async def start(self, job_id: str) -> LiveRun | Job | None:
        """Claim a stored job and run it, or find who does; None = no such job, or another replica runs it."""
        claimed = await self._store.claim_stored(job_id)
        if claimed is None:
            return None
        if not isinstance(claimed, Claim):
            return self._admission.follow(claimed)
        request = request_of(claimed)
        task = self._worker.task_of(claimed)
        routes = self._routing.extra_routes(request, task) if self._routing else ()
        return self._worker.start(LiveRun(claimed, request, routes=routes))

    async def run_stored(self) -> None:
        """Without a broker: work on stored jobs, oldest first, as long as there is room. Runs until cancelled."""
        while True:
            self._stored.clear()
            try:
                await self._start_some()
            except StoreUnavailable as exc:
                log.warning("stored_jobs_unread", reason=exc.reason)
            try:
                async with asyncio.timeout(self._poll_seconds):
                    await self._stored.wait()
            except TimeoutError:
                continue

    async def _start_some(self) -> None:
        while not self._runs.is_full:
            job_ids = await self._store.recoverable(min(100, self._runs.limit - len(self._runs)))
            fresh = [job_id for job_id in job_ids if self._runs.get(job_id) is None]
            if not fresh:
                return
            for job_id in fresh:
                await self.start(job_id)

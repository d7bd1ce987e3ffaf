"""Submitted jobs: stored with a ticket for the task's queue, or, without a broker, run by this process."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence

import structlog

from adapter.domain.job import Job, JobRequest, Route
from adapter.domain.message import ReceivedMessage
from adapter.domain.payload import Payload
from adapter.domain.publication import publication_of
from adapter.domain.trace import TraceContext
from adapter.errors import InvalidRequest, RequestIdReused, StoreUnavailable
from adapter.failpoints import Failpoint, reach
from adapter.ports import Claim, Clock, IdReused, JobStore, NewJob, Suspect
from adapter.service.admission import Admission, Found
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
        """Store a submitted job, see keep. Raises InvalidRequest or ReplyToRefused for its reply address, too."""
        self._check_route(request)
        return await self.keep(new, request, task)

    async def keep(self, new: NewJob, request: JobRequest, task: Task) -> Job:
        """Let the memory stand for the job; a repeat that has its outcome is answered where it asks at once.

        Raises RequestIdReused.
        """
        routing = self._routing
        routes = routing.all_routes(request, task) if routing else ()
        trace = TraceContext(new.traceparent, new.tracestate)
        ticket = routing.ticket(new.job_id, task.name, self._clock.new_id(), trace) if routing else None
        route, *more = routes or (None,)
        more_routes = [one for one in more if one is not None]
        job = await self._store.submit(new, request.payload, route, ticket, more_routes=more_routes)
        await reach(Failpoint.AFTER_SUBMIT)
        if isinstance(job, IdReused):
            raise RequestIdReused(metadata={"job_id": job.job_id})
        if job.state.is_end:
            await self.answer_again(job, routes)
        elif ticket is not None and job.job_id == new.job_id:
            self._worker.outbox.offer([ticket])
        run = self._runs.get(job.job_id)
        if run is not None:
            run.goes_on_alone = True
        self.look_again()
        return job

    def look_again(self) -> None:
        """Say that something was stored to be worked on."""
        self._stored.set()

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

    async def answer_again(self, job: Job, routes: Sequence[Route]) -> None:
        """Publish the outcome of a job to whoever asked again."""
        if not routes:
            return
        answer = self._worker.answer_for(job)
        timestamp = int(self._clock.now().timestamp())
        publications = [publication_of(job.job_id, job.revision, answer, route, timestamp) for route in routes]
        await self._store.publish_again(job, publications)
        self._worker.outbox.offer(publications)

    async def renew_ticket(self, job_id: str) -> None:
        """Let a new ticket stand for a stored job whose ticket cannot be held any longer."""
        job = await self._store.get(job_id)
        if job is None or job.state.is_end or self._routing is None:
            return
        ticket = self._routing.ticket(job.job_id, job.task, self._clock.new_id(), TraceContext(job.traceparent))
        await self._store.publish_again(job, [ticket])
        self._worker.outbox.offer([ticket])

    async def find(self, job_id: str, ticket: ReceivedMessage | None = None) -> Found:
        """Claim a stored job and run it, or find who does; see Admission.find. Its routes are stored with it."""
        return await self._admission.find(
            lambda: self._store.claim_stored(job_id, alone=self._runs.solo.is_taken),
            lambda claimed: LiveRun(claimed, request_of(claimed), message=ticket),
        )

    async def run_stored(self) -> None:
        """Without a broker: work on stored jobs, oldest first, as long as there is room. Runs until cancelled."""
        while True:
            await self._runs.room()
            self._stored.clear()
            count = 0
            try:
                count = await self._start_some()
            except StoreUnavailable as exc:
                log.warning("stored_jobs_unread", reason=exc.reason)
            if not count:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stored.wait(), self._poll_seconds)

    async def _start_some(self) -> int:
        """Start as many as there is room for, and suspects one by one; returns how many were begun."""
        job_ids = await self._store.recoverable(min(100, self._runs.free))
        fresh = [job_id for job_id in job_ids if self._runs.get(job_id) is None]
        suspects = []
        for job_id in fresh:
            found = await self.find(job_id)
            if isinstance(found, LiveRun):
                found.leave()
            elif isinstance(found, Suspect):
                suspects.append(job_id)
        ended = [await self._work_alone(job_id) for job_id in suspects]
        return len(fresh) - ended.count(False)

    async def _work_alone(self, job_id: str) -> bool:
        """Work on a suspect to its end; False when it was given back because its models are down."""
        async with self._runs.solo.turn():
            found = await self.find(job_id)
            if not isinstance(found, LiveRun):
                return True
            with found.joined():
                await asyncio.wait({found.done})
            return found.intent is None

"""The use cases of the queue face: work on a delivery to its outcome, hold it, answer it, give it back."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from adapter.domain.job import Job, JobRequest, Origin, Route
from adapter.domain.message import ReceivedMessage
from adapter.domain.publication import publication_of
from adapter.errors import AdapterError, RequestError, TryAgainError
from adapter.pipeline.gate import GateState
from adapter.ports import Clock, JobStore, Observer
from adapter.service.admission import Admission
from adapter.service.api import Disposition
from adapter.service.live_runs import Intent, LiveRun, LiveRuns, RunStopped
from adapter.service.refusals import Refusals
from adapter.service.routing import Routing
from adapter.service.submissions import Submissions
from adapter.service.work import Worker

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """How long deliveries are held, and how often what they wait for is looked at."""

    max_hold_seconds: float = 600.0
    retry_seconds: float = 1.0
    gate_poll_seconds: float = 0.2


_AFTER_STOP = {
    Intent.SHUTDOWN: Disposition.RELEASE,
    Intent.TICKET: Disposition.ACK,
}


class Deliveries:
    """Implements api.QueueService."""

    def __init__(
        self,
        *,
        store: JobStore,
        admission: Admission,
        worker: Worker,
        runs: LiveRuns,
        submissions: Submissions,
        refusals: Refusals,
        routing: Routing,
        clock: Clock,
        observer: Observer,
        settings: QueueSettings,
    ) -> None:
        """Wire the use cases."""
        self._store = store
        self._admission = admission
        self._worker = worker
        self._runs = runs
        self._submissions = submissions
        self._refusals = refusals
        self._routing = routing
        self._clock = clock
        self._observer = observer
        self._settings = settings

    async def wait_until_takable(self, task: str) -> None:
        """Return when a message of this task may be started; see api.QueueService."""
        while True:
            await self._runs.room()
            if self._has_model(task):
                return
            await self._clock.sleep(self._settings.gate_poll_seconds)

    def _has_model(self, task: str) -> bool:
        """True if a model of the task is up, or is down and has no job to probe it with."""
        versions = self._admission.catalogue.versions(task)
        gates = [self._worker.models[name].gate for one in versions for name in one.definition.model.use]
        return not gates or any(gate.state is GateState.UP or not gate.waiting for gate in gates)

    async def work(self, request: JobRequest, message: ReceivedMessage) -> Disposition:
        """Run a request to its outcome; see api.QueueService."""
        try:
            new = self._admission.new_job(request, Origin.QUEUED)
            task = self._admission.catalogue.resolve(request.task)
        except RequestError as exc:
            return await self._refuse_request(message, exc, request)
        routes = self._routing.all_routes(request, task)

        async def find() -> LiveRun | Job:
            return await self._admission.claim(lambda: self._store.claim(new), request, routes=routes, message=message)

        try:
            return await self._until_settled(message, routes, find)
        except RequestError as exc:
            return await self._refuse_request(message, exc, request)

    async def work_ticket(self, job_id: str, message: ReceivedMessage) -> Disposition:
        """Run the stored job that a ticket stands for; see api.QueueService."""

        async def find() -> LiveRun | Job | None:
            found = await asyncio.shield(asyncio.ensure_future(self._submissions.start(job_id)))
            return found.join() if isinstance(found, LiveRun) else found

        return await self._until_settled(message, (), find)

    async def _until_settled(
        self,
        message: ReceivedMessage,
        routes: tuple[Route, ...],
        find: Callable[[], Awaitable[LiveRun | Job | None]],
    ) -> Disposition:
        """Find the job or its run, wait for the outcome, answer; hold on while something passing is in the way."""
        until = self._clock.monotonic() + self._settings.max_hold_seconds
        while True:
            try:
                return await self._settle(message, routes, find, until)
            except RunStopped as exc:
                if exc.intent in _AFTER_STOP:
                    return _AFTER_STOP[exc.intent]
            except TryAgainError as exc:
                if self._clock.monotonic() > until:
                    return Disposition.RELEASE
                await self._wait_a_little(exc)

    async def _settle(
        self,
        message: ReceivedMessage,
        routes: tuple[Route, ...],
        find: Callable[[], Awaitable[LiveRun | Job | None]],
        until: float,
    ) -> Disposition:
        found = await find()
        if isinstance(found, LiveRun):
            job = await self._hold(found, message, until)
            if found.message is message or (message.redelivered and set(routes) <= set(found.routes)):
                return Disposition.ACK
            found = job
        if found is not None and routes:
            await self._publish_again(found, routes)
        return Disposition.ACK

    async def _hold(self, run: LiveRun, message: ReceivedMessage, until: float) -> Job:
        """Wait for a run; when it waited too long for something, store it with a ticket in place of the message."""
        with run.joined():
            while not run.done.done():
                change: asyncio.Future[Any] = asyncio.ensure_future(run.cause_change())
                left = None if run.cause is None else max(0.0, until - self._clock.monotonic())
                cause = run.cause.reason if run.cause is not None else ""
                self._count_held(cause, 1)
                try:
                    done, _ = await asyncio.wait({run.done, change}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    self._count_held(cause, -1)
                    change.cancel()
                if not done and run.message is message and run.open_call is None:
                    await self._turn_into_ticket(run)
                elif not done:
                    until = self._clock.monotonic() + self._settings.retry_seconds
            return run.done.result()

    def _count_held(self, cause: str, change: int) -> None:
        if cause:
            self._observer.held(cause, change)

    async def _turn_into_ticket(self, run: LiveRun) -> None:
        run.stop(Intent.TICKET)
        await asyncio.wait({run.done})
        new = run.claim.new
        ticket = self._routing.ticket(run.job_id, new.task, self._clock.new_id())
        route = self._routing.route_of(run.request)
        await self._worker.fenced(run, lambda: self._store.ticket(run.claim, run.request.payload, route, ticket))
        self._worker.outbox.offer([ticket])
        log.info("delivery_ticketed", job_id=run.job_id, task=new.task)

    async def _publish_again(self, job: Job, routes: Sequence[Route]) -> None:
        answer = self._worker.answer_for(job)
        timestamp = int(self._clock.now().timestamp())
        publications = [publication_of(job.job_id, job.revision, answer, route, timestamp) for route in routes]
        await self._store.publish_again(job, publications)
        self._worker.outbox.offer(publications)

    async def _wait_a_little(self, cause: AdapterError) -> None:
        self._observer.held(cause.reason, 1)
        try:
            await self._clock.sleep(cause.retry_after_seconds or self._settings.retry_seconds)
        finally:
            self._observer.held(cause.reason, -1)

    async def _refuse_request(self, message: ReceivedMessage, error: AdapterError, request: JobRequest) -> Disposition:
        route = self._routing.route_of(request)
        return await self._refusals.refuse(message, error, task=request.task, client=request.client, route=route)

    async def refuse(
        self, message: ReceivedMessage, error: AdapterError, *, task: str, client: str, route: Route | None
    ) -> Disposition:
        """Answer a request that cannot become a job; see api.QueueService."""
        return await self._refusals.refuse(message, error, task=task, client=client, route=route)

    async def park(self, message: ReceivedMessage, reason: str, detail: str) -> Disposition:
        """Keep a message for a person; see api.QueueService."""
        return await self._refusals.park(message, reason, detail)

    async def dead_letter(
        self, message: ReceivedMessage, request: JobRequest | None, *, expired: bool, detail: str
    ) -> Disposition:
        """End the job of a dead-lettered message; see api.QueueService."""
        return await self._refusals.dead_letter(message, request, expired=expired, detail=detail)

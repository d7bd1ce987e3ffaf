"""The use cases of the queue face: work on a delivery to its outcome, hold it, answer it, give it back."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import structlog

from adapter.domain.job import Job, JobRequest, Origin, Route
from adapter.domain.message import ReceivedMessage
from adapter.domain.trace import TraceContext
from adapter.errors import AdapterError, Overloaded, RequestError, TryAgainError
from adapter.pipeline.availability.gate import GateState
from adapter.ports import Clock, Observer, RunningNow
from adapter.service.admission import Admission
from adapter.service.api import Disposition
from adapter.service.live_runs import Intent, LiveRun, LiveRuns, Replacement, RunStopped
from adapter.service.refusals import Refusals
from adapter.service.routing import Routing
from adapter.service.submissions import Submissions
from adapter.service.work import Worker

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """How long deliveries are held, and how often what they wait for is looked at."""

    max_hold_seconds: float = 600.0
    """From the moment we have it; then a ticket replaces it as soon as it only waits."""
    retry_seconds: float = 1.0
    gate_poll_seconds: float = 0.2
    ticket_at_returns: int = 10
    """Brokers give a message up that came back so often (20 times by default); a ticket begins anew."""


@dataclass(frozen=True, slots=True)
class _Held:
    """A delivery, how its job is found, and how a ticket replaces it."""

    message: ReceivedMessage
    routes: tuple[Route, ...]
    """Where its answer goes. () = it is a ticket: they are stored with the job."""
    find: Callable[[], Awaitable[LiveRun | Job | RunningNow | None]]
    replace: Callable[[], Awaitable[object]]
    until: float
    """Clock time at which it is held too long."""

    def is_answered_by(self, run: LiveRun) -> bool:
        """True if what the run stores answers for the delivery: its own run, or one that it came by once before."""
        return run.message is self.message or (self.message.redelivered and set(self.routes) <= set(run.routes))


class Deliveries:
    """Implements api.QueueService."""

    def __init__(
        self,
        *,
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
        self._admission = admission
        self._worker = worker
        self._runs = runs
        self._submissions = submissions
        self._refusals = refusals
        self._routing = routing
        self._clock = clock
        self._observer = observer
        self._settings = settings
        self._next_probe: dict[str, float] = {}

    async def wait_until_takable(self, task: str) -> None:
        """Return when a message of this task may be started; see api.QueueService."""
        while True:
            await self._runs.room()
            if self._has_model(task):
                return
            await self._clock.sleep(self._settings.gate_poll_seconds)

    def _has_model(self, task: str) -> bool:
        """True if a model of the task is up, or a message is wanted to find out whether it is."""
        versions = self._admission.catalogue.versions(task)
        gates = [self._worker.models[name].gate for one in versions for name in one.definition.model.use]
        if not gates or any(gate.state is GateState.UP for gate in gates):
            return True
        now = self._clock.monotonic()
        if not any(gate.wants_probe for gate in gates) or now < self._next_probe.get(task, now):
            return False
        # It takes a moment to reach the gate; more of them would only wait there.
        self._next_probe[task] = now + self._settings.retry_seconds
        return True

    async def work(self, request: JobRequest, message: ReceivedMessage) -> Disposition:
        """Run a request to its outcome; see api.QueueService."""
        try:
            new = self._admission.new_job(request, Origin.QUEUED)
            task = self._admission.catalogue.resolve(request.task)
            routes = self._routing.all_routes(request, task)
            claim = self._admission.claimer(new)

            def find() -> Awaitable[LiveRun | Job | RunningNow | None]:
                return self._admission.find(
                    claim, lambda claimed: LiveRun(claimed, request, routes=routes, message=message)
                )

            held = _Held(
                message,
                routes,
                self._admission.rates.once(request.client, find),
                lambda: self._submissions.keep(new, request, task),
                self._clock.monotonic() + self._settings.max_hold_seconds,
            )
            return await self._until_settled(held)
        except RequestError as exc:
            return await self._refuse_request(message, exc, request)

    async def work_ticket(self, job_id: str, message: ReceivedMessage) -> Disposition:
        """Run the stored job that a ticket stands for; see api.QueueService."""
        return await self._until_settled(
            _Held(
                message,
                (),
                lambda: self._submissions.find(job_id, message),
                lambda: self._submissions.renew_ticket(job_id),
                self._clock.monotonic() + self._settings.max_hold_seconds,
            )
        )

    async def _until_settled(self, held: _Held) -> Disposition:
        """Find the job or its run, wait for the outcome, answer; hold on while something passing is in the way."""
        if (held.message.delivery_count or 0) >= self._settings.ticket_at_returns:
            return await self._replace(held)
        while True:
            cause: AdapterError | None = None
            try:
                await self._room(held)
                disposition = await self._settle(held)
            except TryAgainError as exc:
                cause, disposition = exc, None
            if disposition is not None:
                return disposition
            if self._clock.monotonic() >= held.until:
                return await self._replace(held)
            await self._wait_a_little(cause)

    async def _room(self, held: _Held) -> None:
        """Wait for room. Raises Overloaded when there is none as long as the delivery may be held."""
        if not self._runs.is_full:
            return
        overloaded = Overloaded()
        with self._counted(overloaded):
            try:
                async with asyncio.timeout(held.until - self._clock.monotonic()):
                    await self._runs.room()
            except TimeoutError:
                raise overloaded from None

    async def _settle(self, held: _Held) -> Disposition | None:
        """One try; None = nothing is settled yet."""
        found = await held.find()
        if isinstance(found, RunningNow):
            return None
        if isinstance(found, LiveRun):
            run = found
            try:
                job = await self._hold(run, held)
            except RunStopped as exc:
                return self._after_stop(exc, run, held)
            if job is None:
                return await self._replace(held)
            if held.is_answered_by(run):
                return Disposition.ACK
            found = job
        if found is not None:
            await self._submissions.answer_again(found, held.routes)
        return Disposition.ACK

    def _after_stop(self, stopped: RunStopped, run: LiveRun, held: _Held) -> Disposition | None:
        if stopped.intent is Intent.SHUTDOWN:
            return Disposition.RELEASE
        if stopped.intent is Intent.TICKET and (held.is_answered_by(run) or not held.routes):
            return Disposition.ACK
        return None

    async def _hold(self, run: LiveRun, held: _Held) -> Job | None:
        """Wait for a run; None = it waited too long for something, and does not stand for this delivery alone."""
        until = held.until
        with run.joined():
            while not run.done.done():
                change: asyncio.Future[Any] = asyncio.ensure_future(run.cause_change())
                left = None if run.cause is None else max(0.0, until - self._clock.monotonic())
                with self._counted(run.cause):
                    try:
                        done, _ = await asyncio.wait(
                            {run.done, change}, timeout=left, return_when=asyncio.FIRST_COMPLETED
                        )
                    finally:
                        change.cancel()
                if done:
                    continue
                if run.message is not held.message:
                    return None
                if not run.is_calling:
                    self._give_way(run, held)
                until = self._clock.monotonic() + self._settings.retry_seconds
            return run.done.result()

    def _give_way(self, run: LiveRun, held: _Held) -> None:
        new = run.claim.new
        trace = TraceContext(new.traceparent, new.tracestate)
        ticket = self._routing.ticket(run.job_id, new.task, self._clock.new_id(), trace)
        run.give_way(Replacement(ticket, held.routes))

    async def _replace(self, held: _Held) -> Disposition:
        """Let a ticket stand for the delivery from now on; without the store it goes back as it is."""
        try:
            await held.replace()
        except TryAgainError as exc:
            log.warning("delivery_not_replaced", reason=exc.reason)
            return Disposition.RELEASE
        log.info("delivery_replaced", queue=held.message.queue, returns=held.message.delivery_count or 0)
        return Disposition.ACK

    @contextmanager
    def _counted(self, cause: AdapterError | None) -> Iterator[None]:
        if cause is None:
            yield
            return
        self._observer.held(cause.reason, 1)
        try:
            yield
        finally:
            self._observer.held(cause.reason, -1)

    async def _wait_a_little(self, cause: AdapterError | None) -> None:
        """Without a cause, another replica works on the job, or gave it up just now."""
        asked = cause.retry_after_seconds if cause is not None else None
        with self._counted(cause):
            await self._clock.sleep(asked or self._settings.retry_seconds)

    async def _refuse_request(self, message: ReceivedMessage, error: AdapterError, request: JobRequest) -> Disposition:
        # Without an address and anything to tell it by, nobody could tell what the answer belongs to.
        is_answerable = bool(request.reply_to or request.correlation_id or request.request_id)
        route = self._routing.route_of(request) if is_answerable else None
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

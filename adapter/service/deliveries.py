"""The use cases of the queue face: work on a delivery to its outcome, hold it, answer it, give it back."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from typing import Any

import structlog

from adapter.domain.job import Job, JobRequest, Origin, Route
from adapter.domain.message import ReceivedMessage
from adapter.domain.trace import TraceContext
from adapter.errors import AdapterError, RequestError, TryAgainError
from adapter.pipeline.availability.gate import GateState
from adapter.ports import Clock, Observer, RunningNow, Suspect
from adapter.service.admission import Admission, Found
from adapter.service.api import Disposition
from adapter.service.holding import Held, QueueSettings
from adapter.service.live_runs import Intent, LiveRun, LiveRuns, Replacement, RunStopped
from adapter.service.refusals import Refusals
from adapter.service.routing import Routing
from adapter.service.submissions import Submissions
from adapter.service.turns import Turns, counted
from adapter.service.work import Worker

log = structlog.get_logger()


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
        self._is_store_away = False
        self._turns = Turns(runs, clock, observer, has_model=self._has_model, retry_seconds=settings.retry_seconds)

    async def wait_until_takable(self, task: str) -> None:
        """Return when a message of this task may be started; see api.QueueService."""
        while True:
            await self._until_store_is_back()
            await self._runs.room()
            if self._has_model(task):
                return
            await self._clock.sleep(self._settings.gate_poll_seconds)

    async def _until_store_is_back(self) -> None:
        """Leave messages to the broker once one had to go back for want of the store: it would only come again."""
        while self._is_store_away:
            try:
                await self._admission.store.check()
            except TryAgainError:
                await self._clock.sleep(self._settings.retry_seconds)
            else:
                self._is_store_away = False

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
            new = replace(new, routes=routes)
            claim = self._admission.claimer(new)

            def find() -> Awaitable[Found]:
                return self._admission.find(
                    claim, lambda claimed: LiveRun(claimed, request, routes=routes, message=message)
                )

            held = Held(
                message,
                routes,
                self._admission.rates.once(request.client, find),
                lambda: self._submissions.keep(new, request, task),
                self._since(message),
            )
            return await self._until_settled(held)
        except RequestError as exc:
            return await self._refuse_request(message, exc, request)

    async def work_ticket(self, job_id: str, message: ReceivedMessage) -> Disposition:
        """Run the stored job that a ticket stands for; see api.QueueService."""
        return await self._until_settled(
            Held(
                message,
                (),
                lambda: self._submissions.find(job_id, message),
                lambda: self._submissions.renew_ticket(job_id),
                self._since(message),
            )
        )

    def _since(self, message: ReceivedMessage) -> float:
        return self._clock.monotonic() if message.received_at is None else message.received_at

    def _hold_left(self, held: Held) -> float:
        """Seconds until it is held too long; never negative."""
        return max(0.0, held.since + self._settings.max_hold_seconds - self._clock.monotonic())

    async def _until_settled(self, held: Held) -> Disposition:
        """Find the job or its run, wait for the outcome, answer; hold on while something passing is in the way."""
        if (held.message.delivery_count or 0) >= self._settings.ticket_at_returns:
            return await self._replace(held)
        settled: Disposition | Suspect | None = None
        while True:
            cause: AdapterError | None = None
            try:
                async with self._turns.turn(settled, held.since + self._settings.max_hold_seconds):
                    settled = await self._settle(held)
            except TryAgainError as exc:
                cause, settled = exc, None
            if isinstance(settled, Disposition):
                return settled
            if not self._hold_left(held):
                return await self._replace(held)
            await self._wait_a_little(held, cause)

    async def _settle(self, held: Held) -> Disposition | Suspect | None:
        """One try; None = nothing is settled yet."""
        found = await held.find()
        if isinstance(found, RunningNow):
            return None
        if isinstance(found, Suspect):
            return found
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

    def _after_stop(self, stopped: RunStopped, run: LiveRun, held: Held) -> Disposition | None:
        if stopped.intent is Intent.SHUTDOWN:
            return Disposition.RELEASE
        if stopped.intent is Intent.TICKET and (held.is_answered_by(run) or not held.routes):
            return Disposition.ACK
        return None

    async def _hold(self, run: LiveRun, held: Held) -> Job | None:
        """Wait for a run; None = a ticket is to replace the delivery, and the run goes on.

        That is so when the run waited too long and does not stand for this delivery alone, or was worked on too long.
        """
        until = held.since + self._settings.max_hold_seconds
        longest = last = held.since + self._settings.longest_hold_seconds
        with run.joined():
            while not run.done.done():
                change: asyncio.Future[Any] = asyncio.ensure_future(run.cause_change())
                left = max(0.0, (last if run.cause is None else min(until, last)) - self._clock.monotonic())
                with counted(self._observer, run.cause):
                    try:
                        done, _ = await asyncio.wait(
                            {run.done, change}, timeout=left, return_when=asyncio.FIRST_COMPLETED
                        )
                    finally:
                        change.cancel()
                if done:
                    continue
                now = self._clock.monotonic()
                is_giving_way = run.replacement is not None and run.cause is None
                is_busy = run.is_calling or (run.is_settling and not is_giving_way)
                if run.message is not held.message or (is_busy and now >= longest):
                    return None
                if not run.is_calling:
                    self._give_way(run, held)
                until = now + self._settings.retry_seconds
                last = max(longest, until)
            return run.done.result()

    def _give_way(self, run: LiveRun, held: Held) -> None:
        new = run.claim.new
        trace = TraceContext(new.traceparent, new.tracestate)
        ticket = self._routing.ticket(run.job_id, new.task, self._clock.new_id(), trace)
        run.give_way(Replacement(ticket, held.routes))

    async def _replace(self, held: Held) -> Disposition:
        """Let a ticket stand for the delivery from now on; without the store it goes back once it was held too long."""
        while True:
            try:
                await held.replace()
            except TryAgainError as exc:
                if not self._hold_left(held):
                    self._is_store_away = True
                    log.warning("delivery_not_replaced", reason=exc.reason)
                    return Disposition.RELEASE
                await self._wait_a_little(held, exc)
            else:
                log.info("delivery_replaced", queue=held.message.queue, returns=held.message.delivery_count or 0)
                return Disposition.ACK

    async def _wait_a_little(self, held: Held, cause: AdapterError | None) -> None:
        """Without a cause, another replica works on the job, or gave it up just now."""
        asked = cause.retry_after_seconds if cause is not None else None
        with counted(self._observer, cause):
            await self._clock.sleep(min(asked or self._settings.retry_seconds, self._hold_left(held)))

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

"""Deliveries that become no job, or that the broker gave up: answered where possible, parked where needed."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import TypeVar

import structlog

from adapter.domain.job import JobError, JobRequest, Origin, Outcome, Route, State
from adapter.domain.message import ParkedMessage, ParkReason, Publication, ReceivedMessage
from adapter.domain.publication import publication_of
from adapter.errors import (
    AdapterError,
    Interrupted,
    JobFailure,
    QueueFate,
    RequestExpired,
    RequestIdReused,
    StoreUnavailable,
    TaskNotFound,
)
from adapter.pipeline.run import RunRecord
from adapter.ports import Claim, Clock, IdReused, JobStore, NewJob, Observer, Recorded, RunningNow, Suspect
from adapter.service.admission import content_hash
from adapter.service.answers import answer_of_error
from adapter.service.api import Disposition
from adapter.service.routing import TICKET_HEADER, Routing
from adapter.service.work import Worker
from adapter.tasks.task import Task

T = TypeVar("T")
log = structlog.get_logger()


class Refusals:
    """Answers, parks and ends what cannot be worked on. Waits for the store as long as it must."""

    def __init__(
        self,
        *,
        store: JobStore,
        worker: Worker,
        routing: Routing,
        clock: Clock,
        observer: Observer,
        retry_seconds: float = 1.0,
    ) -> None:
        """retry_seconds: pause while the store is away or another replica works on the job."""
        self._store = store
        self._worker = worker
        self._routing = routing
        self._clock = clock
        self._observer = observer
        self._retry_seconds = retry_seconds

    async def refuse(
        self, message: ReceivedMessage, error: AdapterError, *, task: str, client: str, route: Route | None
    ) -> Disposition:
        """Answer a request that cannot become a job; park it where its fate says so or route is None."""
        parks = route is None or error.queue_fate in {QueueFate.ANSWERED_AND_PARKED, QueueFate.FAILED_AND_PARKED}
        parked = self._parked(message, error.reason, error.message, task=task, client=client) if parks else None
        publications = [] if route is None else [self._one_off(message, error, task=task, client=client, route=route)]
        await self._patiently(lambda: self._store.discard(None, publications, parked))
        self._observer.request_refused(error.reason, "amqp")
        if parked is not None:
            self._observer.parked(error.reason)
        self._worker.outbox.offer(publications)
        log.info("request_refused", reason=error.reason, task=task, client=client, parked=parks)
        return Disposition.ACK

    async def park(self, message: ReceivedMessage, reason: str, detail: str) -> Disposition:
        """Keep a message for a person."""
        parked = self._parked(message, reason, detail)
        await self._patiently(lambda: self._store.park(parked))
        self._observer.parked(reason)
        log.warning("message_parked", reason=reason, parked_id=parked.parked_id)
        return Disposition.ACK

    async def dead_letter(
        self, message: ReceivedMessage, request: JobRequest | None, *, expired: bool, detail: str
    ) -> Disposition:
        """End the job of a dead-lettered message, answer its requester, park it."""
        error: JobFailure = RequestExpired() if expired else Interrupted()
        found = await self._find(message, request)
        parked = self._parked(
            message,
            ParkReason.DEAD_LETTERED,
            f"{error.reason}: {detail}",
            task=request.task_name if request else "",
            client=request.client if request else "",
        )
        if isinstance(found, (Claim, Recorded)):
            parked = replace(parked, job_id=found.job.job_id)
        if isinstance(found, Claim):
            await self._end(found, request, error, parked)
        else:
            publications = self._repeated(message, request, found) if request is not None else []
            await self._patiently(lambda: self._store.park(parked, publications))
            self._worker.outbox.offer(publications)
        self._observer.parked(ParkReason.DEAD_LETTERED)
        log.warning("dead_letter_parked", reason=error.reason, parked_id=parked.parked_id, detail=detail)
        return Disposition.ACK

    async def _find(self, message: ReceivedMessage, request: JobRequest | None) -> Claim | Recorded | IdReused | None:
        """Claim the message's job, waiting for another run's end; None = it has no job."""
        ticket_of = message.properties.headers.get(TICKET_HEADER)
        while True:
            if isinstance(ticket_of, str) and not message.body:
                result = await self._patiently(partial(self._store.claim_stored, ticket_of, alone=True))
            elif request is not None:
                result = await self._patiently(partial(self._store.claim, self._new_job(request), alone=True))
            else:
                return None
            if not isinstance(result, (RunningNow, Suspect)):
                return result
            await self._clock.sleep(self._retry_seconds)

    def _new_job(self, request: JobRequest) -> NewJob:
        return NewJob(
            job_id=self._clock.new_id(),
            client=request.client,
            request_id=request.request_id,
            content_hash=content_hash(request),
            origin=Origin.QUEUED,
            task=request.task_name,
            task_ref=request.task,
            model=request.model,
            labels=request.labels,
            deadline=request.deadline,
        )

    async def _end(self, claim: Claim, request: JobRequest | None, error: JobFailure, parked: ParkedMessage) -> None:
        """End the job with what earlier runs left of it."""
        task = self._worker.task_of(claim)
        if task is not None and not claim.job.task_version:
            await self._patiently(lambda: self._store.set_version(claim, task.version, task.task_hash))
        routes = self._routing.all_routes(request, task) if request is not None else ()
        record = RunRecord.of_earlier(claim.calls, claim.work_seconds)
        outcome = Outcome(State.FAILED, error=JobError.of(error), usage=record.settled_usage(0.0))
        payload = request.payload if request is not None else claim.payload
        job, publications = await self._patiently(
            lambda: self._store.finish(
                claim,
                outcome,
                self._worker.answer_for,
                routes,
                attempts=record.attempts,
                keep_payload=self._worker.payload_to_keep(outcome, payload) if payload is not None else None,
                parked=parked,
            )
        )
        self._worker.outbox.offer(publications)
        self._observer.job_finished(job, claim.new.origin)

    def _repeated(
        self, message: ReceivedMessage, request: JobRequest, found: Recorded | IdReused | None
    ) -> list[Publication]:
        """What answers a dead-lettered repeat: the outcome that is recorded, or that its id was another request's."""
        if found is None:
            return []
        if isinstance(found, IdReused):
            reused = RequestIdReused(metadata={"job_id": found.job_id})
            route = self._routing.route_of(request)
            return [self._one_off(message, reused, task=request.task, client=request.client, route=route)]
        job, answer = found.job, self._worker.answer_for(found.job)
        timestamp = int(self._clock.now().timestamp())
        routes = self._routing.all_routes(request, self._task(request.task))
        return [publication_of(job.job_id, job.revision, answer, route, timestamp) for route in routes]

    def _one_off(
        self, message: ReceivedMessage, error: AdapterError, *, task: str, client: str, route: Route
    ) -> Publication:
        """An answer that records nothing: it has a random id."""
        resolved = self._task(task)
        answer = answer_of_error(
            error,
            task=task,
            client=client,
            request_id=message.properties.message_id,
            task_version=resolved.version if resolved is not None else "",
        )
        return publication_of("", 0, answer, route, int(self._clock.now().timestamp()), message_id=self._clock.new_id())

    def _task(self, ref: str) -> Task | None:
        try:
            return self._worker.catalogue.resolve(ref)
        except TaskNotFound:
            return None

    def _parked(
        self, message: ReceivedMessage, reason: str, detail: str, *, task: str = "", client: str = ""
    ) -> ParkedMessage:
        return ParkedMessage(self._clock.new_id(), message, reason, detail, task=task, client=client)

    async def _patiently(self, write: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                return await write()
            except StoreUnavailable:
                await self._clock.sleep(self._retry_seconds)

"""A person's retry: the next revision of a finished job, for the same request and the same addresses."""

from collections.abc import Callable

from adapter.domain.job import Job
from adapter.domain.message import ParkedMessage, ReceivedMessage
from adapter.domain.payload import Payload
from adapter.domain.trace import TraceContext
from adapter.errors import InternalError, Interrupted, InvalidRequest, RequestExpired
from adapter.ports import Clock, JobStore
from adapter.ports.operators import Obstacle, OperatorStore, PickedJob
from adapter.service.routing import Routing
from adapter.tasks.catalogue import Catalogue

PayloadOf = Callable[[ReceivedMessage], Payload | None]
"""The payload of a message as the queue face reads it; None = it is no request."""

# What a replay runs again: the outcomes that are recorded of messages that are parked.
_REPLAYED = frozenset({InternalError.reason, Interrupted.reason, RequestExpired.reason})


def no_payload(_: ReceivedMessage) -> None:
    """Without a broker no message can be read."""


class Revisions:
    """Makes revisions. Who works on them is up to the tickets, or without a broker to run_stored."""

    def __init__(
        self,
        store: JobStore,
        operators: OperatorStore,
        catalogue: Catalogue,
        clock: Clock,
        *,
        routing: Routing | None,
        stored: Callable[[], None],
        payload_of: PayloadOf = no_payload,
    ) -> None:
        """`stored` is called after each, for whoever runs stored jobs without a broker."""
        self._store = store
        self._operators = operators
        self._catalogue = catalogue
        self._clock = clock
        self._routing = routing
        self._stored = stored
        self._payload_of = payload_of

    def obstacle(self, job: PickedJob) -> Obstacle | None:
        """Say what stands against a retry, as far as that can be seen without trying."""
        if not self._catalogue.versions(job.task):
            return Obstacle.TASK_NOT_LOADED
        return None if job.has_payload else Obstacle.PAYLOAD_NOT_KEPT

    async def retry(self, job: PickedJob, payload: Payload | None = None) -> Obstacle | None:
        """Make the next revision; None = done. payload: what to run if the job's own is not kept."""
        if not self._catalogue.versions(job.task):
            return Obstacle.TASK_NOT_LOADED
        routing = self._routing
        if routing is None:
            obstacle = await self._operators.retry(job, None, (), payload)
        else:
            results = await self._operators.results_of(job.job_id)
            routes = [routing.taken_by(one.message) for one in results]
            trace = TraceContext(job.traceparent)
            ticket = routing.ticket(job.job_id, job.task, self._clock.new_id(), trace)
            obstacle = await self._operators.retry(job, ticket, routes, payload)
        self._stored()
        return obstacle

    async def replay(self, parked: ParkedMessage) -> bool:
        """Retry the job of a parked message if its outcome is one of those that a replay runs again.

        False: it has none such, and the message is to be published again. Raises InvalidRequest when it cannot be run.
        """
        job = await self._job_of(parked)
        if job is None or (not job.state.is_end and job.revision == 1):
            return False
        if job.state.is_end and (job.error is None or job.error.reason not in _REPLAYED):
            return False
        if job.state.is_end:
            _tell(await self.retry(_picked(job), self._payload_of(parked.message)), job)
        return True

    async def _job_of(self, parked: ParkedMessage) -> Job | None:
        if parked.job_id:
            return await self._store.get(parked.job_id)
        request_id = parked.message.properties.message_id
        return await self._store.find(parked.client, request_id) if parked.client and request_id else None


def _picked(job: Job) -> PickedJob:
    return PickedJob(
        job_id=job.job_id,
        request_id=job.request_id,
        client=job.client,
        task=job.task,
        state=job.state,
        revision=job.revision,
        has_payload=True,
        has_unsent_result=False,
        traceparent=job.traceparent,
    )


def _tell(obstacle: Obstacle | None, job: Job) -> None:
    """Raise what keeps a replay from running; somebody else's retry is as good."""
    said = {
        Obstacle.PAYLOAD_NOT_KEPT: "Its payload is not kept any more (retention.payloads).",
        Obstacle.TASK_NOT_LOADED: f"Its task {job.task} is not loaded. Deploy the task folder.",
    }
    if obstacle in said:
        raise InvalidRequest(
            f"The job {job.job_id} of the parked message cannot be run again. {said[obstacle]}",
            metadata={"job_id": job.job_id},
        )

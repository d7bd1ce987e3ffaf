"""What is done with a message of each kind of queue: a task's requests, unrouted requests, dead letters."""

import asyncio
from collections.abc import Callable

import structlog

from adapter.domain.job import JobRequest
from adapter.domain.message import ReceivedMessage
from adapter.errors import AdapterError, TaskNotFound
from adapter.inbound.amqp.deaths import as_it_first_came, death_of
from adapter.inbound.amqp.release_counts import ReleaseCounts
from adapter.inbound.amqp.translate import Refused, ToPark, Translation, Translator
from adapter.ports import Clock
from adapter.service.api import Disposition, QueueService
from adapter.service.routing import TICKET_HEADER

log = structlog.get_logger()

# Bodies larger than this, and packed ones, are hashed and unpacked in a thread: the loop is for everybody.
_SMALL_BODY_BYTES = 65_536


def ticket_of(message: ReceivedMessage) -> str:
    """Job id of a ticket, "" = a request."""
    job_id = message.properties.headers.get(TICKET_HEADER)
    return job_id if not message.body and isinstance(job_id, str) else ""


class RequestHandler:
    """Hands requests and tickets to the service."""

    def __init__(self, service: QueueService, translator: Translator) -> None:
        """Take the service and the rules."""
        self._service = service
        self._translator = translator
        self.without_message_id = 0
        """Requests that nobody can deduplicate."""

    async def handle(self, message: ReceivedMessage) -> Disposition:
        """Work on one message."""
        job_id = ticket_of(message)
        if job_id:
            return await self._service.work_ticket(job_id, message)
        return await self.answer(message, await self.translate(message))

    async def translate(self, message: ReceivedMessage) -> Translation:
        """Read a message without holding the loop."""
        if len(message.body) > _SMALL_BODY_BYTES or "gzip" in message.properties.content_encoding.lower():
            return await asyncio.to_thread(self._translator.translate, message)
        return self._translator.translate(message)

    def refusal(self, message: ReceivedMessage, request: JobRequest, error: AdapterError) -> Refused:
        """Refuse a request that could be read."""
        return self._translator.refusal(message, request, error)

    async def answer(self, message: ReceivedMessage, translation: Translation) -> Disposition:
        """Work on a request, or answer or park what is none."""
        match translation:
            case JobRequest():
                self._count(translation)
                return await self._service.work(translation, message)
            case Refused(error, task, client, route):
                return await self._service.refuse(message, error, task=task, client=client, route=route)
            case ToPark(reason, detail):
                return await self._service.park(message, reason, detail)

    def _count(self, request: JobRequest) -> None:
        if request.request_id:
            return
        if not self.without_message_id:
            log.warning(
                "message_id_missing",
                task=request.task,
                client=request.client,
                consequence="not deduplicated: a message sent twice is paid twice",
                fix="set message_id at the sender, or amqp.missing_message_id",
            )
        self.without_message_id += 1


class UnroutedHandler:
    """Requests that reached no task queue: worked on if we know the task after all, else answered TASK_NOT_FOUND."""

    def __init__(
        self,
        service: QueueService,
        requests: RequestHandler,
        knows: Callable[[str], bool],
        clock: Clock,
        *,
        releases: int = 0,
        release_seconds: float = 2.0,
    ) -> None:
        """`knows` takes a task's name. A request is given back `releases` times for a newer replica to find."""
        self._service = service
        self._requests = requests
        self._knows = knows
        self._clock = clock
        self._releases = releases
        self._release_seconds = release_seconds
        self._counts = ReleaseCounts()

    async def handle(self, message: ReceivedMessage) -> Disposition:
        """Work on one message."""
        job_id = ticket_of(message)
        if job_id:
            return await self._service.work_ticket(job_id, message)
        translation = await self._requests.translate(message)
        if isinstance(translation, JobRequest) and not self._knows(translation.task_name):
            return await self._not_found(message, translation)
        return await self._requests.answer(message, translation)

    async def _not_found(self, message: ReceivedMessage, request: JobRequest) -> Disposition:
        if self._counts.of(message) < self._releases:
            self._counts.add(message)
            await self._clock.sleep(self._release_seconds)
            return Disposition.RELEASE
        self._counts.forget(message)
        error = TaskNotFound(
            f"No task {request.task_name!r} is loaded. Check the routing key, or deploy the task folder.",
            metadata={"task": request.task_name},
        )
        return await self._requests.answer(message, self._requests.refusal(message, request, error))


class DeadLetterHandler:
    """Ends what the broker gave up on."""

    def __init__(self, service: QueueService, requests: RequestHandler) -> None:
        """Take the service and the way to read requests."""
        self._service = service
        self._requests = requests

    async def handle(self, message: ReceivedMessage) -> Disposition:
        """Work on one message, as it first came."""
        death = death_of(message)
        original = as_it_first_came(message, death)
        request = None
        if not ticket_of(message):
            translation = await self._requests.translate(original)
            request = translation if isinstance(translation, JobRequest) else None
        return await self._service.dead_letter(original, request, expired=death.is_expiry, detail=death.detail)

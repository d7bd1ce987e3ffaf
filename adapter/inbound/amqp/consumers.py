"""The queue face as a whole: a consumer per task queue, one for unrouted requests, one for dead letters."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from adapter.broker.events import EventHook, ignore_event
from adapter.broker.link import Link
from adapter.broker.subscription import Subscription
from adapter.broker.topology import Topology
from adapter.inbound.amqp.handlers import DeadLetterHandler, RequestHandler, UnroutedHandler
from adapter.inbound.amqp.queue_consumer import QueueConsumer, QueueHealth
from adapter.inbound.amqp.settings import AmqpFaceSettings, ConsumerSettings
from adapter.inbound.amqp.tracing import traced
from adapter.inbound.amqp.translate import Translator
from adapter.ports import NO_TRACER, Clock, Publisher, Tracer
from adapter.service.api import QueueService


class Consumers:
    """Every consumer of this process. One that ends by a bug ends all, so that the process is restarted."""

    def __init__(self, consumers: Sequence[QueueConsumer], requests: RequestHandler) -> None:
        """Take the consumers, and the handler that counts requests without an id."""
        self._consumers = tuple(consumers)
        self._requests = requests

    @property
    def running(self) -> int:
        """Deliveries being handled."""
        return sum(consumer.running for consumer in self._consumers)

    @property
    def without_message_id(self) -> int:
        """Requests so far that nobody can deduplicate."""
        return self._requests.without_message_id

    def health(self) -> tuple[QueueHealth, ...]:
        """How each queue is served."""
        return tuple(consumer.health() for consumer in self._consumers)

    async def run(self) -> None:
        """Consume until drained. Cancellation gives everything back at once."""
        async with asyncio.TaskGroup() as group:
            for consumer in self._consumers:
                group.create_task(consumer.run(), name=f"consumer {consumer.queue}")

    async def stop_taking(self) -> None:
        """Take nothing more; what was taken goes on."""
        await asyncio.gather(*(consumer.stop_taking() for consumer in self._consumers))

    async def drain(self, timeout_seconds: float) -> None:
        """Take nothing more, wait for what is running, give the rest back; run() then ends."""
        await asyncio.gather(*(consumer.drain(timeout_seconds) for consumer in self._consumers))


def consumers_of(
    link: Link,
    topology: Topology,
    service: QueueService,
    *,
    clock: Clock,
    face: AmqpFaceSettings,
    settings: ConsumerSettings,
    knows: Callable[[str], bool] | None = None,
    on_event: EventHook = ignore_event,
    tracer: Tracer = NO_TRACER,
    prober: Publisher | None = None,
) -> Consumers:
    """Build the consumers of a topology over one link. `knows`: which tasks are loaded; default: the topology's.

    prober: sends what proves that a consumer gets messages.
    """
    translator = Translator(face)
    requests = RequestHandler(service, translator)
    unrouted = UnroutedHandler(
        service,
        requests,
        knows or frozenset(topology.tasks).__contains__,
        clock,
        releases=settings.unrouted_releases,
        release_seconds=settings.unrouted_release_seconds,
    )
    consumer = partial(
        QueueConsumer,
        clock=clock,
        pause_after_seconds=settings.pause_after_seconds,
        pause_after_bug_seconds=settings.pause_after_bug_seconds,
    )

    def source(queue: str, prefetch: int) -> Subscription:
        return Subscription(
            link,
            queue,
            prefetch=prefetch,
            max_bytes=settings.max_held_bytes,
            worn_at=settings.worn_at,
            prober=prober,
            on_event=on_event,
        )

    tasks = [
        consumer(
            queue,
            source(queue, settings.max_held),
            traced(requests.handle, tracer),
            ready=partial(service.wait_until_takable, task),
        )
        for task in topology.tasks
        for queue in (topology.request_queue(task),)
    ]
    beside = [
        consumer(
            topology.unrouted_queue,
            source(topology.unrouted_queue, settings.max_held_beside),
            traced(unrouted.handle, tracer),
        ),
        consumer(
            topology.dead_letter_queue,
            source(topology.dead_letter_queue, settings.max_held_beside),
            traced(DeadLetterHandler(service, requests).handle, tracer),
        ),
    ]
    return Consumers([*tasks, *beside], requests)

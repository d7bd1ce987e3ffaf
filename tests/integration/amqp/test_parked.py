"""A message that the broker gave up on is kept as it came, and a replay puts it where it first came."""

from adapter.broker.link import Link
from adapter.broker.publisher import BrokerPublisher
from adapter.broker.topology import Topology
from adapter.domain.job import JobRequest
from adapter.domain.message import ParkedMessage, ReceivedMessage
from adapter.outbound.sql.store import SqlJobStore
from adapter.service.api import Disposition
from adapter.service.parked import ParkedMessages
from tests.integration.amqp.parts import await_ready, consuming, receive, reject_one, send
from tests.kit.fake_retries import NothingRecorded
from tests.kit.rabbitmq import eventually
from tests.unit.inbound_amqp.fakes import FakeQueueService


class ParkingService(FakeQueueService):
    """Parks every dead letter."""

    def __init__(self, store: SqlJobStore) -> None:
        super().__init__()
        self.store = store

    async def dead_letter(
        self, message: ReceivedMessage, request: JobRequest | None, *, expired: bool, detail: str
    ) -> Disposition:
        await self.store.park(ParkedMessage("p-1", message, "DEAD_LETTERED", detail))
        return await super().dead_letter(message, request, expired=expired, detail=detail)


async def test_a_dead_letter_is_kept_and_replayed_as_it_first_came(
    link: Link, topology: Topology, store: SqlJobStore
) -> None:
    body, headers = bytes(range(256)), {"llm-label-a": "x", "nested": {"list": [1, b"\xff", None]}}
    queue = topology.request_queue("classify")
    await send(
        link,
        topology.requests_exchange,
        "classify.v1",
        body,
        correlation_id="\udcff",
        content_type="application/x-odd",
        headers=headers,
        priority=3,
        timestamp=7,
        user_id="guest",
    )
    await reject_one(link, queue)
    service = ParkingService(store)
    async with consuming(link, topology, service, "extract"):
        await eventually(lambda: service.calls)
    await await_ready(link, topology.dead_letter_queue, 0)

    publisher = BrokerPublisher(link)
    replayed = await ParkedMessages(store, publisher, NothingRecorded()).replay("p-1")
    await publisher.close()

    assert replayed.replay_time is not None
    assert replayed.message.properties.user_id == "guest"
    [again] = await receive(link, queue, 1)
    assert (again.body, again.exchange, again.routing_key) == (body, topology.requests_exchange, "classify.v1")
    properties = again.properties
    assert (properties.message_id, properties.correlation_id) == ("id-1", "\udcff")
    assert (properties.content_type, properties.priority, properties.timestamp) == ("application/x-odd", 3, 7)
    assert properties.user_id == ""
    assert {name for name in properties.headers if not name.startswith("llm-publish")} == set(headers)
    assert properties.headers["nested"] == headers["nested"]


async def test_a_replayed_message_can_die_again(link: Link, topology: Topology, store: SqlJobStore) -> None:
    queue = topology.request_queue("classify")
    service = ParkingService(store)
    await send(link, topology.requests_exchange, "classify")
    await reject_one(link, queue)
    publisher = BrokerPublisher(link)
    async with consuming(link, topology, service, "extract"):
        await eventually(lambda: service.calls)
        await ParkedMessages(store, publisher, NothingRecorded()).replay("p-1")
        await store.discard_parked("p-1")
        await reject_one(link, queue)
        await eventually(lambda: len(service.calls) == 2)
    await publisher.close()
    [first, second] = [message for _, (message, _, _) in service.calls]
    assert (first.body, first.exchange, first.routing_key) == (second.body, second.exchange, second.routing_key)

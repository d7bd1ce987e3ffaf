"""Deliveries of a real broker reach their use case and are settled by what it says."""

import asyncio
from typing import TYPE_CHECKING

import pytest

from adapter.broker.link import Link
from adapter.broker.topology import Topology
from adapter.domain.job import JobRequest, Route
from adapter.domain.message import PublishStatus
from adapter.service.api import Disposition
from tests.integration.amqp.parts import await_ready, consuming, reject_one, send
from tests.kit.rabbitmq import eventually
from tests.unit.inbound_amqp.fakes import FakeQueueService

if TYPE_CHECKING:
    from deploy.rabbitmq.private_broker import PrivateBroker


@pytest.fixture
def service() -> FakeQueueService:
    return FakeQueueService()


async def test_a_request_that_is_answered_for_is_gone(
    link: Link, topology: Topology, service: FakeQueueService
) -> None:
    async with consuming(link, topology, service):
        await send(link, topology.requests_exchange, "classify.v2", b'{"a":1}', reply_to="crm.replies")
        await eventually(lambda: service.calls)
    [(use_case, request)] = service.calls
    assert use_case == "work"
    assert (request.task, request.request_id, request.payload.content) == ("classify@2", "id-1", b'{"a":1}')
    assert request.reply_to == Route("", "crm.replies", "id-1")
    await await_ready(link, topology.request_queue("classify"), 0)


async def test_a_request_that_is_released_comes_again(
    link: Link, topology: Topology, service: FakeQueueService
) -> None:
    async def first_release(request: JobRequest) -> Disposition:
        del request
        return Disposition.RELEASE if len(service.calls) == 1 else Disposition.ACK

    service.on_work = first_release
    async with consuming(link, topology, service):
        await send(link, topology.requests_exchange, "classify")
        await eventually(lambda: len(service.calls) == 2)
    await await_ready(link, topology.request_queue("classify"), 0)


async def test_a_bug_in_one_delivery_leaves_the_consumer_working(
    link: Link, topology: Topology, service: FakeQueueService
) -> None:
    async def bug_at_first(request: JobRequest) -> Disposition:
        del request
        if len(service.calls) == 1:
            raise ValueError
        return Disposition.ACK

    service.on_work = bug_at_first
    async with consuming(link, topology, service) as consumers:
        await send(link, topology.requests_exchange, "classify")
        await eventually(lambda: len(service.calls) == 2)
        assert sum(each.bugs for each in consumers.health()) == 1


async def test_each_task_has_its_queue(link: Link, topology: Topology, service: FakeQueueService) -> None:
    async with consuming(link, topology, service):
        await send(link, topology.requests_exchange, "classify")
        await send(link, topology.requests_exchange, "extract.v1")
        await send(link, "", topology.request_queue("extract"))
        await eventually(lambda: len(service.calls) == 3)
    assert sorted(request.task for _, request in service.calls) == ["classify", "extract", "extract@1"]


async def test_a_request_of_an_unknown_task_is_answered_not_found(
    link: Link, topology: Topology, service: FakeQueueService
) -> None:
    async with consuming(link, topology, service):
        outcome = await send(link, topology.requests_exchange, "nobody", reply_to="crm.replies")
        await eventually(lambda: service.calls)
    assert outcome.status is PublishStatus.CONFIRMED
    [(use_case, (error, task, _, route))] = service.calls
    assert (use_case, error.reason, task) == ("refuse", "TASK_NOT_FOUND", "nobody")
    assert route == Route("", "crm.replies", "id-1")


async def test_an_unknown_task_is_released_first_where_a_newer_replica_may_know_it(
    link: Link, topology: Topology, service: FakeQueueService
) -> None:
    async with consuming(link, topology, service, unrouted_releases=3, unrouted_release_seconds=0.05):
        began = asyncio.get_running_loop().time()
        await send(link, topology.requests_exchange, "nobody")
        await eventually(lambda: service.calls)
        assert asyncio.get_running_loop().time() - began >= 0.15
    assert [use_case for use_case, _ in service.calls] == ["refuse"]


async def test_a_request_with_every_kind_of_header_is_read(
    link: Link, topology: Topology, service: FakeQueueService
) -> None:
    headers = {
        "deep": {"list": [1, None, True, {"x": b"\xff"}]},
        "llm-label-a": "ä",
        "llm-label-n": 7,
        "bytes": b"\xff",
    }
    async with consuming(link, topology, service):
        await send(link, topology.requests_exchange, "classify", headers=headers, correlation_id="\udcff")
        await eventually(lambda: service.calls)
    [(_, request)] = service.calls
    assert request.labels == {"a": "ä", "n": "7"}
    assert request.correlation_id == "\udcff"


async def test_an_expired_message_reaches_the_dead_letter_use_case_as_it_first_came(
    link: Link, topology: Topology, service: FakeQueueService
) -> None:
    async with consuming(link, topology, service, "extract"):
        await send(link, topology.requests_exchange, "classify.v1", expiration="1")
        await eventually(lambda: service.calls)
    [(use_case, (message, request, expired))] = service.calls
    assert (use_case, expired) == ("dead_letter", True)
    assert (message.exchange, message.routing_key) == (topology.requests_exchange, "classify.v1")
    assert request is not None
    assert (request.task, request.request_id) == ("classify@1", "id-1")
    await await_ready(link, topology.dead_letter_queue, 0)


async def test_a_message_that_died_of_something_else_is_not_expired(
    link: Link, topology: Topology, service: FakeQueueService
) -> None:
    await send(link, "", topology.request_queue("classify"))
    await reject_one(link, topology.request_queue("classify"))
    async with consuming(link, topology, service, "extract"):
        await eventually(lambda: service.calls)
    [(_, (message, request, expired))] = service.calls
    assert expired is False
    assert (message.exchange, message.routing_key) == ("", topology.request_queue("classify"))
    assert request is not None
    assert request.task == "classify"


async def test_a_pause_gives_back_what_was_not_begun(link: Link, topology: Topology, service: FakeQueueService) -> None:
    service.takable.clear()
    queue = topology.request_queue("classify")
    async with consuming(link, topology, service, pause_after_seconds=0.2) as consumers:
        await send(link, topology.requests_exchange, "classify")
        await eventually(lambda: any(each.is_paused for each in consumers.health()))
        await await_ready(link, queue, 1)
        assert service.calls == []
        service.takable.set()
        await eventually(lambda: service.calls)


async def test_a_drain_waits_then_gives_back_what_is_left(
    link: Link, topology: Topology, service: FakeQueueService
) -> None:
    may_end = asyncio.Event()

    async def hang_on_the_second(request: JobRequest) -> Disposition:
        if request.request_id == "slow":
            await asyncio.Event().wait()
        await may_end.wait()
        return Disposition.ACK

    service.on_work = hang_on_the_second
    async with consuming(link, topology, service) as consumers:
        for name in ("quick", "slow"):
            await send(link, topology.requests_exchange, "classify", message_id=name)
        await eventually(lambda: consumers.running == 2)
        draining = asyncio.create_task(consumers.drain(5))
        await eventually(lambda: not any(each.is_consuming for each in consumers.health()))
        may_end.set()
        await draining
        assert consumers.running == 0
    await await_ready(link, topology.request_queue("classify"), 1)


async def test_a_broker_that_restarts_loses_nothing(
    broker: "PrivateBroker", link: Link, topology: Topology, service: FakeQueueService
) -> None:
    may_end = asyncio.Event()

    async def hold(request: JobRequest) -> Disposition:
        del request
        await may_end.wait()
        return Disposition.ACK

    service.on_work = hold
    async with consuming(link, topology, service) as consumers:
        for number in range(5):
            await send(link, topology.requests_exchange, "classify", message_id=f"id-{number}")
        await eventually(lambda: len(service.calls) == 5)
        await asyncio.to_thread(broker.stop_app)
        await asyncio.to_thread(broker.start_app)
        await eventually(lambda: len(service.calls) >= 10, within_seconds=30)
        may_end.set()
        await eventually(lambda: consumers.running == 0)
        service.on_work = None
        await send(link, topology.requests_exchange, "classify", message_id="fresh")
        await eventually(lambda: service.calls[-1][1].request_id == "fresh")
    await await_ready(link, topology.request_queue("classify"), 0)
    ids = {request.request_id for _, request in service.calls}
    assert ids == {*(f"id-{number}" for number in range(5)), "fresh"}

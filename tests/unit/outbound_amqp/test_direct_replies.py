"""A direct reply is sent at best: nobody waits for it, and nobody waits because of it."""

import pytest

from adapter.domain.message import PublishStatus
from tests.unit.outbound_amqp.fakes import FakeBroker, FakeStore, publication, relaying, until


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


@pytest.fixture
def broker() -> FakeBroker:
    return FakeBroker()


@pytest.mark.parametrize("status", [PublishStatus.UNROUTABLE, PublishStatus.REFUSED])
async def test_a_direct_reply_is_sent_at_best(store: FakeStore, broker: FakeBroker, status: PublishStatus) -> None:
    broker.answers["amq.rabbitmq.reply-to.x"] = status
    async with relaying(store, broker) as relay:
        relay.offer(store.stored(publication(1, to="amq.rabbitmq.reply-to.x")))
        await until(lambda: store.sent)
    assert len(broker.published) == 1


async def test_a_direct_reply_that_cannot_leave_says_nothing_about_the_link_of_others(
    store: FakeStore, broker: FakeBroker
) -> None:
    broker.answers["amq.rabbitmq.reply-to.x"] = PublishStatus.NOT_SENT
    async with relaying(store, broker) as relay:
        relay.offer(store.stored(publication(1, to="amq.rabbitmq.reply-to.x")))
        await until(lambda: len(store.failed) >= 2)
        assert not relay.link_is_down
        relay.offer(store.stored(publication(2)))
        await until(lambda: store.sent)


@pytest.mark.parametrize("status", [PublishStatus.NACKED, PublishStatus.UNKNOWN])
async def test_a_direct_reply_that_is_not_confirmed_is_tried_a_few_times_and_no_more(
    store: FakeStore, broker: FakeBroker, status: PublishStatus
) -> None:
    broker.answers["amq.rabbitmq.reply-to.x"] = status
    async with relaying(store, broker) as relay:
        relay.offer(store.stored(publication(1, to="amq.rabbitmq.reply-to.x")))
        await until(lambda: store.sent)
    assert len(broker.published) == 4

"""Every stored publication is sent until it is taken or given up, and trouble stays where it is."""

import asyncio

import pytest
from structlog.testing import capture_logs

from adapter.domain.message import PublishStatus
from adapter.outbound.amqp.lanes import Backoff, LaneLimits
from tests.unit.outbound_amqp.fakes import (
    DEADLINE_SECONDS,
    LONG_AGO,
    CountingObserver,
    FakeBroker,
    FakeStore,
    publication,
    relaying,
    until,
)


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


@pytest.fixture
def broker() -> FakeBroker:
    return FakeBroker()


async def test_what_is_offered_is_published_and_marked(store: FakeStore, broker: FakeBroker) -> None:
    observer = CountingObserver()
    async with relaying(store, broker, observer) as relay:
        relay.offer(store.stored(publication(1), publication(2)))
        await until(lambda: len(store.sent) == 2)
        assert relay.held == 0
    assert observer.counts == {"confirmed": 2}


async def test_what_others_left_is_found_in_the_store(store: FakeStore, broker: FakeBroker) -> None:
    store.stored(*(publication(number) for number in range(500)), owned=False)
    async with relaying(store, broker):
        await until(lambda: len(store.sent) == 500)
    assert len(broker.published) == 500


async def test_what_is_offered_twice_is_sent_once(store: FakeStore, broker: FakeBroker) -> None:
    broker.gates["crm.replies"] = asyncio.Event()
    async with relaying(store, broker) as relay:
        relay.offer(store.stored(publication(1)))
        await until(lambda: broker.published)
        relay.offer([publication(1)])
        broker.gates["crm.replies"].set()
        await until(lambda: store.sent)
    assert len(broker.published) == 1


async def test_what_was_offered_before_the_start_is_sent(store: FakeStore, broker: FakeBroker) -> None:
    async with relaying(store, broker) as relay:
        relay.offer(store.stored(publication(1)))
        await until(lambda: store.sent)


# --- outcomes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "status", [PublishStatus.NACKED, PublishStatus.UNKNOWN, PublishStatus.UNROUTABLE, PublishStatus.REFUSED]
)
async def test_what_was_not_taken_is_tried_again_until_it_is(
    store: FakeStore, broker: FakeBroker, status: PublishStatus
) -> None:
    answers = iter([status, status, status])
    broker.answers["crm.replies"] = lambda: next(answers, PublishStatus.CONFIRMED)
    async with relaying(store, broker) as relay:
        relay.offer(store.stored(publication(1)))
        await until(lambda: store.sent)
    assert [detail.partition(":")[0] for _, detail, _ in store.failed] == [status.value] * 3
    assert len(set(broker.published)) == 1


async def test_waits_between_tries_grow(store: FakeStore, broker: FakeBroker) -> None:
    answers = iter([PublishStatus.UNROUTABLE] * 4)
    broker.answers["crm.replies"] = lambda: next(answers, PublishStatus.CONFIRMED)
    async with relaying(store, broker, backoff=Backoff(0.01, 0.04)) as relay:
        relay.offer(store.stored(publication(1)))
        await until(lambda: store.sent)
    assert [wait for _, _, wait in store.failed] == [0.01, 0.02, 0.04, 0.04]


@pytest.mark.parametrize("status", [PublishStatus.UNROUTABLE, PublishStatus.REFUSED])
async def test_what_nobody_takes_for_long_is_undeliverable(
    store: FakeStore, broker: FakeBroker, status: PublishStatus
) -> None:
    broker.answers["crm.replies"] = status
    observer = CountingObserver()
    async with relaying(store, broker, observer) as relay:
        relay.offer(store.stored(publication(1, create_time=LONG_AGO)))
        await until(lambda: store.undeliverable)
    [(reason, detail)] = store.undeliverable.values()
    assert reason == "RESULT_UNDELIVERABLE"
    assert detail.startswith(status.value)
    assert observer.counts["undeliverable"] == 1


@pytest.mark.parametrize("status", [PublishStatus.NACKED, PublishStatus.UNKNOWN])
async def test_what_may_be_taken_yet_is_never_given_up(
    store: FakeStore, broker: FakeBroker, status: PublishStatus
) -> None:
    broker.answers["crm.replies"] = status
    async with relaying(store, broker) as relay:
        relay.offer(store.stored(publication(1, create_time=LONG_AGO)))
        await until(lambda: len(store.failed) >= 3)
    assert store.undeliverable == {}


async def test_what_is_too_large_is_given_up_unsent(store: FakeStore, broker: FakeBroker) -> None:
    async with relaying(store, broker, max_message_bytes=10) as relay:
        relay.offer(store.stored(publication(1, body=b"x" * 11)))
        await until(lambda: store.undeliverable)
    [(reason, _)] = store.undeliverable.values()
    assert reason == "RESULT_TOO_LARGE"
    assert broker.published == []


async def test_what_the_broker_calls_too_large_is_given_up(store: FakeStore, broker: FakeBroker) -> None:
    broker.answers["crm.replies"] = PublishStatus.REFUSED
    broker.details["crm.replies"] = "406 PRECONDITION_FAILED - message size 11 is larger than configured max size 10"
    async with relaying(store, broker) as relay:
        relay.offer(store.stored(publication(1)))
        await until(lambda: store.undeliverable)
    [(reason, _)] = store.undeliverable.values()
    assert reason == "RESULT_TOO_LARGE"


@pytest.mark.parametrize("status", [PublishStatus.UNROUTABLE, PublishStatus.REFUSED])
async def test_a_ticket_is_never_given_up(store: FakeStore, broker: FakeBroker, status: PublishStatus) -> None:
    broker.answers["classify"] = status
    ticket = publication(1, to="classify", body=b"", headers={"llm-job-id": "job-1"}, create_time=LONG_AGO)
    async with relaying(store, broker) as relay:
        relay.offer(store.stored(ticket))
        await until(lambda: len(store.failed) >= 3)
    assert store.undeliverable == {}


async def test_a_bug_in_sending_harms_only_its_publication(store: FakeStore, broker: FakeBroker) -> None:
    def bug() -> PublishStatus:
        broker.answers["odd"] = PublishStatus.CONFIRMED
        raise ValueError

    broker.answers["odd"] = bug
    with capture_logs() as logs:
        async with relaying(store, broker) as relay:
            relay.offer(store.stored(publication(1, to="odd"), publication(2)))
            await until(lambda: len(store.sent) == 2)
            assert relay.held == 0
    assert "publication_failed_by_a_bug" in [line["event"] for line in logs]


# --- trouble ------------------------------------------------------------------------------------------


async def test_a_destination_in_trouble_holds_up_only_itself(store: FakeStore, broker: FakeBroker) -> None:
    broker.answers["full"] = PublishStatus.NACKED
    broker.gates["hanging"] = asyncio.Event()
    stored = store.stored(
        *(publication(number, to="full") for number in range(300)),
        *(publication(number, to="hanging") for number in range(300)),
        *(publication(number, to="sound") for number in range(300)),
    )
    async with relaying(store, broker, limits=LaneLimits(in_flight_per_destination=8)) as relay:
        relay.offer(stored)
        await until(lambda: len(store.sent) == 300)
    assert all("sound" in each for each in store.sent)
    assert broker.most_under_way["hanging"] == 8


async def test_a_destination_in_trouble_is_tried_one_at_a_time(store: FakeStore, broker: FakeBroker) -> None:
    async with relaying(store, broker, limits=LaneLimits(in_flight_per_destination=8)) as relay:
        broker.answers["full"] = PublishStatus.NACKED
        relay.offer(store.stored(publication(0, to="full")))
        await until(lambda: store.failed)
        relay.offer(store.stored(*(publication(number, to="full") for number in range(1, 50))))
        await until(lambda: len(store.failed) > 60)
        assert broker.most_under_way["full"] == 1
        broker.answers["full"] = PublishStatus.CONFIRMED
        await until(lambda: len(store.sent) == 50)


async def test_nothing_is_marked_while_the_link_is_down(store: FakeStore, broker: FakeBroker) -> None:
    broker.is_down = True
    observer = CountingObserver()
    async with relaying(store, broker, observer) as relay:
        relay.offer(store.stored(*(publication(number) for number in range(300))))
        await until(lambda: observer.counts["not_sent"] >= 10)
        assert relay.link_is_down
        assert store.failed == []
        broker.is_down = False
        await until(lambda: len(store.sent) == 300)
        assert not relay.link_is_down
    assert len(broker.published) == 300


async def test_one_at_a_time_is_tried_while_the_link_is_down(store: FakeStore, broker: FakeBroker) -> None:
    broker.is_down = True
    observer = CountingObserver()
    async with relaying(store, broker, observer, link_pause_seconds=0.02) as relay:
        relay.offer(store.stored(*(publication(number, to=f"q{number}") for number in range(10))))
        await until(lambda: relay.link_is_down)
        before, began = observer.counts["not_sent"], asyncio.get_running_loop().time()
        await until(lambda: observer.counts["not_sent"] >= before + 5)
        assert asyncio.get_running_loop().time() - began >= 0.06


async def test_what_does_not_fit_waits_in_the_store(store: FakeStore, broker: FakeBroker) -> None:
    broker.gates["crm.replies"] = asyncio.Event()
    async with relaying(store, broker, limits=LaneLimits(waiting=10)) as relay:
        relay.offer(store.stored(*(publication(number) for number in range(100))))
        assert relay.held == 10
        await until(lambda: len(store.failed) >= 90)
        broker.gates["crm.replies"].set()
        await until(lambda: len(store.sent) == 100)
    assert len(broker.published) == 100


async def test_what_is_held_is_bounded_in_bytes(store: FakeStore, broker: FakeBroker) -> None:
    broker.gates["crm.replies"] = asyncio.Event()
    async with relaying(store, broker, limits=LaneLimits(waiting_bytes=100)) as relay:
        relay.offer(store.stored(*(publication(number, body=b"x" * 60) for number in range(10))))
        assert relay.held == 2
        broker.gates["crm.replies"].set()
        await until(lambda: len(store.sent) == 10)


async def test_a_confirm_is_marked_once_the_store_is_back(store: FakeStore, broker: FakeBroker) -> None:
    store.is_down = True
    async with relaying(store, broker) as relay:
        relay.offer(store.stored(publication(1)))
        await until(lambda: broker.published)
        store.is_down = False
        await until(lambda: store.sent)
    assert len(broker.published) == 1


# --- draining -----------------------------------------------------------------------------------------


async def test_draining_sends_what_is_held(store: FakeStore, broker: FakeBroker) -> None:
    async with relaying(store, broker) as relay:
        relay.offer(store.stored(*(publication(number) for number in range(200))))
        await relay.drain(DEADLINE_SECONDS)
    assert len(store.sent) == 200


async def test_draining_does_not_wait_for_trouble(store: FakeStore, broker: FakeBroker) -> None:
    broker.is_down = True
    async with relaying(store, broker) as relay:
        relay.offer(store.stored(publication(1)))
        await until(lambda: relay.link_is_down)
        async with asyncio.timeout(1):
            await relay.drain(60)
    assert store.sent == []


async def test_draining_ends_at_its_deadline(store: FakeStore, broker: FakeBroker) -> None:
    broker.gates["crm.replies"] = asyncio.Event()
    async with relaying(store, broker) as relay:
        relay.offer(store.stored(publication(1)))
        await until(lambda: broker.published)
        await relay.drain(0.05)
    assert store.sent == []


async def test_what_is_offered_while_draining_stays_in_the_store(store: FakeStore, broker: FakeBroker) -> None:
    async with relaying(store, broker) as relay:
        await relay.drain(0)
        relay.offer(store.stored(publication(1)))
        assert relay.held == 0

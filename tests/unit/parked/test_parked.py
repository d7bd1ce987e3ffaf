"""What is parked can be looked at, replayed as it came, and discarded."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from adapter.domain.message import (
    OutgoingMessage,
    ParkedMessage,
    Properties,
    PublishOutcome,
    PublishStatus,
    ReceivedMessage,
)
from adapter.errors import InvalidRequest, JobNotFound, ResultUndeliverable, StoreUnavailable
from adapter.service.parked import ParkedMessages, replayable
from tests.kit.fake_retries import NothingRecorded

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
BODY = b"\xac\xed\x00\x05 as it came"


def parked(**headers: object) -> ParkedMessage:
    properties = Properties(
        message_id="id-1",
        correlation_id="\udcff",
        content_type="text/xml",
        reply_to="crm.replies",
        user_id="svc_crm",
        expiration="5000",
        timestamp=7,
        priority=3,
        headers={"llm-label-a": "x", "nested": {"deep": [1, None]}, **headers},
    )
    message = ReceivedMessage(BODY, properties, "adapter.requests", "classify-ticket.v1", "adapter.requests.x")
    return ParkedMessage("p-1", message, "INTERNAL", "a bug", park_time=NOON)


class FakeParkedStore:
    """Parked messages in memory."""

    def __init__(self, *messages: ParkedMessage) -> None:
        self.rows = {each.parked_id: each for each in messages}

    async def list_parked(self, *, page_size: int, page_token: str = "") -> tuple[Sequence[ParkedMessage], str]:
        del page_token
        return tuple(self.rows.values())[:page_size], ""

    async def get_parked(self, parked_id: str) -> ParkedMessage | None:
        return self.rows.get(parked_id)

    async def replayed(self, parked_id: str) -> None:
        self.rows[parked_id] = replace(self.rows[parked_id], replay_time=NOON)

    async def discard_parked(self, parked_id: str) -> bool:
        return self.rows.pop(parked_id, None) is not None


class FakePublisher:
    """Answers every publish alike."""

    def __init__(self, status: PublishStatus = PublishStatus.CONFIRMED) -> None:
        self.status = status
        self.published: list[OutgoingMessage] = []

    async def publish(self, message: OutgoingMessage) -> PublishOutcome:
        self.published.append(message)
        return PublishOutcome(self.status, "the broker's words")


async def test_a_replay_publishes_the_message_as_it_came() -> None:
    store, publisher = FakeParkedStore(parked()), FakePublisher()
    replayed = await ParkedMessages(store, publisher, NothingRecorded()).replay("p-1")
    [sent] = publisher.published
    assert (sent.exchange, sent.routing_key, sent.body) == ("adapter.requests", "classify-ticket.v1", BODY)
    assert sent.mandatory
    before = parked().message.properties
    assert sent.properties == replace(before, expiration="", user_id="")
    assert replayed.replay_time == NOON
    assert "p-1" in store.rows


@pytest.mark.parametrize(
    "header",
    [
        "x-death",
        "x-first-death-queue",
        "x-first-death-exchange",
        "x-first-death-reason",
        "x-last-death-queue",
        "x-delivery-count",
        "x-acquired-count",
        "CC",
        "BCC",
    ],
)
def test_a_replay_does_not_carry_what_the_broker_wrote(header: str) -> None:
    assert set(replayable(parked(**{header: "x"})).properties.headers) == {"llm-label-a", "nested"}


def test_a_replay_keeps_headers_that_only_look_like_it() -> None:
    message = replayable(parked(**{"x-deaths": 1, "cc": 2, "my-x-death": 3}))
    assert {"x-deaths", "cc", "my-x-death"} <= set(message.properties.headers)


@pytest.mark.parametrize("status", [PublishStatus.NACKED, PublishStatus.UNKNOWN, PublishStatus.NOT_SENT])
async def test_a_replay_without_a_confirm_can_be_tried_again(status: PublishStatus) -> None:
    store = FakeParkedStore(parked())
    with pytest.raises(StoreUnavailable, match="the broker's words"):
        await ParkedMessages(store, FakePublisher(status), NothingRecorded()).replay("p-1")
    assert store.rows["p-1"].replay_time is None


@pytest.mark.parametrize("status", [PublishStatus.UNROUTABLE, PublishStatus.REFUSED])
async def test_a_replay_that_the_broker_does_not_take_says_where_it_went(status: PublishStatus) -> None:
    store = FakeParkedStore(parked())
    with pytest.raises(ResultUndeliverable, match=r"adapter\.requests.*classify-ticket\.v1"):
        await ParkedMessages(store, FakePublisher(status), NothingRecorded()).replay("p-1")
    assert store.rows["p-1"].replay_time is None


async def test_a_message_whose_job_is_retried_is_not_published_as_well() -> None:
    store, publisher = FakeParkedStore(parked()), FakePublisher()

    replayed = await ParkedMessages(store, publisher, NothingRecorded(is_retried=True)).replay("p-1")

    assert publisher.published == []
    assert replayed.replay_time == NOON


async def test_without_a_broker_nothing_is_replayed() -> None:
    with pytest.raises(InvalidRequest, match=r"amqp\.urls"):
        await ParkedMessages(FakeParkedStore(parked()), None, NothingRecorded()).replay("p-1")


async def test_what_is_not_parked_is_not_found() -> None:
    service = ParkedMessages(FakeParkedStore(), FakePublisher(), NothingRecorded())
    for use_case in (service.get, service.replay, service.discard):
        with pytest.raises(JobNotFound, match="p-9"):
            await use_case("p-9")


async def test_what_is_discarded_is_gone() -> None:
    service = ParkedMessages(FakeParkedStore(parked()), FakePublisher(), NothingRecorded())
    assert (await service.get("p-1")).message.body == BODY
    await service.discard("p-1")
    assert await service.list(page_size=10, page_token="") == ((), "")

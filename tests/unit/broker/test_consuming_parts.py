"""The parts that consuming is made of: deliveries, the intake, probes, backoff, events."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from adapter.broker.backoff import Backoff
from adapter.broker.channel import Settle
from adapter.broker.delivery import Delivery, Settlement
from adapter.broker.events import Events
from adapter.broker.intake import Intake
from adapter.broker.probes import PROBE_HEADER, is_probe, new_probe
from adapter.domain.message import Properties, ReceivedMessage


def received(body: bytes = b"", **properties: object) -> ReceivedMessage:
    return ReceivedMessage(body, Properties(**properties), "e", "k", "q")  # type: ignore[arg-type] # by name, in tests


class Channel:
    """A fake that notes how deliveries are settled, while it is open."""

    def __init__(self) -> None:
        self.is_open = True
        self.settled: list[tuple[int, Settle]] = []

    def delivery(self, tag: int = 1, **changes: Any) -> Delivery:
        return Delivery(replace(received(), **changes), tag=tag, generation=1, settle=self.settle)

    def settle(self, delivery: Delivery, how: Settle) -> bool:
        if self.is_open:
            self.settled.append((delivery.tag, how))
        return self.is_open


def test_a_delivery_is_settled_once_and_remembers_how() -> None:
    channel = Channel()
    delivery = channel.delivery()
    assert delivery.settlement is None
    assert [delivery.ack(), delivery.reject(), delivery.release()] == [Settlement.SETTLED] * 3
    assert channel.settled == [(1, Settle.ACK)]


def test_a_delivery_of_a_dead_channel_is_stale_for_good() -> None:
    channel = Channel()
    delivery = channel.delivery()
    channel.is_open = False
    assert delivery.ack() is Settlement.STALE
    channel.is_open = True
    assert delivery.ack() is Settlement.STALE
    assert channel.settled == []


async def test_an_ended_intake_wakes_everybody_and_returns_what_nobody_took() -> None:
    channel, intake = Channel(), Intake(10, 1000)
    takers = [asyncio.ensure_future(intake.take()) for _ in range(2)]
    await asyncio.sleep(0)
    intake.end()
    assert await asyncio.gather(*takers) == [None, None]
    intake.put(channel.delivery(7))
    assert intake.has_untaken
    intake.release_untaken()
    assert channel.settled == [(7, Settle.RELEASE)]
    assert not intake.has_untaken
    assert await intake.take() is None


async def test_what_came_back_often_waits_in_a_line_of_its_own_and_is_not_given_back() -> None:
    channel, intake = Channel(), Intake(10, 1000, worn_at=3)
    fresh, worn = channel.delivery(1), channel.delivery(2, delivery_count=3)
    for delivery in (fresh, worn):
        intake.put(delivery)

    intake.release_untaken()

    assert channel.settled == [(1, Settle.RELEASE)]
    assert await intake.take_worn() is worn
    assert not intake.has_untaken


async def test_an_intake_knows_since_when_its_oldest_waits() -> None:
    channel, intake = Channel(), Intake(10, 1000)
    assert intake.waiting_since is None
    for tag in (1, 2):
        intake.put(channel.delivery(tag, received_at=float(tag)))
    assert intake.waiting_since == 1.0
    await intake.take()
    assert intake.waiting_since == 2.0


def test_an_intake_is_full_at_its_bytes_and_free_at_half_of_them() -> None:
    intake = Intake(100, 1000)
    assert not intake.note_held(1, 999)
    assert intake.note_held(2, 1000)
    assert intake.is_full
    assert not intake.note_held(2, 501)
    assert intake.note_held(1, 500)
    assert not intake.is_full


@pytest.mark.parametrize(("count", "size_bytes", "prefetch"), [(4, 1200, 3), (1, 50_000, 1), (500, 1000, 100)])
def test_a_full_intake_asks_for_as_many_as_would_have_fitted(count: int, size_bytes: int, prefetch: int) -> None:
    intake = Intake(100, 1000)
    intake.note_held(count, size_bytes)
    assert intake.prefetch == prefetch


def test_only_an_empty_marked_message_without_an_id_is_a_probe() -> None:
    probe = new_probe("e", "k", expiration_milliseconds=1)
    mark = {PROBE_HEADER: "x"}
    assert is_probe(ReceivedMessage(probe.body, probe.properties, "e", "k", "q"))
    assert not is_probe(received(headers={}))
    assert not is_probe(received(b"{}", headers=mark))
    assert not is_probe(received(message_id="m", headers=mark))
    assert not is_probe(received(headers=mark | {"llm-job-id": "j"}))


def test_backoff_grows_to_its_maximum_and_starts_over() -> None:
    backoff = Backoff(0.5, 30)
    waits = [backoff.next_seconds() for _ in range(5000)]
    assert all(wait <= 0.5 * 2**number for number, wait in enumerate(waits[:6]))
    assert 25 < max(waits) <= 30
    assert min(waits[10:]) < 5
    backoff.reset()
    assert backoff.next_seconds() <= 0.5


def test_a_hook_that_raises_hurts_nobody(caplog: pytest.LogCaptureFixture) -> None:
    def explode(_name: str, _fields: object) -> None:
        raise RuntimeError("a bug of ours")

    Events(explode).emit("link_open")
    assert "event_hook_failed" in caplog.text


def test_events_carry_what_they_are_bound_to() -> None:
    told: list[tuple[str, dict[str, object]]] = []
    Events(lambda name, fields: told.append((name, dict(fields))), role="consume").bind(queue="q").emit("x", code=404)
    assert told == [("x", {"role": "consume", "queue": "q", "code": 404})]

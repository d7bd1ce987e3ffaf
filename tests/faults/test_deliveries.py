"""What happens to a delivery whose channel or link goes: it comes again, is known again, and its model is paid once."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from pika import spec

from tests.integration.amqp.parts import await_ready, declare_queue, receive, send
from tests.kit.application import events_of, hold_model, serving, side_of, ticket_sample
from tests.kit.fake_broker import FakeBroker
from tests.kit.fake_peer import Peer
from tests.kit.forwarder import Forwarder
from tests.kit.rabbitmq import eventually, open_link

JSON = "application/json"
REQUEST = spec.BasicProperties(message_id="r1", content_type=JSON, delivery_mode=2)
TIMED_OUT = "PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out. Timeout value used: 5000 ms."
BLIPS = 20


def lose_link(peer: Peer, _queue: str) -> None:
    peer.reset()


def lose_channel(peer: Peer, queue: str) -> None:
    peer.close_channel(peer.consumers[queue][0], 541, "INTERNAL_ERROR")


def time_out(peer: Peer, queue: str) -> None:
    peer.close_channel(peer.consumers[queue][0], 406, TIMED_OUT)


def end_consumer(peer: Peer, queue: str) -> None:
    peer.cancel(queue)


def results_of(fake: FakeBroker, prefix: str) -> list[str]:
    """Message ids of the results that were published."""
    found = [one.properties.message_id for one in fake.published if one.exchange == f"{prefix}.results"]
    return [str(message_id) for message_id in found]


def acks_of_the_request(fake: FakeBroker) -> int:
    """How often it was acknowledged, on whatever channel."""
    settled = [one for peer in fake.peers for one in peer.settled]
    return sum(one.how is spec.Basic.Ack and one.body == ticket_sample() for one in settled)


async def comes_again(fake: FakeBroker, queue: str, lost: tuple[Peer, tuple[int, str]]) -> None:
    """Wait until the queue is consumed anew, and give the message out again."""
    await eventually(lambda: [peer for peer in fake.open_peers if (peer, peer.consumers.get(queue, lost[1])) != lost])
    await eventually(lambda: queue in fake.queues())
    fake.deliver(queue, ticket_sample(), REQUEST, redelivered=True)


@pytest.mark.parametrize(
    ("fault", "event"),
    [
        (lose_link, "link_lost"),
        (lose_channel, "broker_internal_error"),
        (time_out, "consumer_timed_out"),
        (end_consumer, "consumer_cancelled"),
    ],
)
async def test_a_delivery_that_is_lost_while_its_job_runs_is_adopted_when_it_comes_again(
    tmp_path: Path, prefix: str, fault: Callable[[Peer, str], None], event: str
) -> None:
    """Its stale tag is never settled on the new channel: this broker, as the real one, would close that (406)."""
    queue = f"{prefix}.requests.classify-ticket"
    async with FakeBroker() as fake, serving(tmp_path, fake.url, prefix) as application:
        model, peer = hold_model(application), await fake.consumer(queue)
        lost = peer, peer.consumers[queue]
        fake.deliver(queue, ticket_sample(), REQUEST)
        await eventually(lambda: model.calls == 1)
        fault(peer, queue)
        await comes_again(fake, queue, lost)
        model.go.set()
        await eventually(lambda: acks_of_the_request(fake) == 1)
        await eventually(lambda: results_of(fake, prefix))
        assert model.calls == 1
        assert events_of(application, event) == 1
        assert events_of(application, "channel_precondition_failed") == 0
        assert len(results_of(fake, prefix)) == 1


async def test_a_link_that_is_lost_between_delivery_and_claim_makes_one_job(
    tmp_path: Path, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = f"{prefix}.requests.classify-ticket"
    async with FakeBroker() as fake, serving(tmp_path, fake.url, prefix) as application:
        link, claim = side_of(application).consume_link, application.core.store.claim
        model, peer = hold_model(application), await fake.consumer(queue)
        model.go.set()
        lost = peer, peer.consumers[queue]

        async def claim_too_late(*arguments: Any, **options: Any) -> Any:
            if not peer.is_closed:
                peer.reset()
                await eventually(lambda: not link.is_open)
            return await claim(*arguments, **options)

        monkeypatch.setattr(application.core.store, "claim", claim_too_late)
        fake.deliver(queue, ticket_sample(), REQUEST)
        await eventually(lambda: peer.is_closed)
        await comes_again(fake, queue, lost)
        await eventually(lambda: acks_of_the_request(fake) == 1)
        assert model.calls == 1
        assert len(set(results_of(fake, prefix))) == 1


async def test_twenty_blips_under_one_long_job_cost_one_model_call(tmp_path: Path, broker: Any, prefix: str) -> None:
    """By a real broker, which counts each return: before it would give the message up, a ticket takes its place."""
    async with (
        Forwarder.to(broker.url) as forwarder,
        open_link(broker.url) as beside,
        serving(tmp_path, forwarder.url(broker.url), prefix) as application,
    ):
        model, side = hold_model(application), side_of(application)
        results, copies = f"{prefix}-results", f"{prefix}-copies"
        await declare_queue(beside, results, (f"{prefix}.results", "#"))
        await declare_queue(beside, copies, (f"{prefix}.requests", "classify-ticket"))
        await send(beside, f"{prefix}.requests", "classify-ticket", ticket_sample(), message_id="r1", content_type=JSON)
        await eventually(lambda: model.calls == 1)
        for _ in range(BLIPS):
            was = side.consume_link.generation
            forwarder.reset()
            await eventually(lambda: side.consume_link.generation > was, 20)  # noqa: B023 - waited for here
            await eventually(lambda: all(said == "consuming" for said in queues_of(side.states())), 20)
        model.go.set()
        [result] = await receive(beside, results, 1)
        assert result.properties.headers["llm-outcome"] == "succeeded"
        await await_ready(beside, f"{prefix}.requests.classify-ticket", 0)
        request, ticket = await receive(beside, copies, 2)
        assert (request.body, ticket.body) == (ticket_sample(), b"")
        assert "llm-job-id" in ticket.properties.headers
        assert model.calls == 1


def queues_of(states: Mapping[str, str]) -> list[str]:
    return [said for name, said in states.items() if name.startswith("queue.")]

"""Measure consume → publish with confirm → ack over the broker layer: CPU microseconds a message, messages a second.

Run: .venv/bin/python tests/bench/broker_bench.py [--messages 20000] [--prefetch 200] [--bytes 1024] [--rounds 3]
The broker is private and runs on the same cores; its own CPU is read from /proc.
"""

import argparse
import asyncio
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import uvloop

from adapter.broker.link import Link
from adapter.broker.publisher import BrokerPublisher
from adapter.broker.subscription import Delivery, Subscription
from adapter.domain.message import OutgoingMessage, Properties, PublishStatus
from tests.kit.rabbitmq import eventually, open_link, running, shared_broker

_FILL_AT_ONCE = 2000
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Load:
    """What one round does."""

    messages: int
    prefetch: int
    size_bytes: int


def broker_seconds(pid: int) -> float:
    """Return the CPU seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND


async def measure(url: str, broker_pid: int, load: Load, name: str) -> tuple[float, float, float]:
    """Return our and the broker's CPU microseconds a message, and messages a second."""
    async with open_link(url, "consume") as link, open_link(url, "publish") as sending:
        await fill(link, sending, load, name)
        publisher = BrokerPublisher(sending)
        subscription = Subscription(link, f"{name}.in", prefetch=load.prefetch, max_bytes=1 << 30)
        started, used, broker_used = time.perf_counter(), time.process_time(), broker_seconds(broker_pid)
        async with running(subscription.run()):
            await relay(subscription, publisher, load, name)
            await eventually(lambda: subscription.held == 0, 60)
            seconds = time.perf_counter() - started
            ours = time.process_time() - used
            theirs = broker_seconds(broker_pid) - broker_used
        await publisher.close()
    return ours / load.messages * 1e6, theirs / load.messages * 1e6, load.messages / seconds


async def fill(link: Link, sending: Link, load: Load, name: str) -> None:
    """Make both queues, and put the messages into the first."""
    channel = await link.open_channel()
    for queue in (f"{name}.in", f"{name}.out"):
        await channel.declare_queue(queue, arguments={"x-queue-type": "quorum"})
    publisher = BrokerPublisher(sending)
    body = b"x" * load.size_bytes
    for start in range(0, load.messages, _FILL_AT_ONCE):
        numbers = range(start, min(start + _FILL_AT_ONCE, load.messages))
        sent = (OutgoingMessage("", f"{name}.in", body, request_properties(number)) for number in numbers)
        outcomes = await asyncio.gather(*map(publisher.publish, sent))
        assert {outcome.status for outcome in outcomes} == {PublishStatus.CONFIRMED}
    await publisher.close()


def request_properties(number: int) -> Properties:
    """Return what a monolith would set."""
    return Properties(message_id=f"request-{number}", correlation_id=f"c{number}", content_type="application/json")


async def relay(subscription: Subscription, publisher: BrokerPublisher, load: Load, name: str) -> None:
    """Answer every message, as many at once as are held."""
    async with asyncio.TaskGroup() as group:
        for _ in range(load.messages):
            group.create_task(answer(await subscription.get(), publisher, f"{name}.out"))


async def answer(delivery: Delivery, publisher: BrokerPublisher, queue: str) -> None:
    """Publish the body on, then ack."""
    request = delivery.message.properties
    properties = Properties(
        message_id=f"{request.message_id}-result",
        correlation_id=request.correlation_id,
        content_type="application/json",
        headers={"llm-outcome": "succeeded", "llm-job-id": request.message_id, "llm-attempts": 1},
    )
    outcome = await publisher.publish(OutgoingMessage("", queue, delivery.message.body, properties))
    assert outcome.status is PublishStatus.CONFIRMED
    delivery.ack()


def main() -> None:
    """Print one line a round, and the median."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--prefetch", type=int, default=200)
    parser.add_argument("--bytes", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    load = Load(options.messages, options.prefetch, options.bytes)
    broker = shared_broker()
    rounds = [
        uvloop.run(measure(broker.url, broker.node_pid, load, f"bench{number}")) for number in range(options.rounds)
    ]
    for ours, theirs, rate in [*rounds, tuple(median(column) for column in zip(*rounds, strict=True))]:
        sys.stdout.write(f"us/message: ours {ours:.0f}, broker {theirs:.0f}; {rate:.0f} messages/s\n")


if __name__ == "__main__":
    main()

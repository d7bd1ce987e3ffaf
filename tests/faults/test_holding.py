"""What is held too long, or came back too often, is replaced by a ticket before the broker loses patience."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pika
import pytest

from tests.integration.end_to_end.conftest import SimulatorProcess, simulated_settings
from tests.kit.adapter_process import AdapterProcess
from tests.kit.callers import QueueCaller
from tests.kit.waiting import until

TASK = "classify-ticket"
DELIVERY_LIMIT = 12
RETURNS = 10


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[SimulatorProcess]:
    """Give a model that can be switched and counts its calls."""
    process = SimulatorProcess(tmp_path)
    yield process
    process.stop()


def happened(adapter: AdapterProcess, name: str, **fields: Any) -> int:
    """Count events of a name with these fields."""
    return sum(event["event"] == name and fields.items() <= event.items() for event in adapter.events())


@pytest.fixture
def patience_seconds(broker: Any) -> Iterator[float]:
    """Give the consumer timeout that the broker has during the test: ten seconds, looked at every second."""
    set_patience(broker, timeout_milliseconds=10_000, look_milliseconds=1000)
    yield 10.0
    set_patience(broker, timeout_milliseconds=1_800_000, look_milliseconds=60_000)


def set_patience(broker: Any, *, timeout_milliseconds: int, look_milliseconds: int) -> None:
    settings = f"[{{consumer_timeout, {timeout_milliseconds}}}, {{channel_tick_interval, {look_milliseconds}}}]"
    broker.ctl("eval", f"[application:set_env(rabbit, K, V) || {{K, V}} <- {settings}].")


def test_a_job_that_takes_longer_than_the_brokers_consumer_timeout_costs_no_channel_and_no_second_call(
    tmp_path: Path, simulator: SimulatorProcess, broker: Any, prefix: str, ticket: bytes, patience_seconds: float
) -> None:
    simulator.control(latency=patience_seconds * 1.6)  # less than a call may take
    settings = simulated_settings(simulator, broker.url, prefix, consumer_timeout_seconds=patience_seconds)
    with AdapterProcess(tmp_path, settings) as adapter:
        caller = QueueCaller(broker.url, prefix).open()
        request_id = caller.send(TASK, ticket, reply_to=caller.replies)
        answer = caller.next_reply(seconds=60)
        caller.close()
        lost = happened(adapter, "consumer_timed_out")
        replaced = happened(adapter, "delivery_replaced")
        warned = happened(adapter, "setting_too_long", used_seconds=patience_seconds / 2)

    assert answer.outcome == "succeeded"
    assert len(simulator.calls(request_id)) == 1
    assert (lost, warned) == (0, 1)
    assert replaced >= 1


def test_a_message_that_waits_too_long_for_its_model_is_a_ticket_before_the_broker_takes_it_back(
    tmp_path: Path, simulator: SimulatorProcess, broker: Any, prefix: str, ticket: bytes, patience_seconds: float
) -> None:
    simulator.control(down=True)
    settings = simulated_settings(simulator, broker.url, prefix, max_hold_seconds=1)
    with AdapterProcess(tmp_path, settings) as adapter:
        caller = QueueCaller(broker.url, prefix).open()
        ids = [caller.send(TASK, ticket, reply_to=caller.replies) for _ in range(5)]
        begun = time.monotonic()
        until(lambda: happened(adapter, "job_ticketed") >= 1 and time.monotonic() > begun + patience_seconds * 1.5)
        simulator.control(down=False)
        outcomes = [caller.next_reply().outcome for _ in ids]
        caller.close()
        lost = happened(adapter, "consumer_timed_out")

    assert outcomes == ["succeeded"] * 5
    assert lost == 0


def test_a_message_that_came_back_often_outlives_the_brokers_delivery_limit_as_a_ticket_also_with_a_foreign_user_id(
    tmp_path: Path, simulator: SimulatorProcess, broker: Any, prefix: str, ticket: bytes
) -> None:
    queue = f"{prefix}.requests.{TASK}"
    sender = a_user(broker, f"crm-{prefix}")
    limit = json.dumps({"delivery-limit": DELIVERY_LIMIT})
    broker.ctl("set_policy", prefix, f"^{prefix}", limit, "--apply-to", "queues")
    adapter = AdapterProcess(tmp_path, simulated_settings(simulator, broker.url, prefix))
    adapter.start()  # it declares the queues
    adapter.stop()
    caller = QueueCaller(url_of(broker, sender), prefix).open()
    caller.send(TASK, ticket, reply_to=caller.replies, user_id=sender)
    give_back(broker.url, queue, RETURNS)
    simulator.control(down=True)
    with adapter:
        adapter.wait_for("delivery_replaced")
        for _ in range(DELIVERY_LIMIT - RETURNS + 1):
            until(lambda: is_taken(broker.url, queue))
            begun = happened(adapter, "subscription_consuming", queue=queue)
            broker.ctl("close_all_connections", "test")
            until(lambda: happened(adapter, "subscription_consuming", queue=queue) > begun)  # noqa: B023 - asked at once
        until(lambda: is_taken(broker.url, queue))
        simulator.control(down=False)
        caller.open()
        answer = caller.next_reply()
        metrics = adapter.metrics()
        caller.close()
    broker.ctl("clear_policy", prefix)

    assert answer.outcome == "succeeded"
    assert "adapter_parked_total{" not in metrics


def a_user(broker: Any, name: str) -> str:
    """Add a user of the broker who may do everything; its password is its name."""
    broker.ctl("add_user", name, name)
    broker.ctl("set_permissions", name, ".*", ".*", ".*")
    return name


def url_of(broker: Any, user: str) -> str:
    return str(broker.url).replace("guest:guest", f"{user}:{user}")


def give_back(url: str, queue: str, times: int) -> None:
    """Take the only message of a queue and return it, as often."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    for _ in range(times):
        method = None
        while method is None:
            method, _, _ = channel.basic_get(queue)
        channel.basic_nack(method.delivery_tag or 0, requeue=True)
    connection.close()


def is_taken(url: str, queue: str) -> bool:
    """True while a consumer has everything that is in a queue."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    found = connection.channel().queue_declare(queue, passive=True).method
    connection.close()
    return bool(found.consumer_count) and not found.message_count

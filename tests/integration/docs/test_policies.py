"""The policies of docs/rabbitmq.md are taken by the broker of the version that they are for, and do what it says."""

import contextlib
import re
import shlex
from collections.abc import Iterator
from typing import Any

import pika
import pika.exceptions
import pytest

from adapter.broker.topology import Topology
from tests.kit.rabbitmq import broker  # noqa: F401 - a fixture
from tests.unit.docs.pages import blocks, page

NEW = (3, 12)
OLD, RECENT = blocks(page("rabbitmq.md"), "sh")
VHOST = "policies"
QUEUE = "adapter.requests.greet"


@pytest.fixture
def vhost(broker: Any) -> Iterator[str]:  # noqa: F811 - the fixture
    """Give a vhost with the adapter's queues; returns its URL."""
    broker.ctl("add_vhost", VHOST)
    broker.ctl("set_permissions", "-p", VHOST, "guest", ".*", ".*", ".*")
    url = broker.url.removesuffix("%2F") + VHOST
    with connected(url) as channel:
        for queue in Topology("adapter", ["greet"]).queues():
            channel.queue_declare(queue.name, durable=True, arguments=dict(queue.arguments))
    yield url
    broker.ctl("delete_vhost", VHOST)


@contextlib.contextmanager
def connected(url: str) -> Iterator[Any]:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        yield connection.channel()
    finally:
        connection.close()


def is_taken(channel: Any) -> bool:
    """Send a message; False = the broker's confirm says no."""
    try:
        channel.basic_publish("", QUEUE, b"x", pika.BasicProperties(delivery_mode=2))
    except pika.exceptions.NackError:
        return False
    return True


def version_of(broker: Any) -> tuple[int, ...]:  # noqa: F811 - the fixture
    major, minor = broker.ctl("version").strip().split(".")[:2]
    return int(major), int(minor)


def set_policy(broker: Any, command: str) -> None:  # noqa: F811 - the fixture
    program, verb, *arguments = shlex.split(command)
    assert (program, verb) == ("rabbitmqctl", "set_policy")
    broker.ctl(verb, "-p", VHOST, *arguments)


def test_the_policy_for_this_version_is_taken_and_matches_the_request_queues_only(broker: Any, vhost: str) -> None:  # noqa: F811 - the fixture
    assert vhost
    set_policy(broker, RECENT if version_of(broker) >= NEW else OLD)

    queues = dict(
        line.split("\t") for line in broker.ctl("list_queues", "-p", VHOST, "name", "policy").splitlines()[1:]
    )
    assert queues == {
        QUEUE: "adapter-requests",
        "adapter.requests.unrouted": "adapter-requests",
        "adapter.dead-letters": "",
    }


def test_an_older_broker_refuses_what_the_page_says_it_does_not_know(broker: Any, vhost: str) -> None:  # noqa: F811 - the fixture
    assert vhost
    if version_of(broker) >= NEW:
        pytest.skip("the installed RabbitMQ knows it")
    with pytest.raises(Exception, match="quorum_queues"):
        set_policy(broker, RECENT)
    with pytest.raises(Exception, match="consumer-timeout"):
        set_policy(broker, RECENT.replace("quorum_queues", "queues"))
    with pytest.raises(Exception, match="delivery limit"):
        set_policy(broker, OLD.replace('"delivery-limit": 20', '"delivery-limit": -1'))


def test_a_full_queue_tells_the_sender_by_the_confirm(broker: Any, vhost: str) -> None:  # noqa: F811 - the fixture
    set_policy(broker, re.sub(r'"max-length": \d+', '"max-length": 2', OLD))
    with connected(vhost) as channel:
        channel.confirm_delivery()
        confirmed = [is_taken(channel) for _ in range(20)]
    assert confirmed[:2] == [True, True]
    assert False in confirmed

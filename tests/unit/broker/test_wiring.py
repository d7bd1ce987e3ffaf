"""The topology is the contract's, and what is rendered of it can be pasted."""

import json
import re
import shlex

import pytest

from adapter.broker import render
from adapter.broker.topology import Topology

TOPOLOGY = Topology("adapter", ["classify-ticket"])


def test_the_names_are_those_of_the_contract() -> None:
    assert TOPOLOGY.own_names() == {
        "adapter.requests",
        "adapter.unrouted",
        "adapter.dlx",
        "adapter.results",
        "adapter.requests.classify-ticket",
        "adapter.requests.unrouted",
        "adapter.dead-letters",
    }


def test_every_queue_is_quorum_and_none_limits_deliveries() -> None:
    for queue in TOPOLOGY.queues():
        assert queue.arguments["x-queue-type"] == "quorum"
        assert "x-delivery-limit" not in queue.arguments


def test_what_takes_requests_dead_letters_at_least_once() -> None:
    for queue in TOPOLOGY.queues():
        if queue.name != TOPOLOGY.dead_letter_queue:
            assert queue.arguments["x-dead-letter-exchange"] == "adapter.dlx"
            assert queue.arguments["x-dead-letter-strategy"] == "at-least-once"
            assert queue.arguments["x-overflow"] == "reject-publish"


def test_only_requests_have_an_alternate_exchange() -> None:
    assert {each.name: dict(each.arguments) for each in TOPOLOGY.exchanges() if each.arguments} == {
        "adapter.requests": {"alternate-exchange": "adapter.unrouted"}
    }


def test_a_task_queue_takes_every_major_version() -> None:
    keys = {each.routing_key for each in TOPOLOGY.bindings() if each.queue == "adapter.requests.classify-ticket"}
    assert keys == {"classify-ticket", "classify-ticket.*"}


def test_definitions_are_json_with_every_object() -> None:
    document = json.loads(render.render(TOPOLOGY, "definitions", vhost="prod"))
    names = {each["name"] for each in (*document["exchanges"], *document["queues"])}
    assert names == TOPOLOGY.own_names()
    assert len(document["bindings"]) == 4
    assert {each["vhost"] for kind in document.values() for each in kind} == {"prod"}


def test_the_commands_of_the_shell_form_are_complete() -> None:
    text = render.render(TOPOLOGY, "rabbitmqctl", vhost="/", user="svc")
    assert text.startswith("rabbitmqctl import_definitions <<'END'\n{")
    assert "\nEND\n" in text
    assert text.count("set_permissions -p / svc") == 2


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("adapter.requests", True),
        ("adapter.results", True),
        ("amq.default", True),
        ("adapter.probe.1", True),
        ("adapter.requests.classify-ticket", False),
        ("xadapter.requests", False),
        ("adapterxrequests", False),
    ],
)
def test_the_least_rights_write_only_where_they_must(name: str, allowed: bool) -> None:  # noqa: FBT001 - a parameter of the test
    write = shlex.split(render.verify_permissions_command(TOPOLOGY, "/", "svc"))[-2]
    assert bool(re.search(write, name)) is allowed

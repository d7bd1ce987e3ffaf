"""Which reply addresses are allowed."""

import pytest

from adapter.errors import ReplyToRefused
from adapter.inbound.amqp.reply_to import Address, ReplyToRules, parse_reply_to
from tests.unit.inbound_amqp.messages import OWN_NAMES, direct_reply_to


def rules(*allow: str) -> ReplyToRules:
    return ReplyToRules(allow, OWN_NAMES, "adapter.requests.")


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("crm.replies", Address("", "crm.replies")),
        ("crm/done", Address("crm", "done")),
        ("crm/done/now", Address("crm", "done/now")),
        ("/crm.replies", Address("", "crm.replies")),
        ("crm/", Address("crm", "")),
        ("amq.rabbitmq.reply-to.a/b/c", Address("", "amq.rabbitmq.reply-to.a/b/c")),
    ],
)
def test_addresses_are_read_as_spring_writes_them(value: str, address: Address) -> None:
    assert parse_reply_to(value) == address


@pytest.mark.parametrize(
    "value",
    [
        "crm.replies",
        "crm.replies.node-7",
        "crm.replies.a.b",
        "/crm.replies",
        direct_reply_to(),
        direct_reply_to("generated@1"),
        direct_reply_to(is_old=True),
        "amq.rabbitmq.reply-to.g1h2AA5yZXBseUAxMjcyOTk1NgAAArUAAAAAawPcLg==.gfsIpuMCkdgxpslDGyqUYg==",
    ],
)
def test_addresses_allowed_by_default(value: str) -> None:
    rules().check(parse_reply_to(value))


@pytest.mark.parametrize(
    "value",
    [
        "crm",
        "replies",
        ".replies",
        "crm.replies.",
        "crm.repliesx",
        "a.b.replies",
        "crm.replies\n",
        "exchange/crm.replies",
        "crm.replies/key",
        "crm/",
        "/",
        "amq.rabbitmq.reply-to",
        "amq.rabbitmq.reply-toX",
        "amq.topic/anything",
        "amq.rabbitmq.reply-to.",
        "amq.rabbitmq.reply-to.x",
        "amq.rabbitmq.reply-to.AAAA.x",
        "amq.rabbitmq.reply-to.@@@.x",
        "amq.rabbitmq.reply-to.g1h2AA5yZXBseUAxMjM0NQAAAAAAAAAAAAAAAA==.abc==",
        direct_reply_to("reply@"),
        direct_reply_to("reply@host.example"),
        direct_reply_to("reply@12345678901"),
        direct_reply_to().replace("amq.rabbitmq.reply-to.", "amq.rabbitmq.reply-to.AAAA"),
        direct_reply_to().replace("AAAA==.", "AAAA."),
        direct_reply_to().replace("AAAA==.", "."),
        direct_reply_to() + ".x",
        "\udcff.queue",
    ],
)
def test_other_addresses_are_refused_with_the_setting_named(value: str) -> None:
    with pytest.raises(ReplyToRefused, match="reply_to_allow"):
        rules().check(parse_reply_to(value))


@pytest.mark.parametrize(
    "value",
    [
        "adapter.requests.classify-ticket",
        "adapter.requests.another-replicas-task",
        "adapter.dead-letters",
        "adapter.requests/classify-ticket",
        "adapter.results/x",
        "adapter.dlx/x",
        "adapter.unrouted/x",
    ],
)
def test_our_own_names_are_refused_whatever_is_allowed(value: str) -> None:
    with pytest.raises(ReplyToRefused, match="adapter itself"):
        rules(".*").check(parse_reply_to(value))


def test_the_operator_allows_more() -> None:
    rules("billing", "crm/done[.].*").check(parse_reply_to("billing"))
    rules("billing", "crm/done[.].*").check(parse_reply_to("crm/done.today"))


def test_what_the_operator_allows_is_matched_as_a_whole() -> None:
    with pytest.raises(ReplyToRefused):
        rules("billing").check(parse_reply_to("billing2"))


def test_a_queue_of_ours_that_another_prefix_could_have_is_theirs() -> None:
    rules().check(parse_reply_to("adapter.replies"))

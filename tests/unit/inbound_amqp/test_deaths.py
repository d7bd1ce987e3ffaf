"""Why a message died and how it first came, as brokers of several versions say it."""

from typing import Any

import pytest

from adapter.domain.message import ReceivedMessage
from adapter.inbound.amqp.deaths import as_it_first_came, death_of
from tests.unit.inbound_amqp.messages import TASK_QUEUE, message


def entry(**changes: Any) -> dict[str, Any]:
    """An entry of x-death as RabbitMQ writes it."""
    defaults = {
        "reason": "expired",
        "queue": TASK_QUEUE,
        "exchange": "adapter.requests",
        "routing-keys": ["classify-ticket.v1"],
        "count": 1,
    }
    return {**defaults, **changes}


def dead(**headers: object) -> ReceivedMessage:
    """A message in the dead letters."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return message(queue="adapter.dead-letters", exchange="adapter.dlx", routing_key="classify-ticket", headers=named)


def test_an_expired_message_is_told_from_others() -> None:
    assert death_of(dead(x_death=[entry()])).is_expiry
    assert not death_of(dead(x_death=[entry(reason="delivery_limit")])).is_expiry


def test_the_newest_death_counts_not_an_older_one_elsewhere() -> None:
    theirs = entry(queue="crm.delay", exchange="crm", reason="expired")
    death = death_of(dead(x_death=[entry(reason="rejected", count=3), theirs], x_first_death_reason="expired"))
    assert (death.reason, death.queue, death.count) == ("rejected", TASK_QUEUE, 3)


def test_the_broker_names_the_newest_death_where_it_can() -> None:
    theirs = entry(queue="crm.delay", exchange="crm")
    headers = {"x_last_death_queue": TASK_QUEUE, "x_last_death_reason": "delivery_limit"}
    death = death_of(dead(x_death=[theirs, entry(reason="delivery_limit")], **headers))
    assert (death.reason, death.queue, death.exchange) == ("delivery_limit", TASK_QUEUE, "adapter.requests")


def test_the_headers_of_the_first_death_do_without_a_table() -> None:
    headers = {"reason": "expired", "queue": TASK_QUEUE, "exchange": "adapter.requests"}
    death = death_of(dead(**{f"x_first_death_{name}": value for name, value in headers.items()}))
    assert (death.is_expiry, death.queue, death.exchange) == (True, TASK_QUEUE, "adapter.requests")


def test_the_message_is_given_back_its_first_address() -> None:
    received = dead(x_death=[entry()])
    original = as_it_first_came(received, death_of(received))
    assert (original.exchange, original.routing_key, original.queue) == (
        "adapter.requests",
        "classify-ticket.v1",
        TASK_QUEUE,
    )
    assert original.properties == received.properties


@pytest.mark.parametrize(
    "table",
    [
        None,
        "x",
        7,
        [],
        [None, 1, "x"],
        {},
        [entry(reason=1, queue=b"\xff", count="9")],
        [entry(**{"routing-keys": [7]})],
    ],
)
def test_a_table_that_nobody_should_have_written_is_survived(table: object) -> None:
    received = dead(x_death=table)
    death = death_of(received)
    assert isinstance(death.detail, str)
    assert as_it_first_came(received, death).routing_key == "classify-ticket"


def test_a_message_that_died_nowhere_stays_as_it_is() -> None:
    received = dead()
    assert as_it_first_came(received, death_of(received)) is received

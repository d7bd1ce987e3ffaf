"""The parts that publishing is made of: slots, confirms, suspects."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.broker.confirms import Confirms, Sent
from adapter.broker.suspects import Suspects
from adapter.broker.window import Window
from adapter.domain.message import OutgoingMessage, Properties, PublishOutcome, PublishStatus


def together() -> bool:
    return False


def alone() -> bool:
    return True


def message(message_id: str = "", exchange: str = "", key: str = "k", **changes: Any) -> OutgoingMessage:
    return OutgoingMessage(exchange, key, b"", Properties(message_id=message_id, **changes))


# --- window -------------------------------------------------------------------------------------------


async def test_a_full_window_makes_wait_and_gives_up_in_time() -> None:
    window = Window(2, 100)
    assert await window.enter(1, together, 1)
    assert await window.enter(1, together, 1)
    assert not await window.enter(1, together, 0.01)
    window.leave(1)
    assert await window.enter(1, together, 1)
    assert window.in_use == 2


async def test_one_that_must_be_alone_waits_for_all_and_nobody_overtakes_it() -> None:
    window = Window(3, 100)
    order: list[str] = []

    async def take(name: str, must_be_alone: Callable[[], bool]) -> None:
        assert await window.enter(1, must_be_alone, 5)
        order.append(f"{name} with {window.in_use - 1} others")
        await asyncio.sleep(0)
        window.leave(1)

    assert await window.enter(1, together, 1)
    waiting = [asyncio.ensure_future(take("lonely", alone)), asyncio.ensure_future(take("late", together))]
    await asyncio.sleep(0)
    assert order == []
    window.leave(1)
    await asyncio.gather(*waiting)
    assert order == ["lonely with 0 others", "late with 0 others"]
    assert window.in_use == 0


async def test_whether_it_must_be_alone_is_asked_when_its_turn_comes() -> None:
    window = Window(3, 100)
    unproven = True
    first = await window.enter(1, lambda: unproven, 1)
    waiting = [asyncio.ensure_future(window.enter(1, lambda: unproven, 1)) for _ in range(2)]
    await asyncio.sleep(0)
    unproven = False
    window.leave(1)
    assert [first, *await asyncio.gather(*waiting)] == [True, True, True]
    assert window.in_use == 2


async def test_a_waiter_that_is_cancelled_leaves_no_slot_behind() -> None:
    window = Window(1, 100)
    await window.enter(1, together, 1)
    waiting = asyncio.ensure_future(window.enter(1, together, 1))
    granted = asyncio.ensure_future(window.enter(1, together, 1))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.sleep(0)
    window.leave(1)
    granted.cancel()
    await asyncio.gather(waiting, granted, return_exceptions=True)
    assert window.in_use == 0
    assert await window.enter(1, alone, 1)


async def test_bytes_bound_the_window_but_a_huge_message_gets_through_by_itself() -> None:
    window = Window(10, 100)
    assert await window.enter(60, together, 1)
    assert not await window.enter(60, together, 0.01)
    assert await window.enter(40, together, 1)
    window.leave(60)
    window.leave(40)
    assert await window.enter(1000, together, 1)
    assert not await window.enter(1, together, 0.01)


async def test_who_waits_behind_one_that_goes_away_is_let_in() -> None:
    window = Window(3, 100)
    await window.enter(1, together, 1)
    lonely = asyncio.ensure_future(window.enter(1, alone, 1))
    behind = asyncio.ensure_future(window.enter(1, together, 1))
    await asyncio.sleep(0)
    lonely.cancel()
    assert await behind


# --- confirms -----------------------------------------------------------------------------------------


def sent(deadline: float = 0.0, message_id: str = "") -> Sent:
    return Sent(message(message_id), asyncio.get_running_loop().create_future(), deadline)


def status(each: Sent) -> PublishStatus | None:
    return each.outcome.result().status if each.outcome.done() else None


async def test_an_ack_for_several_settles_all_up_to_its_number() -> None:
    confirms, items = Confirms(), [sent(message_id=f"m{number}") for number in range(1, 6)]
    for number, each in enumerate(items, 1):
        confirms.add(number, each)
    assert confirms.returned(message("m2"), "312 NO_ROUTE")
    confirms.answered(4, multiple=False, is_ack=False)
    confirms.answered(3, multiple=True, is_ack=True)
    assert [status(each) for each in items] == [
        PublishStatus.CONFIRMED,
        PublishStatus.UNROUTABLE,
        PublishStatus.CONFIRMED,
        PublishStatus.NACKED,
        None,
    ]
    assert len(confirms) == 1


async def test_answers_out_of_order_twice_or_for_nobody_do_no_harm() -> None:
    confirms, first, second = Confirms(), sent(), sent()
    confirms.add(1, first)
    confirms.add(2, second)
    for number in (2, 2, 99, 1):
        confirms.answered(number, multiple=False, is_ack=True)
    confirms.answered(7, multiple=True, is_ack=False)
    assert not confirms.returned(message(), "312 NO_ROUTE")
    assert (status(first), status(second)) == (PublishStatus.CONFIRMED, PublishStatus.CONFIRMED)


@pytest.mark.parametrize(
    "other",
    [
        message("m2"),
        message("m1", "crm"),
        message("m1", key="elsewhere"),
        message("m1", correlation_id="c"),
        replace(message("m1"), body=b"x"),
    ],
)
async def test_a_return_is_about_its_own_message(other: OutgoingMessage) -> None:
    confirms, each = Confirms(), sent(message_id="m1")
    confirms.add(1, each)
    assert not confirms.returned(other, "312 NO_ROUTE")
    assert confirms.returned(message("m1", headers={"added": "by the broker"}), "312 NO_ROUTE")
    confirms.answered(1, multiple=False, is_ack=True)
    assert status(each) is PublishStatus.UNROUTABLE


async def test_a_return_of_one_of_two_copies_lets_neither_count_as_delivered() -> None:
    """The first was given up for want of a confirm, then its queue went: the return is the second's."""
    confirms, given_up, again = Confirms(), sent(1.0, "m1"), sent(9.0, "m1")
    confirms.add(1, given_up)
    confirms.expire(2.0)
    confirms.add(2, again)
    confirms.returned(message("m1"), "312 NO_ROUTE")
    confirms.answered(2, multiple=False, is_ack=True)
    assert status(again) is PublishStatus.UNROUTABLE


@given(st.lists(st.tuples(st.integers(1, 12), st.booleans(), st.booleans()), max_size=30))
def test_each_message_is_settled_once_by_its_first_answer(answers: list[tuple[int, bool, bool]]) -> None:
    async def play() -> None:
        confirms, items = Confirms(), {number: sent() for number in range(1, 11)}
        for number, each in items.items():
            confirms.add(number, each)
        expected: dict[int, PublishStatus] = {}
        for number, multiple, is_ack in answers:
            confirms.answered(number, multiple=multiple, is_ack=is_ack)
            for hit in range(1 if multiple else number, number + 1):
                expected.setdefault(hit, PublishStatus.CONFIRMED if is_ack else PublishStatus.NACKED)
        assert {number: status(each) for number, each in items.items() if status(each)} == {
            number: expected[number] for number in items if number in expected
        }

    asyncio.run(play())


async def test_what_is_not_confirmed_in_time_is_unknown_and_its_late_answer_is_told() -> None:
    confirms, early, late = Confirms(), sent(1.0), sent(2.0)
    confirms.add(1, early)
    confirms.add(2, late)
    assert confirms.expire(1.5) == 2.0
    assert (status(early), status(late)) == (PublishStatus.UNKNOWN, None)
    answered = confirms.answered(2, multiple=True, is_ack=True)
    assert [was_awaited for _, was_awaited in answered] == [False, True]
    assert confirms.expire(99) is None


async def test_a_closed_channel_hands_out_what_is_left() -> None:
    confirms, given_up, waiting = Confirms(), sent(), sent()
    confirms.add(1, given_up)
    confirms.add(2, waiting)
    given_up.outcome.cancel()
    assert confirms.close() == [given_up, waiting]
    assert not given_up.settle(PublishStatus.UNKNOWN)
    assert waiting.settle(PublishStatus.UNKNOWN, "cut")
    assert waiting.outcome.result() == PublishOutcome(PublishStatus.UNKNOWN, "cut")


# --- suspects -----------------------------------------------------------------------------------------


def test_the_first_message_to_an_exchange_goes_alone_until_it_is_answered() -> None:
    suspects = Suspects()
    assert not suspects.must_go_alone(message())
    first = message(exchange="crm")
    assert suspects.must_go_alone(first)
    suspects.clear(first)
    assert not suspects.must_go_alone(message("other", exchange="crm"))


def test_suspects_go_alone_when_they_come_again_and_others_do_not() -> None:
    suspects = Suspects()
    suspects.add([message("a"), message("b")])
    assert suspects.must_go_alone(message("a"))
    assert not suspects.must_go_alone(message("c"))
    suspects.clear(message("a"))
    suspects.clear(message("b"), is_proof=False)
    assert not suspects.must_go_alone(message("a"))
    assert not suspects.must_go_alone(message("b"))


def test_a_refusal_casts_doubt_on_its_exchange() -> None:
    suspects = Suspects()
    suspects.clear(message(exchange="crm"))
    suspects.clear(message(exchange="crm"), is_proof=False)
    assert suspects.must_go_alone(message(exchange="crm"))


def test_suspects_that_never_come_again_are_bounded() -> None:
    suspects = Suspects()
    suspects.add(message(str(number)) for number in range(10_001))
    assert not suspects.must_go_alone(message("0"))
    assert suspects.must_go_alone(message("10000"))

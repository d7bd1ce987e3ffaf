"""The limits of one model in one process: never exceeded in any window, in the order of age, without lost capacity."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.pipeline.availability.limiter import ARRIVAL_SECONDS, SLACK_SECONDS, Limiter
from adapter.pipeline.availability.limits import Limits
from tests.kit.limited_calls import Call, check_windows, largest_concurrency, make_all
from tests.kit.virtual_time import VirtualClock, VirtualTimeLoop, settle

WINDOW = 60.0
CALLS = st.lists(
    st.builds(
        lambda comes, reserved, part, arrives, seconds: Call(comes, reserved, reserved * part // 100, arrives, seconds),
        st.floats(0, 200, allow_nan=False, width=32),
        st.integers(1, 150),
        st.integers(0, 100),
        st.floats(0, ARRIVAL_SECONDS, width=32),
        st.floats(0, 90, width=32),
    ),
    min_size=1,
    max_size=40,
)


@given(calls=CALLS, requests=st.integers(1, 8), tokens=st.integers(150, 400), in_flight=st.integers(1, 5))
@settings(max_examples=150, deadline=None)
def test_no_window_ever_holds_more_than_the_limits_and_every_call_is_made(
    calls: list[Call], requests: int, tokens: int, in_flight: int
) -> None:
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        limiter = Limiter("model/cloud", Limits(in_flight, requests, tokens, WINDOW), VirtualClock())
        seen = runner.run(make_all(limiter, calls))

    assert len(seen) == len(calls)
    check_windows(seen, requests=requests, tokens=tokens, window_seconds=WINDOW)
    assert largest_concurrency(seen) <= in_flight


@given(
    requests=st.integers(1, 20),
    count=st.integers(1, 100),
    seconds=st.floats(0, 30, width=32),
)
@settings(max_examples=60, deadline=None)
def test_in_steady_state_no_more_is_lost_than_the_time_a_call_takes_to_arrive(
    requests: int, count: int, seconds: float
) -> None:
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        limiter = Limiter("model/cloud", Limits(requests=requests, window_seconds=WINDOW), VirtualClock())
        seen = runner.run(make_all(limiter, [Call(0.0, seconds=seconds) for _ in range(count)]))

    rounds = (count - 1) // requests
    began = max(call.ended for call in seen) - seconds
    assert began <= rounds * (WINDOW + SLACK_SECONDS + min(seconds, ARRIVAL_SECONDS)) + 1.0


@given(sizes=st.lists(st.integers(1, 1000), min_size=2, max_size=60))
@settings(max_examples=60, deadline=None)
def test_small_requests_never_overtake_a_large_one(sizes: list[int]) -> None:
    calls = [Call(index / 1000, size, size) for index, size in enumerate(sizes)]
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        limiter = Limiter("model/cloud", Limits(tokens=1000, window_seconds=WINDOW), VirtualClock())
        seen = runner.run(make_all(limiter, calls))

    in_order_of_age = sorted(seen, key=lambda call: call.comes_at)
    assert [call.arrived for call in in_order_of_age] == sorted(call.arrived for call in seen)


async def test_a_request_that_comes_back_is_served_before_younger_ones(clock: VirtualClock) -> None:
    limiter = Limiter("model/cloud", Limits(requests=1, window_seconds=WINDOW), clock)
    limiter.settle(await limiter.admit(1, since=0.0), 1)
    order: list[str] = []

    async def ask(name: str, since: float) -> None:
        limiter.settle(await limiter.admit(1, since), 1)
        order.append(name)

    async with asyncio.TaskGroup() as group:
        group.create_task(ask("young", 20.0))
        await settle()
        group.create_task(ask("came back", 10.0))

    assert order == ["came back", "young"]


async def test_a_call_that_used_less_than_was_reserved_makes_room_at_once(clock: VirtualClock) -> None:
    limiter = Limiter("model/cloud", Limits(tokens=1000, window_seconds=WINDOW), clock)
    first = await limiter.admit(900, since=0.0)
    second = asyncio.ensure_future(limiter.admit(500, since=1.0))
    await settle()
    assert not second.done()

    limiter.settle(first, 300)

    await second
    assert clock.monotonic() == 0.0
    assert [level.used for level in limiter.levels()] == [800]


async def test_a_call_of_which_nothing_is_known_counts_as_it_was_reserved(clock: VirtualClock) -> None:
    limiter = Limiter("model/cloud", Limits(tokens=1000, window_seconds=WINDOW), clock)

    limiter.settle(await limiter.admit(900, since=0.0), None)

    assert [level.used for level in limiter.levels()] == [900]
    assert not limiter.can_admit(101)


async def test_a_call_that_was_not_sent_counts_for_nothing(clock: VirtualClock) -> None:
    limiter = Limiter("model/cloud", Limits(1, 1, 1000, WINDOW), clock)

    limiter.abandon(await limiter.admit(900, since=0.0))

    assert [level.used for level in limiter.levels()] == [0, 0, 0]
    assert limiter.can_admit(1000)


async def test_a_call_over_the_whole_limit_is_made_alone_in_an_empty_window(clock: VirtualClock) -> None:
    limiter = Limiter("model/cloud", Limits(tokens=1000, window_seconds=WINDOW), clock)

    seen = await make_all(limiter, [Call(0.0, 10, 10), Call(1.0, 5000, 900), Call(2.0, 10, 10), Call(3.0, 200, 200)])

    assert sorted((call.arrived, call.tokens) for call in seen) == [
        (0.0, 10),
        (WINDOW + SLACK_SECONDS, 10),
        (WINDOW + SLACK_SECONDS, 900),
        (2 * (WINDOW + SLACK_SECONDS), 200),
    ]


@pytest.mark.parametrize("leaves", ["while it waits", "as it is admitted"])
async def test_one_who_goes_away_blocks_nobody(clock: VirtualClock, leaves: str) -> None:
    limiter = Limiter("model/cloud", Limits(in_flight=1), clock)
    first = await limiter.admit(1, since=0.0)
    leaver = asyncio.ensure_future(limiter.admit(1, since=1.0))
    last = asyncio.ensure_future(limiter.admit(1, since=2.0))
    await settle()

    if leaves == "as it is admitted":
        limiter.settle(first, 1)
    leaver.cancel()
    await settle()
    limiter.settle(first, 1)

    await asyncio.wait_for(last, 1.0)
    assert limiter.waiting == 0


async def test_without_limits_everything_is_admitted(clock: VirtualClock) -> None:
    limiter = Limiter("model/cloud", Limits(), clock, is_shared=True)

    for _ in range(1000):
        await limiter.admit(1_000_000, since=0.0)

    assert limiter.is_good()


async def test_the_guessed_wait_grows_with_the_line(clock: VirtualClock) -> None:
    limiter = Limiter("model/cloud", Limits(requests=10, window_seconds=WINDOW), clock)
    guesses = []
    waiting = []
    for number in range(40):
        guesses.append(limiter.wait_seconds(1, float(number)))
        waiting.append(asyncio.ensure_future(limiter.admit(1, since=float(number))))
        await settle()
        if number < 10:
            reservation = await waiting.pop()
            limiter.sent(reservation)
            limiter.settle(reservation, 1)

    assert guesses[9] == 1.0
    assert guesses[10] == pytest.approx(WINDOW, abs=ARRIVAL_SECONDS)
    assert guesses == sorted(guesses)
    assert guesses[-1] == WINDOW
    assert limiter.wait_seconds(1, since=-1.0) == pytest.approx(WINDOW, abs=ARRIVAL_SECONDS), "it is the oldest"
    assert limiter.pause_seconds(1, since=99.0) == WINDOW / 4
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)

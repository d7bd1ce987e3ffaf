"""Replicas that share one limit: never over the total together, also while they come, go and die; nobody starves."""

import asyncio
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.errors import StoreUnavailable
from adapter.pipeline.availability.limits import Limits
from tests.kit.fake_shares import ShareTable
from tests.kit.limited_calls import Call, Seen, check_windows
from tests.kit.limited_replica import LEASE, SETTINGS, Replica
from tests.kit.virtual_time import VirtualClock, VirtualTimeLoop, settle

WINDOW = 60.0


def table(clock: VirtualClock) -> ShareTable:
    return ShareTable(clock, LEASE)


async def _replicas_come_and_go(moves: list[tuple[str, float]], limits: Limits) -> list[Seen]:
    """Keep every living replica busier than the limit allows, while replicas start, stop and die."""
    meeting, seen, names = table(VirtualClock()), list[Seen](), itertools.count()
    living: list[Replica] = []
    for move, pause in [("start", 0.0), *moves]:
        if move == "start":
            living.append(Replica(meeting, f"replica-{next(names)}", limits))
            await living[-1].start()
            for number in range(40):
                call = Call(meeting.clock.monotonic() + number % 5, 40 + number, 20 + number, seconds=number % 3)
                living[-1].work(call, seen)
        elif living:
            leaver = living.pop(0)
            await leaver.die()
            if move == "stop":
                await leaver.exchange.leave()
        await asyncio.sleep(pause)
    for replica in living:
        await replica.die()
    return seen


MOVES = st.lists(st.tuples(st.sampled_from(["start", "stop", "die"]), st.floats(0, 90, width=32)), max_size=8)


@given(moves=MOVES, requests=st.integers(1, 30), tokens=st.integers(100, 1000))
@settings(max_examples=60, deadline=None)
def test_the_total_is_never_exceeded_while_replicas_start_stop_and_die(
    moves: list[tuple[str, float]], requests: int, tokens: int
) -> None:
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        seen = runner.run(_replicas_come_and_go(moves, Limits(None, requests, tokens, WINDOW)))

    check_windows(seen, requests=requests, tokens=tokens, window_seconds=WINDOW)


@pytest.mark.parametrize("count", [2, 3, 7])
async def test_nobody_starves_and_in_steady_state_nearly_all_of_the_limit_is_used(
    clock: VirtualClock, count: int
) -> None:
    replicas = [
        Replica(table_of, f"replica-{number}", Limits(requests=60))
        for table_of in [table(clock)]
        for number in range(count)
    ]
    seen: list[Seen] = []
    for replica in replicas:
        await replica.start()
    calls = [replica.work(Call(0.0, seconds=1.0), seen) for replica in replicas for _ in range(600 // count)]

    await asyncio.gather(*calls)

    assert len(seen) == len(calls)
    check_windows(seen, requests=60, tokens=len(seen), window_seconds=WINDOW)
    rounds = -(-len(calls) // 60)
    assert clock.monotonic() <= rounds * (WINDOW + 1.0 + SETTINGS.interval_seconds)
    for replica in replicas:
        await replica.die()


async def test_the_oldest_request_comes_first_whichever_replica_has_it(clock: VirtualClock) -> None:
    meeting, seen = table(clock), list[Seen]()
    busy, other = (Replica(meeting, name, Limits(requests=4)) for name in ("a", "b"))
    for replica in (busy, other):
        await replica.start()
    calls = [busy.work(Call(number / 100), seen) for number in range(30)]
    await asyncio.sleep(1.0)

    late = other.work(Call(1.0), seen)
    younger = [busy.work(Call(2.0 + number / 100), seen) for number in range(30)]
    await late

    assert sum(call.comes_at > 1.0 for call in seen) == 0
    for replica in (busy, other):
        await replica.die()
    assert not all(task.done() and not task.cancelled() for task in (*calls, *younger))


async def test_a_large_request_among_small_ones_of_other_replicas_is_made(clock: VirtualClock) -> None:
    meeting, seen = table(clock), list[Seen]()
    replicas = [Replica(meeting, name, Limits(tokens=20_000)) for name in "abc"]
    for replica in replicas:
        await replica.start()
    for replica in replicas[1:]:
        for number in range(400):
            replica.work(Call(number / 10, 500, 500), seen)

    large = replicas[0].work(Call(5.0, 15_000, 15_000), seen)
    await large

    check_windows(seen, requests=len(seen), tokens=20_000, window_seconds=WINDOW)
    assert clock.monotonic() < 4 * WINDOW
    for replica in replicas:
        await replica.die()


async def test_a_replica_that_joins_an_idle_one_can_begin_at_once(clock: VirtualClock) -> None:
    meeting = table(clock)
    first, second = Replica(meeting, "a", Limits(requests=60)), Replica(meeting, "b", Limits(requests=60))
    await first.start()
    await second.start()

    await second.limiter.admit(1, since=0.0)

    assert clock.monotonic() == 0.0
    for replica in (first, second):
        await replica.die()


async def test_a_replica_that_stopped_in_order_leaves_all_that_it_did_not_use(clock: VirtualClock) -> None:
    meeting = table(clock)
    first, second = Replica(meeting, "a", Limits(requests=60)), Replica(meeting, "b", Limits(requests=60))
    await first.start()
    reservation = await first.limiter.admit(1, since=0.0)
    first.limiter.sent(reservation)
    first.limiter.settle(reservation, 1)

    await first.die()
    await first.exchange.leave()
    await second.start()

    assert meeting.held("model/cloud/requests") == 1 + (60 - 1) // 4
    await second.die()


async def test_without_the_store_a_share_lapses_and_comes_back_with_it(clock: VirtualClock) -> None:
    replica = Replica(table(clock), "a", Limits(requests=60))
    await replica.start()
    replica.store.is_away = True
    await asyncio.sleep(LEASE + 1.0)
    waiting = asyncio.ensure_future(replica.limiter.admit(1, since=0.0))
    await settle()
    assert not replica.limiter.is_good()
    assert not waiting.done()

    replica.store.is_away = False
    await asyncio.wait_for(waiting, 5.0)

    assert replica.limiter.is_good()
    await replica.die()


async def test_while_nobody_knows_what_was_stored_nothing_is_admitted(clock: VirtualClock) -> None:
    replica = Replica(table(clock), "a", Limits(requests=60))
    await replica.exchange.exchange()
    replica.store.is_away = True

    with pytest.raises(StoreUnavailable):
        await replica.exchange.exchange()

    assert not replica.limiter.can_admit(1)


async def test_an_idle_replica_exchanges_once_a_heartbeat(clock: VirtualClock) -> None:
    replica = Replica(table(clock), "a", Limits(requests=60))
    await replica.start()

    await asyncio.sleep(31.0)

    assert replica.store.exchanges == 11
    await replica.die()

"""How long a replica could not renew its lease: time that counts against nobody else's."""

import pytest

from adapter.outbound.sql.lease import Lease

LEASE_SECONDS = 10.0


class Clock:
    """Stands until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lease(clock: Clock) -> Lease:
    return Lease(LEASE_SECONDS, clock=clock)


def beat_each(lease: Lease, clock: Clock, seconds: float, times: int) -> None:
    for _ in range(times):
        clock.now += seconds
        lease.note_beat(clock.now)


def test_who_renews_in_time_was_not_away(lease: Lease, clock: Clock) -> None:
    beat_each(lease, clock, 3.0, 5)
    clock.now += 3.0
    assert lease.away_us == 0


def test_an_absence_counts_while_it_lasts_and_for_one_lease_more(lease: Lease, clock: Clock) -> None:
    clock.now += 60.0
    assert lease.away_us == 60_000_000
    lease.note_beat(clock.now)
    beat_each(lease, clock, 3.0, 3)
    assert lease.away_us == 60_000_000
    clock.now += 1.0
    assert lease.away_us == 0


def test_the_slowest_heartbeat_that_is_allowed_never_adds_up(lease: Lease, clock: Clock) -> None:
    beat_each(lease, clock, LEASE_SECONDS / 2, 50)
    assert lease.away_us == LEASE_SECONDS / 2 * 1_000_000


def test_a_beat_whose_answer_took_long_counts_from_when_it_was_asked_for(lease: Lease, clock: Clock) -> None:
    begun = clock.now
    clock.now += LEASE_SECONDS
    lease.note_beat(begun)
    assert lease.is_late

"""How a total is divided among replicas: never more than it, nobody forgotten, nothing left lying."""

from hypothesis import given
from hypothesis import strategies as st

from adapter.domain.shares import HeldShare, ShareClaim, granted_share


@st.composite
def shares(draw: st.DrawFn) -> HeldShare:
    used = draw(st.integers(0, 100))
    waits = draw(st.booleans())
    return HeldShare(
        replica_id=draw(st.text("abcdef", min_size=1, max_size=6)),
        held=used + draw(st.integers(0, 100)),
        used=used,
        wanted=used + draw(st.integers(1, 300)) if waits else used,
        next_amount=draw(st.integers(1, 50)) if waits else 0,
        waiting_since=draw(st.floats(0, 1000)) if waits else 0.0,
        is_live=draw(st.booleans()),
    )


OTHERS = st.lists(shares(), max_size=6, unique_by=lambda share: share.replica_id)


def claim(total: int = 60, used: int = 0, wanted: int = 0, *, needs: int = 0, since: float = 0.0) -> ShareClaim:
    return ShareClaim("model/cloud/requests", total, used, max(wanted, used), needs, since)


def other(name: str, *, held: int = 0, used: int = 0, wanted: int = 0, needs: int = 0, since: float = 0.0) -> HeldShare:
    return HeldShare(name, max(held, used), used, max(wanted, used), needs, since, is_live=True)


def lapsed(name: str, held: int) -> HeldShare:
    return HeldShare(name, held, held, held, 0, 0.0, is_live=False)


@given(total=st.integers(1, 500), used=st.integers(0, 100), wanted=st.integers(0, 500), others=OTHERS)
def test_no_grant_takes_what_another_holds(total: int, used: int, wanted: int, others: list[HeldShare]) -> None:
    granted = granted_share(claim(total, used, wanted), "me", others)

    assert granted >= 0
    assert granted == 0 or granted + sum(share.held for share in others) <= total


@given(total=st.integers(1, 500), wants=st.lists(st.integers(500, 1000), min_size=1, max_size=7))
def test_replicas_that_all_want_everything_end_with_equal_shares_and_nothing_is_left(
    total: int, wants: list[int]
) -> None:
    held = dict.fromkeys("abcdefg"[: len(wants)], 0)
    for _ in range(3):
        for name, wanted in zip(held, wants, strict=True):
            others = [other(one, held=held[one], wanted=500) for one in held if one != name]
            held[name] = granted_share(claim(total, 0, wanted), name, others)

    assert sum(held.values()) == total
    assert max(held.values()) - min(held.values()) <= 1


def test_alone_it_gets_what_it_wants_and_some_to_spare() -> None:
    assert granted_share(claim(60, wanted=200), "me", []) == 60
    assert granted_share(claim(60, used=10), "me", []) == 25


def test_an_idle_replica_keeps_enough_to_begin_with() -> None:
    busy = other("busy", wanted=1000)

    assert granted_share(claim(60), "me", [busy]) == 60 // 4 // 2


def test_a_busy_replica_is_lent_what_idle_ones_do_not_need() -> None:
    idle = [other("idle 1", held=5), other("idle 2", held=5)]

    assert granted_share(claim(60, wanted=1000), "me", idle) == 50


def test_what_a_dead_replica_held_is_nobodys() -> None:
    assert granted_share(claim(60, wanted=1000), "me", [lapsed("dead", 45)]) == 15


def test_with_fewer_requests_than_replicas_who_waits_longest_comes_first() -> None:
    others = [other("idle"), other("younger", wanted=5, needs=1, since=20.0)]

    assert granted_share(claim(1, wanted=1, needs=1, since=10.0), "me", others) == 1
    assert granted_share(claim(1, wanted=1, needs=1, since=30.0), "me", others) == 0


def test_a_request_larger_than_an_equal_share_gets_what_it_needs_when_it_is_the_oldest() -> None:
    others = [
        other("a", held=6000, used=6000, wanted=9000, needs=500, since=20.0),
        other("b", wanted=9000, needs=500, since=30.0),
    ]

    assert granted_share(claim(20_000, wanted=12_000, needs=12_000, since=10.0), "me", others) >= 12_000


def test_while_the_oldest_is_short_younger_ones_do_not_use_again_what_leaves_their_window() -> None:
    old = other("old", held=2000, used=2000, wanted=20_000, needs=18_000, since=10.0)

    assert granted_share(claim(20_000, used=9000, wanted=15_000, needs=1000, since=20.0), "me", [old]) == 2000


def test_who_used_more_than_its_part_gets_its_part() -> None:
    newcomer = other("newcomer", wanted=100, needs=1, since=20.0)

    assert granted_share(claim(60, used=60, wanted=100, needs=1, since=10.0), "me", [newcomer]) == 30

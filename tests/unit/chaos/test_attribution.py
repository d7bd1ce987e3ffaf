"""Each wasted call has the cause that it had, and none that it had not."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.chaos.attribution import Cause, causes
from tests.chaos.history import Disturbance, Kind, ModelCall, Terms
from tests.unit.chaos.histories import call, done, row

TERMS = Terms(lease_seconds=8, heartbeat_seconds=2, breaker_failures=2, probe_seconds=1)


def cause_of(one: ModelCall, *disturbances: Disturbance) -> Cause | None:
    return causes([one], disturbances, TERMS).get(one.number)


def test_a_call_in_flight_at_a_kill_of_its_caller_was_lost_with_it() -> None:
    kill = done(Kind.KILL, 105.0, 107.0, target="replica-0")

    assert cause_of(call(outcome="abandoned"), kill) is Cause.WORKER_GONE


def test_a_reply_that_came_just_before_the_kill_was_lost_with_it() -> None:
    assert cause_of(call(), done(Kind.KILL, 109.0, 111.0, target="replica-0")) is Cause.WORKER_GONE


@pytest.mark.parametrize("begin", [90.0, 120.0])
def test_a_kill_at_another_time_explains_nothing(begin: float) -> None:
    assert cause_of(call(), done(Kind.KILL, begin, begin + 1, target="replica-0")) is None


def test_a_kill_of_another_replica_explains_nothing() -> None:
    assert cause_of(call(), done(Kind.KILL, 105.0, 107.0, target="replica-1")) is None


def test_a_restart_loses_what_its_drain_left() -> None:
    restart = done(Kind.RESTART, 95.0, 110.0, target="replica-0", gone=105.0)

    assert cause_of(call(outcome="abandoned"), restart) is Cause.WORKER_GONE


def test_a_process_that_takes_long_to_end_after_its_drain_lost_its_calls_before() -> None:
    restart = done(Kind.RESTART, 88.0, 150.0, target="replica-0", gone=130.0)

    assert cause_of(call(outcome="abandoned"), restart) is Cause.WORKER_GONE
    assert cause_of(call(begin=75.0, end=80.0), restart) is None, "it was still at work"


@pytest.mark.parametrize("kind", [Kind.FREEZE, Kind.DATABASE_CUT, Kind.DATABASE_SILENCE])
def test_a_replica_that_could_not_renew_its_lease_lost_its_calls(kind: Kind) -> None:
    assert cause_of(call(), done(kind, 105.0, 115.0, target="replica-0")) is Cause.WORKER_GONE
    assert cause_of(call(), done(kind, 105.0, 106.0, target="replica-0")) is None, "the lease held"


def test_a_call_that_was_on_its_way_when_its_process_froze_was_lost_though_it_left_after_the_thaw() -> None:
    freeze, one = done(Kind.FREEZE, 90.0, 101.0, target="replica-0"), call(begin=102.0, outcome="abandoned")

    def cause_if_written(*times: float) -> Cause | None:
        return causes([one], [freeze], TERMS, [replace(row(), calls_written=[*times])]).get(one.number)

    assert cause_if_written(89.9) is Cause.WORKER_GONE
    assert cause_if_written(101.5) is None, "it was begun by a process whose lease had lapsed"
    assert cause_if_written(89.9, 101.5) is None, "the one before was never sent"
    assert cause_if_written(89.9, 105.0) is Cause.WORKER_GONE, "the one after is its heir's"


def test_a_database_that_was_away_for_long_lapsed_all_leases() -> None:
    assert cause_of(call(), done(Kind.DATABASE_CRASH, 105.0, 115.0)) is Cause.WORKER_GONE


def test_a_reply_that_could_not_be_stored_before_the_kill_was_lost_with_it() -> None:
    away = done(Kind.DATABASE_RESTART, 107.0, 110.0)
    kill = done(Kind.KILL, 117.0, 119.0, target="replica-0")

    assert cause_of(call(), away, kill) is Cause.WORKER_GONE
    assert cause_of(call(), kill) is None


def test_an_answer_that_stalled_on_its_way_beyond_the_timeout_was_lost_in_the_outage() -> None:
    stall = done(Kind.MODEL_STALL, 102.0, 105.0)

    assert cause_of(call(begin=100.0, end=111.0), stall) is Cause.OUTAGE_BEGAN
    assert cause_of(call(begin=100.0, end=108.0), stall) is None, "it came in time"
    assert cause_of(call(begin=110.0, end=121.0), stall) is None, "it was not under way"


@pytest.mark.parametrize("fault", ["500", "wrong_enum", "hang", "429"])
def test_a_scripted_fault_is_one(fault: str) -> None:
    assert cause_of(call(fault=fault)) is Cause.SCRIPTED


@pytest.mark.parametrize("fault", ["slow", "fenced"])
def test_a_proper_answer_explains_no_second_call(fault: str) -> None:
    assert cause_of(call(fault=fault, outcome="answered")) is None


def test_a_call_that_was_cut_when_the_model_went_away() -> None:
    assert cause_of(call(outcome="abandoned"), done(Kind.MODEL_CUT, 105.0, 110.0)) is Cause.OUTAGE_BEGAN
    assert cause_of(call(outcome="abandoned"), done(Kind.MODEL_CUT, 111.0, 112.0)) is None


def failed(number: int, begin: float, *, caller: str = "replica-0") -> ModelCall:
    one = call(number, begin=begin, end=begin + 0.01, fault="reset")
    return replace(one, request_id=f"r{number}", caller=caller)


def kinds(calls: Sequence[ModelCall], *disturbances: Disturbance) -> list[Cause | None]:
    found = causes(calls, disturbances, TERMS)
    return [found.get(one.number) for one in calls]


OUTAGE = done(Kind.MODEL_DOWN, 100.0, 120.0)
BEGAN, PROBE = Cause.OUTAGE_BEGAN, Cause.PROBE


def test_calls_that_open_the_breaker_belong_to_the_beginning_of_the_outage_and_later_ones_are_probes() -> None:
    calls = [failed(1, 101.0), failed(2, 101.1), failed(3, 101.2), failed(4, 104.0), failed(5, 106.0)]

    assert kinds(calls, OUTAGE) == [BEGAN, BEGAN, BEGAN, PROBE, PROBE]


def test_a_call_that_comes_too_soon_after_a_probe_has_no_cause() -> None:
    calls = [failed(1, 101.0), failed(2, 101.1), failed(3, 104.0), failed(4, 104.2)]

    assert kinds(calls, OUTAGE) == [BEGAN, BEGAN, PROBE, None]


def test_each_replica_finds_out_for_itself() -> None:
    calls = [failed(1, 101.0), failed(2, 101.1), failed(3, 104.0), failed(4, 104.2, caller="replica-1")]

    assert kinds(calls, OUTAGE) == [BEGAN, BEGAN, PROBE, BEGAN]


def test_a_new_process_finds_out_again() -> None:
    calls = [failed(1, 101.0), failed(2, 101.1), failed(3, 106.0), failed(4, 106.2)]
    kill = done(Kind.KILL, 103.0, 105.0, target="replica-0")

    assert kinds(calls, OUTAGE, kill) == [BEGAN, BEGAN, BEGAN, BEGAN]


def test_a_reply_to_an_earlier_call_keeps_the_breaker_from_opening() -> None:
    late = replace(call(9, begin=95.0, end=101.15), request_id="r9")
    calls = [failed(1, 101.1), failed(2, 101.2), failed(3, 103.0), failed(4, 103.2)]

    assert kinds(calls, OUTAGE) == [BEGAN, BEGAN, PROBE, None], "it opened with the second call"
    assert kinds([*calls, late], OUTAGE) == [BEGAN, BEGAN, BEGAN, BEGAN, None], "it opened with the third"


def test_a_reply_to_an_earlier_call_invites_a_probe_at_once() -> None:
    late = replace(call(9, begin=95.0, end=105.1), request_id="r9")
    calls = [failed(1, 101.1), failed(2, 101.2), failed(3, 105.0), failed(4, 105.2)]

    assert kinds(calls, OUTAGE) == [BEGAN, BEGAN, PROBE, None]
    assert kinds([*calls, late], OUTAGE) == [BEGAN, BEGAN, PROBE, PROBE, None]

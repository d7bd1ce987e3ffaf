"""What the figures of a soak say."""

import pytest

from tests.chaos.vitals import Sample, grown, slopes


def samples(process: int, *mib: float) -> list[Sample]:
    return [Sample(60.0 * minute, "replica-0", process, one, 0) for minute, one in enumerate(mib)]


def test_memory_that_grows_has_a_slope_and_memory_that_swings_has_none() -> None:
    grows = slopes(samples(1, 100, 101, 102, 103), after_seconds=0, lasting_seconds=60)
    swings = slopes(samples(1, 100, 102, 102, 100), after_seconds=0, lasting_seconds=60)

    assert list(grows.values()) == [pytest.approx(1.0)]
    assert list(swings.values()) == [pytest.approx(0.0)]


def test_the_beginning_and_short_lives_are_left_out() -> None:
    warming = samples(1, 10, 100, 100, 100)
    short = samples(2, 0, 0, 0, 0)[2:]

    found = slopes([*warming, *short], after_seconds=60, lasting_seconds=90)

    assert found == {"replica-0 (1)": pytest.approx(0.0)}


def test_the_beginning_of_a_process_that_was_started_later_is_left_out_too() -> None:
    late = samples(2, 0, 0, 10, 100, 100, 100)[2:]

    assert slopes(late, after_seconds=60, lasting_seconds=90) == {"replica-0 (2)": pytest.approx(0.0)}


def test_what_is_held_at_rest_and_was_not_before_is_a_leak() -> None:
    assert grown({"tasks": 40, "channels": 6}, {"tasks": 41, "channels": 5}) == {"tasks": 41}

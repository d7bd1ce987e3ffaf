"""When a call is sent again, and after how long."""

import math

import pytest
from llm_adapter import AdapterError
from llm_adapter.retries import MOST_PAUSE_SECONDS, Retries


def failure(code: str, pushback_seconds: float | None = None) -> AdapterError:
    return AdapterError("REASON", "…", grpc_code=code, pushback_seconds=pushback_seconds)


def test_unavailable_is_tried_again_after_pauses_that_grow_to_a_bound() -> None:
    retries = Retries(3600, most_tries=12)

    pauses = [retries.pause_after(failure("UNAVAILABLE")) or 0.0 for _ in range(10)]

    assert 0.25 <= pauses[0] <= 0.3
    assert 0.5 <= pauses[1] <= 0.6
    assert MOST_PAUSE_SECONDS <= pauses[-1] <= MOST_PAUSE_SECONDS * 1.2


def test_no_more_tries_than_allowed() -> None:
    retries = Retries(3600, most_tries=3)

    outcomes = [retries.pause_after(failure("UNAVAILABLE")) is None for _ in range(3)]

    assert outcomes == [False, False, True]


@pytest.mark.parametrize("code", ["UNAVAILABLE", "RESOURCE_EXHAUSTED"])
def test_pushback_is_obeyed(code: str) -> None:
    pause = Retries(3600, most_tries=5).pause_after(failure(code, 30.0))

    assert pause is not None
    assert 30.0 <= pause <= 36.0


def test_exhausted_without_pushback_is_not_tried_again() -> None:
    assert Retries(3600, most_tries=5).pause_after(failure("RESOURCE_EXHAUSTED")) is None


@pytest.mark.parametrize("code", ["DEADLINE_EXCEEDED", "INTERNAL", "FAILED_PRECONDITION", "ABORTED", "UNKNOWN"])
def test_nothing_else_is_tried_again(code: str) -> None:
    assert Retries(3600, most_tries=5).pause_after(failure(code, 0.0)) is None


@pytest.mark.parametrize("pushback_seconds", [60.0, math.inf])
def test_a_pause_beyond_the_deadline_is_not_begun(pushback_seconds: float) -> None:
    assert Retries(30, most_tries=5).pause_after(failure("UNAVAILABLE", pushback_seconds)) is None


def test_a_stream_that_brought_something_may_fail_as_often_again() -> None:
    retries = Retries(3600, most_tries=2)

    first = retries.pause_after(failure("UNAVAILABLE"))
    retries.succeeded()
    second = retries.pause_after(failure("UNAVAILABLE"))

    assert first is not None
    assert second is not None

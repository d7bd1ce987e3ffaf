"""The one budget of a job."""

import pytest

from adapter.domain.usage import Usage
from adapter.errors import BudgetExhausted
from adapter.pipeline.budget import MIN_CALL_SECONDS, Budget


def budget() -> Budget:
    return Budget(max_attempts=3, max_tokens=1000, max_seconds=60.0)


@pytest.mark.parametrize(
    ("used", "tokens", "what"),
    [
        (Budget(3, 1000, 60.0, attempts=3), 10, "attempts"),
        (Budget(3, 1000, 60.0, attempts=1, tokens=900), 101, "tokens"),
        (Budget(3, 1000, 60.0), 1001, "tokens"),
        (Budget(3, 1000, 60.0, attempts=1, seconds=60.0), 10, "seconds"),
    ],
)
def test_a_call_that_is_not_covered_is_refused_and_says_by_what(used: Budget, tokens: int, what: str) -> None:
    with pytest.raises(BudgetExhausted, match=f"policy.{what}") as failure:
        used.check(tokens)

    assert failure.value.metadata == {"budget": what}


def test_a_call_that_just_fits_is_allowed() -> None:
    used = budget()
    used.charge(Usage(input_tokens=400, output_tokens=100, reasoning_tokens=50), 20.0)

    used.check(500)

    assert (used.attempts, used.tokens, used.seconds_left) == (1, 500, 40.0)


def test_a_call_gets_the_time_that_is_left_but_never_none() -> None:
    used = budget()

    assert used.call_seconds(120.0) == 60.0
    assert used.call_seconds(30.0) == 30.0
    used.charge(Usage(), 59.9)
    assert used.call_seconds(30.0) == MIN_CALL_SECONDS

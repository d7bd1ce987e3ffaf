"""Latencies: fixed or drawn."""

from random import Random
from statistics import median

import pytest

from adapter.simulator.latency import Latency


@pytest.mark.parametrize("text", ["0", "0.5", "uniform(0.2,1.5)", "lognormal(0.8,0.4)"])
def test_a_latency_is_written_as_it_is_read(text: str) -> None:
    assert str(Latency.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["", "fast", "-1", "uniform(1)", "uniform(2,1)", "lognormal(1,2", "0.5)", "1,2", "normal(1,2)"]
)
def test_what_is_no_latency_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="latency"):
        Latency.parse(text)


def test_draws_follow_the_distribution() -> None:
    random = Random(1)
    assert Latency.parse("0.5").seconds(random) == 0.5
    uniform = [Latency.parse("uniform(1, 2)").seconds(random) for _ in range(500)]
    assert min(uniform) >= 1
    assert max(uniform) <= 2
    lognormal = [Latency.parse("lognormal(0.8,0.4)").seconds(random) for _ in range(2000)]
    assert 0.75 < median(lognormal) < 0.85
    assert max(lognormal) > 1.6

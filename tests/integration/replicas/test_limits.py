"""The short form of `make limits-run`: the same crowd, in windows of six seconds."""

from pathlib import Path
from typing import Any

import pytest

from tests.limits.limits_run import CALLERS, REQUESTS, Plan, run


@pytest.mark.timeout(180)
@pytest.mark.usefixtures("broker")
def test_a_crowd_never_exceeds_the_limits_that_replicas_share_while_they_come_and_go(tmp_path: Path) -> None:
    found: Any = run(Plan(seconds=48.0, window_seconds=6.0), tmp_path)

    assert found.problems == []
    assert found.calls > CALLERS
    assert found.most_requests > REQUESTS / 2, "the crowd was no crowd"

"""The short form of `make chaos`: the same load, disturbances and oracle, for some seconds on one broker node."""

from pathlib import Path

import pytest

from tests.chaos.run import judge, short
from tests.kit.rabbitmq import require_rabbitmq


@pytest.mark.timeout(240)
def test_nothing_is_lost_doubled_or_paid_for_without_a_cause_while_everything_is_disturbed(tmp_path: Path) -> None:
    require_rabbitmq()

    verdict = judge(short(), tmp_path, show=False)

    assert verdict.is_good, verdict.report()
    assert verdict.outcomes >= 250
    assert verdict.wasted_calls, "nothing was disturbed"

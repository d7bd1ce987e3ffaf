"""What ADAPTER_FAILPOINTS says, and what then happens."""

import json
import os
import signal
import time
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from adapter.bootstrap.failpoints import (
    EXIT_CODE,
    FailpointRaised,
    FailpointsInvalid,
    arm_failpoints,
    around_models,
    read_failpoints,
)
from adapter.cli.app import build_app
from adapter.failpoints import Failpoint, arm, is_armed, reach
from adapter.operator_errors import ConfigurationError


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    yield
    arm({})


async def test_nothing_happens_at_any_failpoint_unless_it_is_armed() -> None:
    arm_failpoints({})

    for point in Failpoint:
        await reach(point)
    assert not any(is_armed(point) for point in Failpoint)


async def test_an_armed_failpoint_raises_at_each_hit_and_the_others_do_not() -> None:
    arm_failpoints({"ADAPTER_FAILPOINTS": "before_claim=raise"})

    for _ in range(2):
        with pytest.raises(FailpointRaised, match="before_claim"):
            await reach(Failpoint.BEFORE_CLAIM)
    await reach(Failpoint.AFTER_CLAIM)


async def test_a_number_means_that_hit_alone() -> None:
    arm_failpoints({"ADAPTER_FAILPOINTS": "heartbeat=3*raise, before_ack=stall(0)"})

    await reach(Failpoint.HEARTBEAT)
    await reach(Failpoint.HEARTBEAT)
    with pytest.raises(FailpointRaised):
        await reach(Failpoint.HEARTBEAT)
    await reach(Failpoint.HEARTBEAT)
    await reach(Failpoint.BEFORE_ACK)


async def test_exit_ends_the_process_at_once_and_stop_freezes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    signalled: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "_exit", ended.append)
    monkeypatch.setattr(os, "kill", lambda *arguments: signalled.append(arguments))
    arm(read_failpoints("before_claim=exit,after_claim=stop"))

    await reach(Failpoint.BEFORE_CLAIM)
    await reach(Failpoint.AFTER_CLAIM)

    assert ended == [EXIT_CODE]
    assert signalled == [(os.getpid(), signal.SIGSTOP)]


async def test_block_holds_the_loop_and_stall_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    blocked: list[float] = []
    monkeypatch.setattr(time, "sleep", blocked.append)
    arm(read_failpoints("before_claim=block(2.5),after_claim=stall(0.01)"))

    await reach(Failpoint.BEFORE_CLAIM)
    await reach(Failpoint.AFTER_CLAIM)

    assert blocked == [2.5]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nowhere=exit", "no failpoint 'nowhere'"),
        ("before_claim", "no action"),
        ("before_claim=explode", "no action"),
        ("before_claim=stall", "lacks its seconds"),
        ("before_claim=exit(3)", "no action"),
        ("before_claim=0*exit", "no action"),
        ("before_claim=block(-1)", "no action"),
    ],
)
def test_what_cannot_be_read_is_a_problem_of_the_configuration(text: str, said: str) -> None:
    with pytest.raises(FailpointsInvalid, match=said) as problem:
        read_failpoints(text)
    assert isinstance(problem.value, ConfigurationError)


def test_models_are_what_they_were_unless_a_call_is_to_be_interrupted() -> None:
    models: dict[str, object] = {}

    assert around_models(models) is models  # type: ignore[arg-type]  # an empty mapping of anything


def test_the_command_line_lists_them_and_its_help_does_not() -> None:
    app = build_app(["failpoints"])

    listed = CliRunner().invoke(app, ["failpoints", "list", "--json"]).output
    shown = CliRunner().invoke(build_app([]), ["--help"]).output

    assert [one["failpoint"] for one in json.loads(listed)] == [point.value for point in Failpoint]
    assert "failpoints" not in shown

"""A 403 without a word why: of all requests, or of the one that a filter on the way does not like?"""

import asyncio

import pytest

from adapter.errors import CallForbidden
from adapter.pipeline.availability.gate import RECENT_SUCCESS_SECONDS, GateSettings, GateState, ModelGate
from tests.kit.virtual_time import VirtualClock

FAILURES_TO_OPEN = 3


@pytest.fixture
def gate(clock: VirtualClock) -> ModelGate:
    return ModelGate("cloud", GateSettings(failures_to_open=FAILURES_TO_OPEN), clock)


async def test_one_request_that_is_forbidden_while_others_get_replies_keeps_it_open(gate: ModelGate) -> None:
    gate.succeeded(await gate.admit())

    for failures in range(20):
        gate.failed(await gate.admit(failures), CallForbidden("not this", status=403))

    assert gate.state is GateState.UP


async def test_several_in_a_row_that_are_forbidden_close_it_for_the_operator(gate: ModelGate) -> None:
    gate.succeeded(await gate.admit())

    for _ in range(FAILURES_TO_OPEN):
        gate.failed(await gate.admit(), CallForbidden("not you", status=403))

    assert gate.state is GateState.MISCONFIGURED


@pytest.mark.parametrize("quiet_seconds", [None, RECENT_SUCCESS_SECONDS])
async def test_a_request_that_is_forbidden_after_nobody_got_a_reply_closes_it_at_once(
    gate: ModelGate, quiet_seconds: float | None
) -> None:
    if quiet_seconds is not None:
        gate.succeeded(await gate.admit())
        await asyncio.sleep(quiet_seconds)

    gate.failed(await gate.admit(), CallForbidden("not you", status=403))

    assert gate.state is GateState.MISCONFIGURED

"""When a request that gets no reply is given up: only while all but a few others get theirs."""

import asyncio

import pytest

from adapter.errors import CallError, CallForbidden, ModelFailed
from adapter.pipeline.availability.gate import GateState
from tests.kit.fake_model import ScriptedModel, reply
from tests.kit.virtual_time import VirtualClock
from tests.unit.pipeline.test_call_model import DOWN, Bench


@pytest.mark.parametrize("error", [DOWN, CallForbidden("a filter on the way", status=403)])
async def test_a_request_that_alone_gets_no_reply_fails_after_three_calls(
    clock: VirtualClock, error: CallError
) -> None:
    bench = Bench(ScriptedModel(error), clock)
    bench.gate.succeeded(await bench.gate.admit())
    others = asyncio.create_task(bench.others_succeed())

    with pytest.raises(ModelFailed) as failure:
        await bench.call()

    others.cancel()
    assert len(bench.model.requests) == 3
    assert failure.value.metadata == {"model": "cloud", "calls": "3"}
    assert bench.gate.state is GateState.UP


async def test_failures_without_a_success_of_others_in_between_are_no_reason_to_give_up(clock: VirtualClock) -> None:
    bench = Bench(ScriptedModel(*[DOWN] * 10, reply()), clock)

    async def one_success_between_the_first_two_calls() -> None:
        await asyncio.sleep(0.5)
        bench.gate.succeeded(await bench.gate.admit())

    other = asyncio.create_task(one_success_between_the_first_two_calls())
    call = await bench.call()

    await other
    assert call.number == 11


async def test_a_request_that_fails_as_others_do_is_not_given_up(clock: VirtualClock) -> None:
    bench = Bench(ScriptedModel(*[DOWN] * 10, reply()), clock)

    async def every_other_request_fails() -> None:
        while True:
            bench.gate.failed(await bench.gate.admit(), DOWN)
            bench.gate.succeeded(await bench.gate.admit())
            await asyncio.sleep(0.1)

    others = asyncio.create_task(every_other_request_fails())
    call = await bench.call()

    others.cancel()
    assert call.number == 11


async def test_a_request_is_given_up_beside_another_that_never_gets_a_reply_either(clock: VirtualClock) -> None:
    bench = Bench(ScriptedModel(DOWN), clock)
    others = asyncio.create_task(bench.others_succeed())
    bench.gate.failed(await bench.gate.admit(), DOWN)

    with pytest.raises(ModelFailed):
        await bench.call()

    others.cancel()
    assert asyncio.get_running_loop().time() < 120

"""How a gate that has opened lets calls go: a few at first, more with each reply, all within seconds."""

import asyncio

import pytest

from adapter.pipeline.availability.gate import GateState, ModelGate
from tests.kit.virtual_time import VirtualClock, settle
from tests.unit.pipeline.test_gate import SETTINGS, close, down, next_probe


@pytest.fixture
def gate(clock: VirtualClock) -> ModelGate:
    return ModelGate("cloud", SETTINGS, clock)


async def test_a_gate_that_opens_lets_those_who_wait_go_a_few_at_first_and_all_within_seconds(gate: ModelGate) -> None:
    await close(gate)
    in_flight = [0]

    async def call() -> None:
        await gate.admit()
        in_flight[0] += 1

    probe = asyncio.create_task(gate.admit())
    calls = [asyncio.create_task(call()) for _ in range(2000)]
    gate.succeeded(await probe)
    seen = []
    for _ in range(7):
        await settle()
        seen.append(in_flight[0])
        await asyncio.sleep(0.5)

    assert seen == [8, 16, 32, 64, 128, 256, 2000]
    await asyncio.gather(*calls)


async def test_replies_bring_a_gate_that_opened_to_full_speed_sooner(gate: ModelGate) -> None:
    await close(gate)
    probe = asyncio.create_task(gate.admit())
    calls = [asyncio.create_task(gate.admit()) for _ in range(100)]
    gate.succeeded(await probe)
    for _ in range(5):
        await settle()
        for call in calls:
            if call.done():
                gate.succeeded(call.result())
    await settle()

    assert all(call.done() for call in calls), "twice as many after each round"
    assert asyncio.get_running_loop().time() == SETTINGS.probe_seconds


async def test_who_comes_while_calls_begin_again_waits_for_its_turn(gate: ModelGate) -> None:
    await close(gate)
    probe = asyncio.create_task(gate.admit())
    early = [asyncio.create_task(gate.admit()) for _ in range(20)]
    gate.succeeded(await probe)
    await settle()
    assert not gate.would_admit()
    late = asyncio.create_task(gate.admit())
    await settle()
    assert not late.done()
    assert "a few at a time" in gate.why_slow

    early[0].result()
    await asyncio.gather(*early)
    await late
    assert gate.why_slow == ""


async def test_a_model_that_fails_again_at_once_costs_a_few_calls_only(gate: ModelGate) -> None:
    await close(gate)
    probe = asyncio.create_task(gate.admit())
    calls = [asyncio.create_task(gate.admit(failures=1, failed_at=0.0)) for _ in range(1000)]
    gate.succeeded(await probe)
    await settle()
    begun = [call.result() for call in calls if call.done()]
    for leave in begun:
        gate.failed(leave, down())
    await settle()

    assert gate.state is GateState.DOWN
    assert len(begun) == 8
    assert sum(call.done() for call in calls) <= 8 + SETTINGS.failures_to_open
    for call in calls:
        call.cancel()


async def test_a_call_that_is_given_up_makes_room_for_another(gate: ModelGate) -> None:
    await close(gate)
    probe = asyncio.create_task(gate.admit())
    calls = [asyncio.create_task(gate.admit()) for _ in range(9)]
    gate.succeeded(await probe)
    await settle()
    assert not calls[-1].done()

    gate.abandoned(calls[0].result())

    await calls[-1]
    assert asyncio.get_running_loop().time() == SETTINGS.probe_seconds


async def test_jobs_that_failed_in_the_outage_before_close_it_in_the_next(gate: ModelGate) -> None:
    await close(gate)
    gate.succeeded((await next_probe(gate))[0])
    for _ in range(SETTINGS.failures_to_open):
        gate.failed(await gate.admit(failures=1, failed_at=0.0), down())

    assert gate.state is GateState.DOWN

"""The gate before a model: when it closes, whom it lets probe, and when it opens again."""

import asyncio

import pytest

from adapter.errors import (
    CallMisconfigured,
    CallRejected,
    CallThrottled,
    CallUnreachable,
    ModelMisconfigured,
    ModelUnavailable,
)
from adapter.pipeline.availability.gate import MAX_RETRY_AFTER_SECONDS, GateSettings, GateState, Leave, ModelGate
from tests.kit.virtual_time import VirtualClock, settle

SETTINGS = GateSettings(failures_to_open=3, probe_seconds=2.0, max_probe_seconds=5.0, misconfigured_probe_seconds=15.0)


@pytest.fixture
def states() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def gate(clock: VirtualClock, states: list[tuple[str, str]]) -> ModelGate:
    return ModelGate("cloud", SETTINGS, clock, lambda model, state: states.append((model, state)))


def down(retry_after_seconds: float | None = None) -> CallUnreachable:
    return CallUnreachable("connection refused", retry_after_seconds=retry_after_seconds)


async def close(gate: ModelGate) -> None:
    """Let as many jobs fail as it takes."""
    for _ in range(SETTINGS.failures_to_open):
        gate.failed(await gate.admit(), down())


async def next_probe(gate: ModelGate, failures: int = 0) -> tuple[Leave, float]:
    """Wait for leave to probe; returns it with the loop's time."""
    leave = await gate.admit(failures)
    return leave, asyncio.get_running_loop().time()


async def test_an_open_gate_admits_at_once(gate: ModelGate) -> None:
    await gate.admit()

    assert gate.why_closed() is None
    assert gate.waiting == 0


async def test_failures_of_several_jobs_in_a_row_close_it(gate: ModelGate, states: list[tuple[str, str]]) -> None:
    await close(gate)

    error = gate.why_closed()
    assert isinstance(error, ModelUnavailable)
    assert error.metadata == {"model": "cloud"}
    assert error.retry_after_seconds == SETTINGS.probe_seconds
    assert "connection refused" in error.message
    assert states == [("cloud", "down")]


async def test_a_reply_between_failures_keeps_it_open(gate: ModelGate) -> None:
    for _ in range(SETTINGS.failures_to_open - 1):
        gate.failed(await gate.admit(), down())
    gate.succeeded(await gate.admit())
    gate.failed(await gate.admit(), down())

    assert gate.state is GateState.UP


async def test_one_job_alone_never_closes_it(gate: ModelGate) -> None:
    for failures in range(20):
        gate.failed(await gate.admit(failures), down())

    assert gate.state is GateState.UP


async def test_a_refused_key_closes_it_at_once(gate: ModelGate, states: list[tuple[str, str]]) -> None:
    gate.failed(await gate.admit(), CallMisconfigured("key refused", status=401))

    error = gate.why_closed()
    assert isinstance(error, ModelMisconfigured)
    assert error.retry_after_seconds == SETTINGS.misconfigured_probe_seconds
    assert states == [("cloud", "misconfigured")]


async def test_a_request_that_the_endpoint_refuses_shows_that_it_is_up(gate: ModelGate) -> None:
    await close(gate)
    leave, _ = await next_probe(gate)

    gate.failed(leave, CallRejected("bad schema", status=400))

    assert gate.state is GateState.UP


async def test_a_closed_gate_lets_exactly_one_probe(gate: ModelGate) -> None:
    await close(gate)
    admitted: list[int] = []

    async def wait(number: int) -> None:
        await gate.admit()
        admitted.append(number)

    waiting = [asyncio.create_task(wait(number)) for number in range(3)]
    await asyncio.sleep(SETTINGS.probe_seconds * 10)

    assert admitted == [0]
    assert gate.waiting == 2
    for task in waiting:
        task.cancel()


async def test_the_pause_between_failing_probes_doubles_up_to_its_limit(gate: ModelGate) -> None:
    await close(gate)
    times = []
    for _ in range(4):
        leave, time = await next_probe(gate)
        times.append(time)
        gate.failed(leave, down())

    assert times == [2.0, 6.0, 11.0, 16.0]


async def test_the_reply_to_a_probe_opens_it_for_all_who_wait(gate: ModelGate, states: list[tuple[str, str]]) -> None:
    await close(gate)
    probe = asyncio.create_task(gate.admit())
    others = [asyncio.create_task(gate.admit()) for _ in range(3)]

    gate.succeeded(await probe)
    await asyncio.gather(*others)

    assert gate.waiting == 0
    assert states == [("cloud", "down"), ("cloud", "up")]


async def test_after_it_opened_it_takes_as_many_failures_as_before_to_close_it(gate: ModelGate) -> None:
    await close(gate)
    gate.succeeded((await next_probe(gate))[0])
    gate.failed(await gate.admit(), down())

    assert gate.state is GateState.UP


async def test_a_probe_that_was_given_up_lets_the_next_one_go_at_once(gate: ModelGate) -> None:
    await close(gate)
    given_up, before = await next_probe(gate)
    other = asyncio.create_task(next_probe(gate))
    await settle()
    assert not other.done()

    gate.abandoned(given_up)

    assert (await other)[1] == before


async def test_a_waiter_that_is_admitted_and_cancelled_in_one_go_passes_its_leave_on(gate: ModelGate) -> None:
    await close(gate)
    first, second = asyncio.create_task(gate.admit()), asyncio.create_task(gate.admit())
    await settle()
    asyncio.get_running_loop().call_later(SETTINGS.probe_seconds, first.cancel)

    await second

    assert first.cancelled()


async def test_who_leaves_is_not_waited_for(gate: ModelGate) -> None:
    await close(gate)
    callers = [asyncio.create_task(gate.admit()) for _ in range(100)]
    await settle()
    for caller in callers:
        caller.cancel()
    await settle()

    assert gate.waiting == 0
    assert gate.wants_probe
    _, time = await next_probe(gate)
    assert time == SETTINGS.probe_seconds


async def test_a_call_that_was_sent_before_the_outage_and_given_up_lets_no_second_probe_go(gate: ModelGate) -> None:
    in_flight = await gate.admit()
    await close(gate)
    await next_probe(gate)
    other = asyncio.create_task(gate.admit())
    await settle()

    gate.abandoned(in_flight)
    await asyncio.sleep(60)

    assert not other.done()
    other.cancel()


async def test_a_call_that_was_sent_before_the_outage_and_fails_late_lets_no_second_probe_go(gate: ModelGate) -> None:
    in_flight = await gate.admit()
    await close(gate)
    await next_probe(gate)
    other = asyncio.create_task(gate.admit())
    await settle()

    gate.failed(in_flight, down())
    await asyncio.sleep(60)

    assert not other.done()
    other.cancel()


async def test_a_late_reply_to_a_call_from_before_opens_nothing_but_brings_the_next_probe_forward(
    gate: ModelGate,
) -> None:
    in_flight = await gate.admit()
    await close(gate)
    gate.succeeded(in_flight)

    assert gate.state is GateState.DOWN
    _, time = await next_probe(gate)
    assert time == 0.0


async def test_only_the_first_late_reply_brings_a_probe_forward(gate: ModelGate) -> None:
    in_flight = [await gate.admit() for _ in range(2)]
    await close(gate)
    gate.succeeded(in_flight[0])
    first, _ = await next_probe(gate)
    gate.failed(first, down())
    gate.succeeded(in_flight[1])

    _, time = await next_probe(gate)

    assert time == SETTINGS.probe_seconds * 2


async def test_the_longest_retry_after_is_waited_for(gate: ModelGate) -> None:
    for seconds in (None, 30.0, 7.0):
        gate.failed(await gate.admit(), CallThrottled("slow down", retry_after_seconds=seconds))

    _, time = await next_probe(gate)

    assert time == 30.0


async def test_an_absurd_retry_after_is_cut(gate: ModelGate) -> None:
    for _ in range(SETTINGS.failures_to_open):
        gate.failed(await gate.admit(), CallThrottled("tomorrow", retry_after_seconds=1e300))

    _, time = await next_probe(gate)

    assert time == MAX_RETRY_AFTER_SECONDS


async def test_a_request_that_failed_often_probes_after_any_other(gate: ModelGate) -> None:
    await close(gate)
    poison = asyncio.create_task(gate.admit(failures=5))
    await settle()
    assert gate.wants_probe, "a poison request is no proof that the model is down"
    other = asyncio.create_task(gate.admit())
    await settle()
    assert not gate.wants_probe

    gate.succeeded(await other)

    await poison


async def test_a_request_that_failed_often_leaves_others_time_to_probe_but_probes_when_none_comes(
    gate: ModelGate,
) -> None:
    await close(gate)

    _, time = await next_probe(gate, failures=5)

    assert time == SETTINGS.probe_seconds + SETTINGS.max_probe_seconds


async def test_a_key_that_works_again_is_found_by_the_probe(gate: ModelGate) -> None:
    gate.failed(await gate.admit(), CallMisconfigured("key refused", status=401))
    leave, time = await next_probe(gate)

    gate.succeeded(leave)

    assert time == SETTINGS.misconfigured_probe_seconds
    assert gate.state is GateState.UP

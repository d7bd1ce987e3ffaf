"""A request with several models: which is asked when, what is waited for, and what ends the job."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from adapter.domain.model import ModelRequest, Turn
from adapter.errors import (
    AdapterError,
    CallError,
    CallMisconfigured,
    CallRejected,
    CallThrottled,
    CallUnreachable,
    ModelFailed,
    ModelMisconfigured,
    ModelRejected,
    ModelUnavailable,
)
from adapter.pipeline.availability.gate import GateSettings, GateState, ModelGate
from adapter.pipeline.availability.gated_model import CallSettings, GatedModel
from adapter.pipeline.budget import Budget
from adapter.pipeline.call_model import CallLog, call_model
from adapter.ports import StoredCall
from tests.kit.fake_model import RecordingObserver, ScriptedModel, Step, reply
from tests.kit.virtual_time import VirtualClock, settle

SETTINGS = CallSettings(backoff_seconds=1.0, max_backoff_seconds=8.0, lone_failures=3, timeout_seconds=30.0)
DOWN = CallUnreachable("connection refused")
REFUSED = CallMisconfigured("key refused", status=401)


def gated(clock: VirtualClock, name: str, *steps: Step | Exception) -> GatedModel:
    gate = ModelGate(name, GateSettings(failures_to_open=2), clock)
    return GatedModel(ScriptedModel(*steps, name=name), gate, SETTINGS)


def times_of(target: GatedModel) -> list[float]:
    model = target.model
    assert isinstance(model, ScriptedModel)
    return model.times


@dataclass(slots=True)
class Bench:
    """Two models, the cheaper one first, and everything that was told of their calls."""

    clock: VirtualClock
    first: GatedModel
    second: GatedModel
    ended: list[StoredCall] = field(default_factory=list)
    causes: list[AdapterError | None] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    async def call(self, *targets: GatedModel) -> StoredCall:
        log = CallLog(self._started, self._ended, self.causes.append, lambda _: None)
        return await call_model(
            targets or (self.first, self.second),
            lambda target: ModelRequest((Turn("user", target.name),), "s", {}, 10),
            budget=Budget(5, 10_000, 600.0),
            log=log,
            clock=self.clock,
            observer=RecordingObserver(),
        )

    async def _started(self, target: GatedModel) -> StoredCall:
        self.asked.append(target.name)
        return StoredCall(len(self.asked), target.name, self.clock.now())

    async def _ended(self, call: StoredCall) -> None:
        self.ended.append(call)

    async def close(self, target: GatedModel, error: CallError = DOWN) -> None:
        while target.gate.state is GateState.UP:
            target.gate.failed(await target.gate.admit(), error)


Make = Callable[..., Bench]


@pytest.fixture
def make(clock: VirtualClock) -> Make:
    def build(first: list[Step | Exception], second: list[Step | Exception]) -> Bench:
        return Bench(clock, gated(clock, "cheap", *first), gated(clock, "dear", *second))

    return build


OK = Step(reply())


@pytest.mark.parametrize("error", [DOWN, CallThrottled("429", retry_after_seconds=40.0), REFUSED])
async def test_a_call_without_a_reply_goes_to_the_next_model_at_once(make: Make, error: Exception) -> None:
    bench = make([error], [OK])

    call = await bench.call()

    assert bench.asked == ["cheap", "dear"]
    assert call.model == "dear"
    assert asyncio.get_running_loop().time() == 0.0
    assert [bool(one.error) for one in bench.ended] == [True, False]
    assert bench.causes == [None], "the job waited for nothing"


async def test_each_model_is_asked_with_a_request_of_its_own(make: Make) -> None:
    bench = make([DOWN], [OK])

    await bench.call()

    assert isinstance(bench.second.model, ScriptedModel)
    assert bench.second.model.requests[0].turns[0].content == "dear"


async def test_a_model_that_failed_rests_for_its_backoff_and_is_then_asked_before_the_others(make: Make) -> None:
    bench = make([DOWN, OK], [CallThrottled("429", retry_after_seconds=20.0)])

    await bench.call()

    assert bench.asked == ["cheap", "dear", "cheap"]
    assert times_of(bench.first)[1] >= SETTINGS.backoff_seconds
    assert times_of(bench.first)[1] < 20.0


async def test_when_all_have_failed_the_job_says_that_it_waits_for_all(make: Make) -> None:
    bench = make([DOWN, OK], [DOWN])

    await bench.call()

    [cause, ended] = bench.causes
    assert isinstance(cause, ModelUnavailable)
    assert cause.metadata == {"model": "cheap, dear"}
    assert ended is None


async def test_a_closed_gate_is_passed_by(make: Make) -> None:
    bench = make([OK], [OK])
    await bench.close(bench.first)

    await bench.call()

    assert bench.asked == ["dear"]
    assert bench.causes == [None]


async def test_a_request_that_has_another_model_probes_the_first_when_that_is_due(make: Make) -> None:
    bench = make([DOWN, OK], [OK])
    await bench.close(bench.first)
    await bench.clock.sleep(2.0)

    await bench.call()
    state_after_the_failed_probe = bench.first.gate.state
    await bench.clock.sleep(4.0)
    await bench.call()

    assert bench.asked == ["cheap", "dear", "cheap"]
    assert state_after_the_failed_probe is GateState.DOWN
    assert bench.first.gate.state is GateState.UP


async def test_only_one_request_at_a_time_probes(make: Make) -> None:
    bench = make([Step(reply(), seconds=5.0)], [OK])
    await bench.close(bench.first)
    await bench.clock.sleep(2.0)

    await asyncio.gather(*(bench.call() for _ in range(4)))

    assert sorted(bench.asked) == ["cheap", "dear", "dear", "dear"]


async def test_when_all_gates_are_closed_the_first_that_opens_is_used(make: Make) -> None:
    bench = make([*[DOWN] * 3, OK], [OK])
    await bench.close(bench.first)
    await bench.close(bench.second, CallUnreachable("busy", retry_after_seconds=10.0))

    call = await bench.call()

    assert call.model == "dear"
    assert times_of(bench.second) == [10.0]
    assert bench.first.gate.waiting == bench.second.gate.waiting == 0


async def test_a_model_that_opens_is_used_before_the_rest_of_another_is_over(make: Make) -> None:
    bench = make([OK], [CallThrottled("429", retry_after_seconds=600.0)])
    await bench.close(bench.first)

    call = await bench.call()

    assert call.model == "cheap"
    assert asyncio.get_running_loop().time() == 2.0


async def test_a_rest_that_is_over_ends_the_wait_for_a_closed_gate(make: Make) -> None:
    bench = make([OK], [CallThrottled("429", retry_after_seconds=3.0), OK])
    await bench.close(bench.first, CallUnreachable("busy", retry_after_seconds=600.0))

    call = await bench.call()

    assert call.model == "dear"
    assert asyncio.get_running_loop().time() == 3.0
    assert bench.first.gate.waiting == 0


@pytest.mark.parametrize(("second", "expected"), [(REFUSED, ModelMisconfigured), (DOWN, ModelUnavailable)])
async def test_the_configuration_is_blamed_only_when_that_is_what_ails_all(
    make: Make, second: CallError, expected: type[AdapterError]
) -> None:
    bench = make([OK], [OK])
    await bench.close(bench.first, REFUSED)
    await bench.close(bench.second, second)

    waiting = asyncio.ensure_future(bench.call())
    await settle()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)

    cause = bench.causes[0]
    assert type(cause) is expected
    assert "cheap: key refused" in cause.message
    assert "dear: " in cause.message
    assert cause.metadata == {"model": "cheap, dear"}
    assert cause.retry_after_seconds in {2.0, 15.0}
    assert bench.causes[-1] is None


async def test_a_cancelled_wait_leaves_no_gate_without_a_probe(make: Make) -> None:
    bench = make([OK], [OK])
    await bench.close(bench.first)
    await bench.close(bench.second)
    waiting = asyncio.ensure_future(bench.call())
    await settle()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)

    assert bench.causes[-1] is None
    assert bench.first.gate.waiting == bench.second.gate.waiting == 0
    await bench.call()
    assert bench.first.gate.state is GateState.UP


async def test_a_cancelled_wait_for_the_only_model_tells_that_the_job_waits_no_more(make: Make) -> None:
    bench = make([OK], [OK])
    await bench.close(bench.first)
    waiting = asyncio.ensure_future(bench.call(bench.first))
    await settle()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)

    assert bench.causes[-1] is None
    assert bench.first.gate.waiting == 0
    assert bench.asked == []


async def test_leave_that_came_from_two_gates_at_once_is_given_back_to_one(make: Make) -> None:
    bench = make([OK], [OK])
    await bench.close(bench.first)
    await bench.close(bench.second)

    await bench.call()
    assert bench.asked == ["cheap"], "both probes were due at the same moment"
    other = await asyncio.wait_for(bench.second.gate.admit(), 10)
    bench.second.gate.succeeded(other)

    assert bench.second.gate.state is GateState.UP


async def test_a_request_that_fails_alone_on_every_model_ends(make: Make) -> None:
    bench = make([DOWN], [DOWN])

    async def others_succeed() -> None:
        while True:
            await bench.clock.sleep(0.1)
            for target in (bench.first, bench.second):
                target.gate.succeeded(await target.gate.admit())

    others = asyncio.create_task(others_succeed())
    with pytest.raises(ModelFailed) as failure:
        await bench.call()
    others.cancel()

    assert sorted(bench.asked) == ["cheap"] * 3 + ["dear"] * 3
    assert failure.value.metadata == {"model": "cheap, dear", "calls": "6"}


async def test_a_request_that_one_endpoint_refuses_is_not_tried_on_another(make: Make) -> None:
    bench = make([CallRejected("bad schema", status=400)], [OK])

    with pytest.raises(ModelRejected, match="cheap"):
        await bench.call()

    assert bench.asked == ["cheap"]

"""One model call that brings a reply: what is retried, how long is waited, what ends the job."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field

import pytest

from adapter.domain.model import ModelRequest, Turn
from adapter.domain.usage import Usage
from adapter.errors import (
    AdapterError,
    BudgetExhausted,
    CallFiltered,
    CallMisconfigured,
    CallRejected,
    CallThrottled,
    CallTooLong,
    CallUnreachable,
    ContentFiltered,
    InputTooLong,
    ModelRejected,
    ModelUnavailable,
)
from adapter.pipeline.availability.gate import GateSettings, GateState, ModelGate
from adapter.pipeline.availability.gated_model import CallSettings, GatedModel
from adapter.pipeline.budget import Budget
from adapter.pipeline.call_model import CallLog, call_model
from adapter.ports import StoredCall
from tests.kit.fake_model import RecordingObserver, ScriptedModel, Step, reply
from tests.kit.virtual_time import VirtualClock

REQUEST = ModelRequest(turns=(Turn("user", "?"),), schema_name="s", schema={}, max_output_tokens=10)
SETTINGS = CallSettings(backoff_seconds=1.0, max_backoff_seconds=8.0, lone_failures=3, timeout_seconds=30.0)
DOWN = CallUnreachable("connection refused")


@dataclass(slots=True)
class Bench:
    """A model behind its gate, and everything that was told of its calls."""

    model: ScriptedModel
    clock: VirtualClock
    settings: CallSettings = SETTINGS
    budget: Budget = field(default_factory=lambda: Budget(5, 10_000, 600.0))
    observer: RecordingObserver = field(default_factory=RecordingObserver)
    started: list[StoredCall] = field(default_factory=list)
    ended: list[StoredCall] = field(default_factory=list)
    causes: list[AdapterError | None] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)
    fails_to_start: BaseException | None = None
    target: GatedModel = field(init=False)

    def __post_init__(self) -> None:
        """Put the gate before the model."""
        gate = ModelGate(self.model.name, GateSettings(failures_to_open=2), self.clock)
        self.target = GatedModel(self.model, gate, self.settings)

    @property
    def gate(self) -> ModelGate:
        return self.target.gate

    def call(self) -> Awaitable[StoredCall]:
        log = CallLog(self._started, self._ended, self.causes.append, self.waited.append)
        return call_model(
            [self.target], lambda _: REQUEST, budget=self.budget, log=log, clock=self.clock, observer=self.observer
        )

    async def _started(self, target: GatedModel) -> StoredCall:
        if self.fails_to_start is not None:
            raise self.fails_to_start
        self.started.append(StoredCall(len(self.started) + 1, target.name, self.clock.now()))
        return self.started[-1]

    async def _ended(self, call: StoredCall) -> None:
        self.ended.append(call)

    async def close_gate(self) -> None:
        for _ in range(2):
            self.gate.failed(await self.gate.admit(), DOWN)

    async def others_succeed(self) -> None:
        """Let another request get a reply, as often as time passes."""
        while True:
            await asyncio.sleep(0.1)
            self.gate.succeeded(await self.gate.admit())


async def test_a_reply_is_stored_with_its_time_and_observed(clock: VirtualClock) -> None:
    bench = Bench(ScriptedModel(Step(reply("{}"), seconds=4.0)), clock)

    call = await bench.call()

    assert call.reply == reply("{}")
    assert call.duration_seconds == 4.0
    assert bench.ended == [call]
    assert bench.observer.calls == [("cloud", "reply", 4.0)]
    assert bench.waited == []


async def test_a_call_without_a_reply_is_made_again_and_its_cause_is_told(clock: VirtualClock) -> None:
    bench = Bench(ScriptedModel(DOWN, reply()), clock)

    call = await bench.call()

    assert call.number == 2
    assert [one.error for one in bench.ended] == ["CallUnreachable: connection refused", ""]
    assert isinstance(bench.causes[0], ModelUnavailable)
    assert bench.causes[-1] is None
    assert sum(bench.waited) == asyncio.get_running_loop().time()


async def test_the_backoff_grows_and_has_a_limit(clock: VirtualClock) -> None:
    bench = Bench(ScriptedModel(*[DOWN] * 40, reply()), clock)

    await bench.call()

    pauses = [later - earlier for earlier, later in zip(bench.model.times, bench.model.times[1:], strict=False)]
    assert min(pauses) >= SETTINGS.backoff_seconds
    assert max(pauses) <= SETTINGS.max_backoff_seconds
    assert sum(pauses[10:]) / len(pauses[10:]) > 2 * SETTINGS.backoff_seconds


async def test_retry_after_is_obeyed(clock: VirtualClock) -> None:
    bench = Bench(ScriptedModel(CallThrottled("429", retry_after_seconds=17.0), reply()), clock)

    await bench.call()

    assert bench.model.times == [0.0, 17.0]


async def test_behind_a_closed_gate_nothing_is_called_before_the_probe_is_due(clock: VirtualClock) -> None:
    bench = Bench(ScriptedModel(reply()), clock)
    await bench.close_gate()

    await bench.call()

    assert bench.model.times == [2.0]
    assert isinstance(bench.causes[0], ModelUnavailable)
    assert bench.causes[1] is None
    assert bench.waited == [2.0]
    assert bench.gate.state is GateState.UP


async def test_an_outage_of_hours_costs_a_lone_job_nothing(clock: VirtualClock) -> None:
    bench = Bench(ScriptedModel(*[DOWN] * 1000, reply()), clock)
    await bench.close_gate()

    call = await bench.call()

    assert call.reply is not None
    assert bench.budget.attempts == 0
    assert asyncio.get_running_loop().time() > 3600


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (CallRejected("bad", status=400), ModelRejected),
        (CallTooLong("long", status=400), InputTooLong),
        (CallFiltered("filter", status=400), ContentFiltered),
    ],
)
async def test_a_request_that_the_endpoint_refuses_is_not_sent_again(
    clock: VirtualClock, answer: CallRejected, error: type[AdapterError]
) -> None:
    bench = Bench(ScriptedModel(answer, reply()), clock)

    with pytest.raises(error, match="cloud"):
        await bench.call()

    assert len(bench.model.requests) == 1
    assert bench.gate.state is GateState.UP
    assert bench.ended[0].error.startswith(type(answer).__name__)


async def test_being_throttled_is_no_reason_to_give_up(clock: VirtualClock) -> None:
    bench = Bench(ScriptedModel(*[CallThrottled("429")] * 10, reply()), clock)
    others = asyncio.create_task(bench.others_succeed())

    call = await bench.call()

    others.cancel()
    assert call.number == 11


async def test_a_model_that_hangs_is_down_whatever_time_the_job_has(clock: VirtualClock) -> None:
    bench = Bench(ScriptedModel(Step(reply(), seconds=1000.0), reply()), clock, budget=Budget(5, 10_000, 20.0))

    call = await bench.call()

    assert call.number == 2
    assert bench.model.timeouts[0] == 20.0
    assert bench.ended[0].error.startswith("CallUnreachable")


async def test_a_job_that_had_replies_ends_with_its_seconds_and_the_gate_hears_nothing(clock: VirtualClock) -> None:
    bench = Bench(ScriptedModel(Step(reply(), seconds=25.0)), clock, budget=Budget(5, 10_000, 60.0))
    bench.budget.charge(Usage(), 40.0)
    bench.gate.failed(await bench.gate.admit(), DOWN)

    with pytest.raises(BudgetExhausted, match="seconds"):
        await bench.call()

    assert asyncio.get_running_loop().time() == 20.0
    assert bench.gate.state is GateState.UP
    assert bench.ended == [], "whoever stops the job closes the call"


async def test_a_probe_that_could_not_be_stored_leaves_the_gate_to_others(clock: VirtualClock) -> None:
    bench = Bench(ScriptedModel(reply()), clock)
    await bench.close_gate()
    bench.fails_to_start = RuntimeError("claim lost")

    with pytest.raises(RuntimeError):
        await bench.call()
    bench.fails_to_start = None

    await bench.call()
    assert bench.gate.state is GateState.UP


@pytest.mark.parametrize("answer", [Step(reply(), seconds=20.0), ValueError("a bug")])
async def test_a_probe_that_ends_without_telling_leaves_the_gate_to_others(
    clock: VirtualClock, answer: Step | Exception
) -> None:
    bench = Bench(ScriptedModel(answer, reply()), clock)
    await bench.close_gate()
    probe = asyncio.ensure_future(bench.call())
    await asyncio.sleep(3.0)
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)

    await bench.call()

    assert bench.gate.state is GateState.UP


async def test_a_poison_request_of_a_quiet_service_does_not_take_the_model_from_the_next_caller(
    clock: VirtualClock,
) -> None:
    poison = Bench(ScriptedModel(DOWN), clock)
    held = asyncio.ensure_future(poison.call())
    await asyncio.sleep(600)

    healthy = Bench(ScriptedModel(reply()), clock)
    healthy.target = GatedModel(healthy.model, poison.gate, SETTINGS)
    before = asyncio.get_running_loop().time()
    await healthy.call()

    assert asyncio.get_running_loop().time() == before
    held.cancel()


async def test_a_misconfigured_model_holds_the_job_and_is_asked_again(clock: VirtualClock) -> None:
    bench = Bench(ScriptedModel(*[CallMisconfigured("key refused", status=401)] * 3, reply()), clock)

    await bench.call()

    assert bench.model.times == [0.0, 15.0, 30.0, 45.0]
    assert bench.causes[0] is not None
    assert bench.causes[0].reason == "MODEL_MISCONFIGURED"

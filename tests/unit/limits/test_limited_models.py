"""Calls to models with limits: who waits, who is passed over, what is reserved and what is settled."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field, replace

import pytest

from adapter.domain.model import ModelRequest, Turn
from adapter.domain.usage import Usage
from adapter.errors import AdapterError, CallError, CallRejected, CallThrottled, CallUnreachable, ModelUnavailable
from adapter.pipeline.availability.gate import GateSettings, GateState, ModelGate
from adapter.pipeline.availability.gated_model import CallSettings, GatedModel
from adapter.pipeline.availability.limiter import SLACK_SECONDS, Limiter
from adapter.pipeline.availability.limits import Limits
from adapter.pipeline.budget import Budget, most_tokens
from adapter.pipeline.call_model import CallLog, call_model
from adapter.ports import StoredCall
from tests.kit.fake_model import RecordingObserver, ScriptedModel, Step, reply
from tests.kit.virtual_time import VirtualClock, settle

REQUEST = ModelRequest(turns=(Turn("user", "x" * 100),), schema_name="s", schema={}, max_output_tokens=100)
DOWN = CallUnreachable("connection reset")


@dataclass(slots=True)
class Bench:
    """Limited models, and what was told of calls to them."""

    clock: VirtualClock
    targets: list[GatedModel] = field(default_factory=list)
    written_after: float = 0.0
    """Seconds until a call is written down."""
    ended: list[StoredCall] = field(default_factory=list)
    causes: list[AdapterError | None] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)

    def add(self, name: str, limits: Limits, *steps: object) -> GatedModel:
        gate = ModelGate(name, GateSettings(failures_to_open=1), self.clock)
        model = ScriptedModel(*(steps or (reply(),)), name=name)  # type: ignore[arg-type]  # what a test gives it
        limiter = Limiter(f"model/{name}", limits, self.clock)
        self.targets.append(GatedModel(model, gate, CallSettings(timeout_seconds=30.0), limiter=limiter))
        return self.targets[-1]

    def call(self, since: float = 0.0) -> Awaitable[StoredCall]:
        log = CallLog(self._started, self._ended, self.causes.append, self.waited.append)
        return call_model(
            self.targets,
            lambda _target: REQUEST,
            budget=Budget(5, 10_000, 600.0),
            log=log,
            clock=self.clock,
            observer=RecordingObserver(),
            since=since,
        )

    async def _started(self, target: GatedModel) -> StoredCall:
        await self.clock.sleep(self.written_after)
        return StoredCall(1, target.name, self.clock.now())

    async def _ended(self, call: StoredCall) -> None:
        self.ended.append(call)


def used(target: GatedModel) -> dict[str, int]:
    assert target.limiter is not None
    return {level.kind.value: level.used for level in target.limiter.levels()}


async def test_a_request_over_the_limit_waits_and_says_why(clock: VirtualClock) -> None:
    bench = Bench(clock)
    bench.add("cloud", Limits(requests=1))
    await bench.call()
    bench.causes.clear()

    await bench.call()

    assert clock.monotonic() == pytest.approx(60.0 + SLACK_SECONDS)
    cause, *rest = bench.causes
    assert isinstance(cause, ModelUnavailable)
    assert "its limit of 1 requests in 60 s is used up" in cause.message
    assert cause.metadata == {"model": "cloud"}
    assert cause.retry_after_seconds == pytest.approx(60.0 / 4)
    assert rest[0] is None
    assert sum(bench.waited) == pytest.approx(60.0 + SLACK_SECONDS)
    assert [call.was_sent for call in bench.ended] == [True, True]


async def test_a_model_over_its_limit_is_passed_over_for_one_that_is_free(clock: VirtualClock) -> None:
    bench = Bench(clock)
    bench.add("cheap", Limits(requests=1))
    bench.add("dear", Limits())

    names = [(await bench.call()).model for _ in range(3)]

    assert names == ["cheap", "dear", "dear"]
    assert clock.monotonic() == 0.0


async def test_when_all_are_over_their_limit_the_first_that_has_room_is_called(clock: VirtualClock) -> None:
    bench = Bench(clock)
    bench.add("slow", Limits(requests=1))
    bench.add("quick", Limits(requests=1, window_seconds=10.0))
    for _ in range(2):
        await bench.call()

    call = await bench.call()

    assert call.model == "quick"
    assert clock.monotonic() == pytest.approx(10.0 + SLACK_SECONDS)
    assert bench.targets[0].limiter is not None
    assert bench.targets[0].limiter.waiting == 0


async def test_a_reply_settles_to_what_it_took(clock: VirtualClock) -> None:
    bench = Bench(clock)
    target = bench.add("cloud", Limits(5, 5, 1000), Step(reply(tokens=30), seconds=2.0))

    running = asyncio.ensure_future(bench.call())
    await settle()
    assert used(target) == {"in_flight": 1, "requests": 1, "tokens": most_tokens(REQUEST, 0)}
    await running

    assert used(target) == {"in_flight": 0, "requests": 1, "tokens": 60}


async def test_a_reply_that_does_not_say_what_it_took_counts_as_reserved(clock: VirtualClock) -> None:
    bench = Bench(clock)
    target = bench.add("cloud", Limits(tokens=1000), replace(reply(), usage=Usage()))

    await bench.call()

    assert used(target) == {"tokens": most_tokens(REQUEST, 0)}


@pytest.mark.parametrize(
    ("error", "tokens"),
    [
        (CallThrottled("429", status=429), 0),
        (CallUnreachable("500", status=500), 0),
        (CallUnreachable("not JSON", status=200), most_tokens(REQUEST, 0)),
        (DOWN, most_tokens(REQUEST, 0)),
    ],
)
async def test_a_call_without_a_reply_settles_to_what_is_known(
    clock: VirtualClock, error: CallError, tokens: int
) -> None:
    bench = Bench(clock)
    target = bench.add("cloud", Limits(5, 5, 10_000), error, Step(reply(), seconds=30.0))

    running = asyncio.ensure_future(bench.call())
    await asyncio.sleep(0.1)

    assert used(target) == {"in_flight": 0, "requests": 1, "tokens": tokens}
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_rejected_call_counts_as_a_request(clock: VirtualClock) -> None:
    bench = Bench(clock)
    target = bench.add("cloud", Limits(5, 5, 1000), CallRejected("400", status=400))

    with pytest.raises(AdapterError):
        await bench.call()

    assert used(target) == {"in_flight": 0, "requests": 1, "tokens": 0}


async def test_a_call_that_is_cancelled_on_its_way_counts_as_reserved(clock: VirtualClock) -> None:
    bench = Bench(clock)
    target = bench.add("cloud", Limits(5, 5, 1000), Step(reply(), seconds=20.0))
    running = asyncio.ensure_future(bench.call())
    await settle()

    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert used(target) == {"in_flight": 0, "requests": 1, "tokens": most_tokens(REQUEST, 0)}


async def test_one_that_waits_for_a_limit_leaves_nothing_behind_when_it_is_cancelled(clock: VirtualClock) -> None:
    bench = Bench(clock)
    target = bench.add("cloud", Limits(in_flight=1), Step(reply(), seconds=20.0))
    first, second = (asyncio.ensure_future(bench.call(float(number))) for number in range(2))
    await settle()

    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    await first

    assert used(target) == {"in_flight": 0}
    assert target.limiter is not None
    assert target.limiter.waiting == 0


async def test_a_model_that_goes_down_while_requests_wait_for_its_limit_is_probed_by_one_of_them(
    clock: VirtualClock,
) -> None:
    bench = Bench(clock)
    target = bench.add("cloud", Limits(in_flight=1), Step(DOWN, seconds=5.0), reply())
    calls = [asyncio.ensure_future(bench.call(float(number))) for number in range(3)]
    await asyncio.sleep(5.1)
    states = [target.gate.state]

    replies = await asyncio.gather(*calls)

    assert all(one.reply is not None for one in replies)
    assert isinstance(target.model, ScriptedModel)
    assert len(target.model.requests) == 4
    assert [*states, target.gate.state] == [GateState.DOWN, GateState.UP]
    assert used(target) == {"in_flight": 0}


async def test_a_share_that_lapsed_while_the_call_was_written_down_prevents_it(clock: VirtualClock) -> None:
    bench = Bench(clock)
    target = bench.add("cloud", Limits())
    limiter = Limiter("model/cloud", Limits(requests=5), clock, is_shared=True)
    bench.targets = [replace(target, limiter=limiter)]
    limiter.grant({"model/cloud/requests": 5}, good_until=3.0)

    bench.written_after = 4.0
    calling = asyncio.ensure_future(bench.call())
    await asyncio.sleep(5.0)

    assert [call.error for call in bench.ended] == [StoredCall.NOT_SENT]
    limiter.grant({"model/cloud/requests": 5}, good_until=100.0)
    await calling
    assert [level.used for level in limiter.levels()] == [1]


def test_what_is_reserved_covers_prompt_schema_reply_and_reasoning() -> None:
    plain = most_tokens(REQUEST, 0)

    assert plain >= 100 // 2 + 100
    assert most_tokens(REQUEST, 4096) == plain + 4096
    assert most_tokens(replace(REQUEST, schema={"type": "object"}), 0) > plain
    assert most_tokens(replace(REQUEST, turns=(Turn("user", "語" * 100),)), 0) >= 300 + 100

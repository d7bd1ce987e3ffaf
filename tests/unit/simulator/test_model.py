"""The in-process simulated model: a Model like any other, with a log to count by."""

import asyncio
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import jsonschema_rs
import pytest

from adapter.domain.model import FinishReason, ModelRequest, Turn
from adapter.domain.usage import Price
from adapter.errors import CallError, CallRejected, CallThrottled, CallUnreachable
from adapter.simulator.answers import SampleAnswer
from adapter.simulator.calls import CallEnd
from adapter.simulator.faults import FAULTS, FaultRule
from adapter.simulator.latency import Latency
from adapter.simulator.model import SimulatedModel
from adapter.simulator.simulation import SimulatorSettings

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "category": {"type": "string", "enum": ["BILLING", "OUTAGE"]},
        "count": {"type": "integer", "minimum": 1},
    },
    "required": ["note", "category", "count"],
    "additionalProperties": False,
}
REQUEST = ModelRequest((Turn("system", "Classify."), Turn("user", "The printer is broken.")), "t", SCHEMA, 400)


def tagged(**tags: str) -> ModelRequest:
    return replace(REQUEST, tags={name.replace("_", "-"): value for name, value in tags.items()})


async def text_of(model: SimulatedModel, request: ModelRequest) -> str:
    reply = await model.call(request, timeout_seconds=5)
    assert reply.text is not None
    return reply.text


async def test_a_request_is_answered_by_its_schema_again_and_again_alike() -> None:
    model = SimulatedModel("m", price=Price(Decimal(1), Decimal(2), per=1))
    reply = await model.call(REQUEST, timeout_seconds=5)
    assert reply.text is not None
    jsonschema_rs.validate(SCHEMA, json.loads(reply.text))
    assert reply.finish_reason is FinishReason.STOP
    assert reply.usage.output_tokens == -(-len(reply.text) // 4)
    assert reply.usage.cost == reply.usage.input_tokens + 2 * reply.usage.output_tokens
    assert reply.usage.model_calls == 1
    assert await text_of(model, REQUEST) == reply.text


async def test_another_prompt_gets_another_answer_unless_the_payload_is_the_same() -> None:
    model = SimulatedModel("m")
    other = replace(REQUEST, turns=(Turn("user", "The printer is broken. Nonce 8f2a"),))
    assert await text_of(model, REQUEST) != await text_of(model, other)
    known = tagged(payload_sha256="abc")
    alike = replace(known, turns=(Turn("system", "Other"), *REQUEST.turns[1:]))
    assert await text_of(model, known) == await text_of(model, alike)


async def test_a_known_payload_gets_its_sample_and_is_logged_as_such() -> None:
    answers = {("t@1.0.0", "abc"): SampleAnswer(document={"category": "OUTAGE", "count": 5})}
    model = SimulatedModel("m", answers=answers)
    document = json.loads(await text_of(model, tagged(task="t@1.0.0", payload_sha256="abc")))
    assert (document["category"], document["count"]) == ("OUTAGE", 5)
    await text_of(model, tagged(task="t@1.0.0", payload_sha256="other"))
    assert [call.source for call in model.log.calls()] == ["sample", "generated"]


@pytest.mark.parametrize("word", [word for word, fault in FAULTS.items() if fault.error is not None and word != "hang"])
async def test_a_fault_without_a_reply_raises_its_error(word: str) -> None:
    model = SimulatedModel("m")
    with pytest.raises(CallError) as caught:
        await model.call(tagged(simulate=word, request_id="r"), timeout_seconds=5)
    assert type(caught.value) is FAULTS[word].error
    [call] = model.log.calls()
    assert (call.fault, call.outcome, call.request_id) == (word, CallEnd.FAILED, "r")


async def test_a_throttled_call_is_told_how_long_to_wait() -> None:
    model = SimulatedModel("m", SimulatorSettings(retry_after_seconds=0.25))
    with pytest.raises(CallThrottled) as caught:
        await model.call(tagged(simulate="429"), timeout_seconds=5)
    assert caught.value.retry_after_seconds == 0.25


async def test_a_hanging_call_ends_at_its_timeout() -> None:
    model = SimulatedModel("m")
    with pytest.raises(CallUnreachable, match="no answer within"):
        await model.call(tagged(simulate="hang"), timeout_seconds=0.01)
    assert model.log.calls()[0].outcome is CallEnd.ABANDONED
    assert model.log.in_flight == 0


async def test_an_unknown_fault_is_refused_and_not_counted() -> None:
    model = SimulatedModel("m")
    with pytest.raises(CallRejected, match="teapot"):
        await model.call(tagged(simulate="teapot"), timeout_seconds=5)
    assert model.log.total == 0


async def test_a_fault_once_is_gone_at_the_second_call_of_its_request() -> None:
    model = SimulatedModel("m")
    request = tagged(simulate="wrong_enum-once", request_id="r")
    assert "NO_SUCH_VALUE" in await text_of(model, request)
    assert "NO_SUCH_VALUE" not in await text_of(model, request)
    assert model.log.counts == {"r": 2}
    assert [call.nth for call in model.log.calls()] == [1, 2]


async def test_a_model_can_be_taken_down_and_up_again() -> None:
    model = SimulatedModel("m")
    model.controls.down = True
    with pytest.raises(CallUnreachable):
        await model.call(REQUEST, timeout_seconds=5)
    model.controls.down = False
    model.controls.status = 503
    with pytest.raises(CallUnreachable):
        await model.call(REQUEST, timeout_seconds=5)
    model.controls.status = None
    await text_of(model, REQUEST)


async def test_calls_wait_their_latency_side_by_side_and_the_log_tells_how_many() -> None:
    model = SimulatedModel("m", SimulatorSettings(latency=Latency.parse("0.05")))
    async with asyncio.timeout(2):
        await asyncio.gather(*(model.call(REQUEST, timeout_seconds=5) for _ in range(50)))
    calls = model.log.calls()
    assert all(call.latency_seconds >= 0.05 for call in calls)
    assert max(call.concurrency for call in calls) == 50


async def test_configured_faults_strike_without_a_label() -> None:
    model = SimulatedModel("m", SimulatorSettings(faults=(FaultRule.parse("500@1"),)))
    with pytest.raises(CallUnreachable):
        await model.call(REQUEST, timeout_seconds=5)
    await text_of(model, REQUEST)


async def test_an_answer_stays_within_the_limit_if_it_can_be_shortened() -> None:
    items = {"type": "array", "items": {"type": "string", "minLength": 100}}
    schema = {"type": "object", "properties": {"a": items, "b": items, "c": items}, "required": ["a", "b", "c"]}
    model = SimulatedModel("m")
    for number in range(20):
        request = replace(REQUEST, schema=schema, max_output_tokens=10, tags={"payload-sha256": str(number)})
        reply = await model.call(request, timeout_seconds=5)
        assert reply.finish_reason is FinishReason.STOP
        assert reply.usage.output_tokens <= 10


async def test_an_answer_that_cannot_be_shortened_is_cut_off() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "minLength": 400}}, "required": ["a"]}
    reply = await SimulatedModel("m").call(replace(REQUEST, schema=schema, max_output_tokens=10), timeout_seconds=5)
    assert reply.finish_reason is FinishReason.LENGTH
    assert reply.text is not None
    assert len(reply.text) == 40
    assert reply.usage.output_tokens == 10


async def test_the_log_is_bounded() -> None:
    model = SimulatedModel("m", SimulatorSettings(log_limit=3))
    for number in range(35):
        await text_of(model, tagged(request_id=f"r{number}"))
    assert [call.request_id for call in model.log.calls()] == ["r32", "r33", "r34"]
    assert set(model.log.counts) == {f"r{number}" for number in range(5, 35)}
    assert model.log.total == 35
    model.log.clear()
    assert (model.log.calls(), model.log.counts, model.log.total) == ([], {}, 0)

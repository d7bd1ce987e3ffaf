"""A job with two models that are told its contract in different shapes: each reply is read as its own model gave it."""

import json
from dataclasses import dataclass, field
from typing import Any

from adapter.domain.job import Outcome
from adapter.domain.model import Reply
from adapter.domain.payload import Payload
from adapter.errors import CallUnreachable
from adapter.pipeline.availability.gate import GateSettings, ModelGate
from adapter.pipeline.availability.gated_model import CallSettings, GatedModel
from adapter.pipeline.call_model import CallLog
from adapter.pipeline.run import RunRecord, Surroundings, Work, run_job
from adapter.ports import StoredCall
from adapter.tasks.strict_schema import AZURE, OPENAI, SchemaProfile
from tests.kit.fake_model import RecordingObserver, ScriptedModel, reply
from tests.kit.virtual_time import VirtualClock
from tests.unit.tasks.folders import OUTPUT, build

# Objects that begin with the same key: told apart by their keys, or, where an endpoint takes no such union, by a tag.
UNION = json.dumps(
    {
        "anyOf": [
            {
                "title": title,
                "type": "object",
                "properties": {"to": {"type": "string"}, key: {"type": "string"}},
                "required": ["to", key],
                "additionalProperties": False,
            }
            for title, key in (("By phone", "phone"), ("By mail", "mail"))
        ]
    }
)
MAIL = {"to": "Ada", "mail": "ada@example.com"}
PLAIN = json.dumps({"greeting": "Hi", "tone": MAIL})
TAGGED = json.dumps({"greeting": "Hi", "tone": {"_kind": "by_mail", "value": MAIL}})
DOWN = CallUnreachable("connection refused")


@dataclass(slots=True)
class Bench:
    """A job, and the calls that were made for it."""

    clock: VirtualClock
    first: GatedModel
    second: GatedModel
    record: RunRecord = field(default_factory=RunRecord)
    calls: list[str] = field(default_factory=list)

    async def run(self, *earlier: StoredCall) -> Any:
        loaded = build(output_schema_json=OUTPUT.replace('{"enum": ["WARM", "COOL"]}', UNION))
        policy = loaded.task.definition.policy
        self.record = RunRecord.of_earlier(earlier, 0.0)
        self.record.budget.allow(policy.attempts, 100_000, policy.seconds)
        payload = Payload(b'{"name": "Ada"}', "application/json")
        log = CallLog(self._started, self._ended, lambda _: None, lambda _: None)
        around = Surroundings((self.first, self.second), log, self.clock, RecordingObserver())
        outcome: Outcome = await run_job(Work("j", loaded.task, payload, calls=earlier), around, self.record, 1000)
        assert outcome.result is not None
        return json.loads(outcome.result.content)

    async def _started(self, target: GatedModel) -> StoredCall:
        self.calls.append(target.name)
        return StoredCall(len(self.calls), target.name, self.clock.now())

    async def _ended(self, call: StoredCall) -> None:
        if call.reply is not None:
            self.record.note(call)


def gated(clock: VirtualClock, name: str, profile: SchemaProfile, *steps: Reply | Exception) -> GatedModel:
    gate = ModelGate(name, GateSettings(), clock)
    return GatedModel(ScriptedModel(*steps, name=name), gate, CallSettings(), schema_profile=profile)


async def test_a_reply_of_the_second_model_is_read_in_the_shape_that_it_was_told(clock: VirtualClock) -> None:
    bench = Bench(clock, gated(clock, "a", OPENAI, DOWN), gated(clock, "b", AZURE, reply(TAGGED)))

    document = await bench.run()

    assert document["tone"] == MAIL
    assert bench.calls == ["a", "b"]
    schemas = [
        json.dumps(one.model.requests[0].schema)
        for one in (bench.first, bench.second)
        if isinstance(one.model, ScriptedModel)
    ]
    assert ["_kind" in schema for schema in schemas] == [False, True]


async def test_a_repair_is_asked_of_the_model_that_gave_the_reply_though_the_first_is_up_again(
    clock: VirtualClock,
) -> None:
    first = gated(clock, "a", OPENAI, DOWN, reply(PLAIN))
    bench = Bench(clock, first, gated(clock, "b", AZURE, reply('{"greeting": 1}'), reply(TAGGED)))

    assert (await bench.run())["tone"] == MAIL
    assert bench.calls == ["a", "b", "b"]


async def test_a_reply_that_an_earlier_run_paid_for_is_read_in_the_shape_of_its_own_model(clock: VirtualClock) -> None:
    bench = Bench(clock, gated(clock, "a", OPENAI, DOWN), gated(clock, "b", AZURE, DOWN))
    paid = StoredCall(1, "b", clock.now(), 1.0, reply(TAGGED))

    assert (await bench.run(paid))["tone"] == MAIL
    assert bench.calls == []


async def test_an_earlier_reply_that_was_broken_is_repaired_by_its_own_model(clock: VirtualClock) -> None:
    bench = Bench(clock, gated(clock, "a", OPENAI, reply(PLAIN)), gated(clock, "b", AZURE, reply(TAGGED)))
    paid = StoredCall(1, "b", clock.now(), 1.0, reply('{"greeting": 1}'))

    assert (await bench.run(paid))["tone"] == MAIL
    assert bench.calls == ["b"]

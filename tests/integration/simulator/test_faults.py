"""Each fault, through the adapter's own client: the simulated model is the same as a server and in-process."""

import json
from collections.abc import Callable
from typing import Any

import jsonschema_rs
import pytest

from adapter.domain.model import FinishReason, Reply
from adapter.errors import CallError, CallThrottled, CallUnreachable
from adapter.outbound.models.openai_model import OpenAIModel
from adapter.simulator.calls import CallEnd
from adapter.simulator.faults import FAULTS, FaultKind
from adapter.simulator.model import SimulatedModel
from adapter.simulator.server import SimulatedModelServer
from tests.integration.simulator.conftest import ANSWERS, SCHEMA, SETTINGS, tagged
from tests.kit.rabbitmq import eventually

FAILING = [word for word, fault in FAULTS.items() if fault.error is not None and word != "hang"]
REPLYING = [word for word, fault in FAULTS.items() if fault.kind is FaultKind.REPLY]


def is_valid(text: str | None) -> bool:
    try:
        return jsonschema_rs.is_valid(SCHEMA, json.loads(text or ""))
    except json.JSONDecodeError:
        return False


def parses(text: str | None) -> Any:
    return json.loads(text or "")


SHOWN: dict[str, Callable[[Reply], bool]] = {
    "slow": lambda reply: is_valid(reply.text) and reply.usage.model_seconds >= SETTINGS.slow_seconds,
    "truncated": lambda reply: reply.finish_reason is FinishReason.LENGTH and not is_valid(reply.text),
    "refusal": lambda reply: reply.finish_reason is FinishReason.REFUSAL and reply.text is None and bool(reply.refusal),
    "content_filter": lambda reply: reply.finish_reason is FinishReason.CONTENT_FILTER,
    "empty": lambda reply: reply.text == "" and reply.finish_reason is FinishReason.STOP,
    "fenced": lambda reply: (reply.text or "").startswith("```json\n{"),
    "chatty": lambda reply: not is_valid(reply.text) and '"category"' in (reply.text or ""),
    "thinking": lambda reply: (reply.text or "").startswith("<think>"),
    "not_a_document": lambda reply: "{" not in (reply.text or ""),
    "ambiguous": lambda reply: all(is_valid(line) for line in (reply.text or "").split("\n")),
    "duplicate_key": lambda reply: (reply.text or "").count('"note":') == 2,
    "runaway": lambda reply: reply.finish_reason is FinishReason.LENGTH and (reply.text or "").count("next line") > 8,
    "invalid": lambda reply: not is_valid(reply.text) and set(parses(reply.text)) == {"note", "category", "count"},
    "wrong_enum": lambda reply: parses(reply.text)["category"] == "NO_SUCH_VALUE",
    "missing_field": lambda reply: "category" not in parses(reply.text),
    "extra_field": lambda reply: "unexpected_field" in parses(reply.text),
    "review": lambda reply: is_valid(reply.text) and reply.simulated_review,
}


@pytest.mark.parametrize("word", FAILING)
async def test_a_call_without_a_reply_fails_as_the_fault_says(
    server: SimulatedModelServer, model: OpenAIModel, word: str
) -> None:
    with pytest.raises(CallError) as caught:
        await model.call(tagged(simulate=word, request_id="r"), timeout_seconds=30)
    assert type(caught.value) is FAULTS[word].error
    if FAULTS[word].kind is FaultKind.STATUS:
        assert caught.value.status == FAULTS[word].status
    [call] = server.simulation.log.calls()
    assert (call.fault, call.status, call.outcome) == (word, FAULTS[word].status, CallEnd.FAILED)


@pytest.mark.parametrize("word", REPLYING)
async def test_a_reply_is_wrong_as_the_fault_says(server: SimulatedModelServer, model: OpenAIModel, word: str) -> None:
    assert set(SHOWN) == set(REPLYING)
    reply = await model.call(tagged(simulate=word, request_id="r"), timeout_seconds=30)
    assert SHOWN[word](reply), reply
    assert reply.simulated_review is (word == "review")
    [call] = server.simulation.log.calls()
    assert (call.fault, call.status, call.outcome) == (word, 200, CallEnd.ANSWERED)


@pytest.mark.parametrize("word", ["", *REPLYING])
async def test_the_in_process_model_replies_as_the_server_does(model: OpenAIModel, word: str) -> None:
    request = tagged(simulate=word, task="t@1.0.0", payload_sha256="abc")
    served = await model.call(request, timeout_seconds=30)
    inside = await SimulatedModel("s", SETTINGS, ANSWERS).call(request, timeout_seconds=30)
    assert (served.text, served.finish_reason, served.refusal) == (inside.text, inside.finish_reason, inside.refusal)
    assert served.usage.output_tokens == inside.usage.output_tokens
    assert served.usage.input_tokens == inside.usage.input_tokens
    assert served.simulated_review == inside.simulated_review


async def test_a_throttled_call_is_told_how_long_to_wait(model: OpenAIModel) -> None:
    with pytest.raises(CallThrottled) as caught:
        await model.call(tagged(simulate="429"), timeout_seconds=30)
    assert caught.value.retry_after_seconds == 0.25


async def test_a_hanging_call_is_logged_as_abandoned_once_the_caller_gives_up(
    server: SimulatedModelServer, model: OpenAIModel
) -> None:
    with pytest.raises(CallUnreachable, match="no answer in time"):
        await model.call(tagged(simulate="hang", request_id="r"), timeout_seconds=2)
    log = server.simulation.log
    await eventually(lambda: not log.in_flight)
    [call] = log.calls()
    assert (call.fault, call.status, call.outcome) == ("hang", 0, CallEnd.ABANDONED)

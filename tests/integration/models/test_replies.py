"""What comes back: completions as replies, and 200s that hold none."""

from decimal import Decimal
from typing import Any

import pytest

from adapter.domain.model import FinishReason, ModelRequest
from adapter.domain.usage import Price
from adapter.errors import CallError, CallFiltered, CallMisconfigured, CallRejected, CallThrottled, CallUnreachable
from tests.integration.models.conftest import Open
from tests.kit.scripted_endpoint import ScriptedEndpoint, answer, completion


async def test_a_completion_becomes_a_priced_reply(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest
) -> None:
    usage = {
        "prompt_tokens": 100,
        "completion_tokens": 40,
        "total_tokens": 140,
        "prompt_tokens_details": {"cached_tokens": 60},
        "completion_tokens_details": {"reasoning_tokens": 30},
    }
    endpoint.script = [answer(completion('{"a":1}', usage=usage), headers={"x-request-id": "req-1"})]
    price = Price(input=Decimal(1), output=Decimal(10), cached_input=Decimal("0.5"), per=1000, currency="EUR")
    reply = await open_model(price=price).call(request_body, timeout_seconds=30)
    assert (reply.text, reply.finish_reason, reply.refusal) == ('{"a":1}', FinishReason.STOP, "")
    assert (reply.served_model, reply.system_fingerprint) == ("served-model-2026", "fp_1")
    assert reply.provider_request_id == "req-1"
    assert reply.mode == "json_schema"
    counts = reply.usage
    assert (counts.input_tokens, counts.cached_input_tokens) == (100, 60)
    assert (counts.output_tokens, counts.reasoning_tokens, counts.model_calls) == (40, 30, 1)
    assert (counts.cost, counts.currency) == (Decimal("0.47"), "EUR")
    assert 0 < counts.model_seconds < 5


async def test_without_a_price_there_is_no_cost(open_model: Open, request_body: ModelRequest) -> None:
    assert (await open_model().call(request_body, timeout_seconds=30)).usage.cost is None


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("stop", FinishReason.STOP),
        ("length", FinishReason.LENGTH),
        ("MAX_TOKENS", FinishReason.LENGTH),
        ("content_filter", FinishReason.CONTENT_FILTER),
        ("tool_calls", FinishReason.OTHER),
        (None, FinishReason.OTHER),
    ],
)
async def test_finish_reasons_are_told_apart(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest, said: str | None, meant: FinishReason
) -> None:
    endpoint.script = [answer(completion("x", finish_reason=said))]
    assert (await open_model().call(request_body, timeout_seconds=30)).finish_reason is meant


async def test_a_refusal_is_kept_with_its_words(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest
) -> None:
    endpoint.script = [answer(completion(None, message_refusal="I cannot help."))]
    reply = await open_model().call(request_body, timeout_seconds=30)
    assert (reply.text, reply.finish_reason, reply.refusal) == (None, FinishReason.REFUSAL, "I cannot help.")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, None),
        ("", ""),
        ([{"type": "text", "text": '{"a"'}, {"type": "text", "text": ":1}"}], '{"a":1}'),
        (5, None),
    ],
)
async def test_content_is_taken_in_each_form_it_comes_in(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest, content: object, text: str | None
) -> None:
    endpoint.script = [answer(completion(content))]
    assert (await open_model().call(request_body, timeout_seconds=30)).text == text


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (None, (0, 0, 0, 0)),
        ({"prompt_tokens": -1, "completion_tokens": "7"}, (0, 0, 0, 0)),
        ({"prompt_tokens": 3, "completion_tokens": 4}, (3, 0, 4, 0)),
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "total_tokens": 35,
                "completion_tokens_details": {"reasoning_tokens": 20},
            },
            (10, 0, 25, 20),
        ),
        ({"prompt_tokens": 5, "prompt_tokens_details": {"cached_tokens": 50}}, (5, 5, 0, 0)),
    ],
)
async def test_usage_is_normalised(
    endpoint: ScriptedEndpoint,
    open_model: Open,
    request_body: ModelRequest,
    usage: Any,
    expected: tuple[int, int, int, int],
) -> None:
    endpoint.script = [answer(completion("x", usage=usage))]
    counts = (await open_model().call(request_body, timeout_seconds=30)).usage
    found = (counts.input_tokens, counts.cached_input_tokens, counts.output_tokens, counts.reasoning_tokens)
    assert found == expected


async def test_only_a_simulator_may_ask_for_a_review(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest
) -> None:
    endpoint.script = [answer(completion(), headers={"x-llm-adapter-simulated-review": "1"})]
    assert not (await open_model().call(request_body, timeout_seconds=30)).simulated_review
    assert (await open_model(simulator=True).call(request_body, timeout_seconds=30)).simulated_review


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"error": {"code": 502, "message": "upstream"}}, CallUnreachable),
        ({"error": {"code": "429", "message": "slow down"}}, CallThrottled),
        ({"error": {"code": 402, "message": "Insufficient credits"}}, CallMisconfigured),
        ({"error": {"code": 400, "message": "bad schema"}}, CallRejected),
        ({"error": {"code": "content_filter", "message": "x", "status": 400}}, CallFiltered),
        ({"code": "The model is overloaded", "error": "The service is currently unavailable"}, CallUnreachable),
        ({"error": "rate_limit_exceeded"}, CallUnreachable),
        ({"error": {"type": "rate_limit_exceeded", "message": "x"}}, CallThrottled),
        ({"choices": []}, CallUnreachable),
        ({"choices": None}, CallUnreachable),
        (
            {"choices": [{"finish_reason": "error", "error": {"code": 429, "message": "x"}, "message": {}}]},
            CallThrottled,
        ),
        ({"choices": [{"finish_reason": "stop"}]}, CallUnreachable),
        ({}, CallUnreachable),
        ([], CallUnreachable),
        ("Network connection lost", CallUnreachable),
        (b"<html>502</html>", CallUnreachable),
        (b"", CallUnreachable),
        (b'{"choices": [{"mess', CallUnreachable),
    ],
)
async def test_a_200_without_a_reply_is_a_failed_call(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest, body: object, error: type[CallError]
) -> None:
    endpoint.script = [answer(body)]
    with pytest.raises(CallError) as caught:
        await open_model().call(request_body, timeout_seconds=30)
    assert type(caught.value) is error
    assert caught.value.status == 200


async def test_a_filtered_prompt_inside_a_200_is_told_apart(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest
) -> None:
    endpoint.script = [
        answer({"error": {"code": 403, "message": "Your chosen model requires moderation: flagged input"}})
    ]
    with pytest.raises(CallFiltered):
        await open_model().call(request_body, timeout_seconds=30)

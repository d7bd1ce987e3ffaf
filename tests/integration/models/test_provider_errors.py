"""What each provider answers when it does not reply, as reference says: whose fault it is, and when to ask again."""

from typing import Any

import pytest

from adapter.domain.model import ModelRequest
from adapter.errors import (
    CallError,
    CallFiltered,
    CallForbidden,
    CallMisconfigured,
    CallRejected,
    CallThrottled,
    CallTooLong,
    CallUnauthorized,
    CallUnreachable,
)
from tests.integration.models.conftest import Open
from tests.kit.scripted_endpoint import ScriptedEndpoint, answer, completion


def openai_error(code: str | int | None, message: str = "x", kind: str | None = "invalid_request_error") -> Any:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def google_error(code: int, status: str, message: str = "x", *details: dict[str, Any]) -> Any:
    return [{"error": {"code": code, "message": message, "status": status, "details": list(details)}}]


GONE = 'model "x" not found, try pulling it'
CREDITS = "Your team has used all available credits or reached its monthly spending limit."
FLAGGED = "Invalid prompt: your prompt was flagged as potentially violating our usage policy."
GUIDELINES = "Content violates usage guidelines. Model: x, Failed check: SAFETY_CHECK_TYPE_BIO"
RETRY_INFO = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "13.5s"}
BAD_KEY = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}


@pytest.mark.parametrize(
    ("provider", "status", "body", "error"),
    [
        ("openai", 401, openai_error("invalid_api_key", "Incorrect API key provided"), CallUnauthorized),
        ("openai", 404, openai_error("model_not_found", "The model `x` does not exist"), CallMisconfigured),
        ("openai", 429, openai_error("rate_limit_exceeded", kind="tokens"), CallThrottled),
        ("openai", 400, openai_error(None, "Invalid schema for response_format"), CallRejected),
        ("openai", 400, openai_error("invalid_prompt", FLAGGED), CallFiltered),
        ("azure", 400, {"error": {"code": "content_filter", "status": 400, "type": None}}, CallFiltered),
        ("azure", 404, {"error": {"code": "DeploymentNotFound", "message": "x"}}, CallMisconfigured),
        ("azure", 401, {"error": {"code": "PermissionDenied", "message": "lacks data action"}}, CallUnauthorized),
        ("azure", 401, {"statusCode": 401, "message": "Unauthorized. Access token is expired."}, CallUnauthorized),
        ("azure", 429, {"error": {"code": "429", "message": "Requests have exceeded call rate limit"}}, CallThrottled),
        ("openrouter", 403, openai_error(403, "Input was flagged by moderation"), CallFiltered),
        ("openrouter", 408, openai_error(408), CallUnreachable),
        ("openrouter", 429, openai_error(429, "acme is temporarily rate-limited upstream"), CallThrottled),
        ("openrouter", 502, openai_error(502, "Provider returned error"), CallUnreachable),
        ("openrouter", 503, openai_error(503, "No instances available"), CallUnreachable),
        ("openrouter", 404, openai_error(404, "No endpoints found that can handle the parameters"), CallMisconfigured),
        ("openrouter", 400, openai_error(400, "acme/none is not a valid model ID"), CallMisconfigured),
        ("xai", 400, {"code": "invalid argument", "error": "Incorrect API key provided: ab***cd"}, CallUnauthorized),
        ("xai", 404, {"code": "not-found", "error": "The model x does not exist"}, CallMisconfigured),
        ("xai", 403, {"code": "The caller does not have permission", "error": GUIDELINES}, CallFiltered),
        ("xai", 429, {"code": "rate-limit", "error": "Too many requests for your team"}, CallThrottled),
        ("xai", 400, {"code": "invalid argument", "error": "Invalid response_format: empty enum"}, CallRejected),
        ("gemini", 400, google_error(400, "INVALID_ARGUMENT", "API key not valid", BAD_KEY), CallUnauthorized),
        ("gemini", 400, google_error(400, "INVALID_ARGUMENT", 'Unknown name "seed"'), CallRejected),
        ("gemini", 400, google_error(400, "FAILED_PRECONDITION", "User location is not supported"), CallMisconfigured),
        ("gemini", 429, google_error(429, "RESOURCE_EXHAUSTED", "check your quota"), CallThrottled),
        ("gemini", 503, google_error(503, "UNAVAILABLE", "The model is overloaded"), CallUnreachable),
        (
            "gemini",
            400,
            google_error(400, "INVALID_ARGUMENT", "input token count (9) exceeds it"),
            CallTooLong,
        ),
        ("vertex", 401, google_error(401, "UNAUTHENTICATED")[0], CallUnauthorized),
        ("vertex", 403, google_error(403, "PERMISSION_DENIED"), CallForbidden),
        ("vertex", 404, google_error(404, "NOT_FOUND", "Publisher Model was not found"), CallMisconfigured),
        ("vertex", 429, google_error(429, "RESOURCE_EXHAUSTED"), CallThrottled),
        (
            "compatible",
            400,
            {
                "object": "error",
                "message": "maximum context length is 8 tokens",
                "type": "BadRequestError",
                "code": 400,
            },
            CallTooLong,
        ),
        (
            "compatible",
            404,
            {"object": "error", "message": "The model `x` does not exist"},
            CallMisconfigured,
        ),
        ("compatible", 400, openai_error(400, "Invalid grammar", "BadRequestError"), CallRejected),
        (
            "compatible",
            404,
            openai_error(None, GONE, "not_found_error"),
            CallMisconfigured,
        ),
        (
            "compatible",
            503,
            openai_error(503, "Loading model", "unavailable_error"),
            CallUnreachable,
        ),
    ],
)
async def test_an_error_body_is_read_in_the_provider_s_form(
    endpoint: ScriptedEndpoint,
    open_model: Open,
    request_body: ModelRequest,
    provider: str,
    status: int,
    body: object,
    error: type[CallError],
) -> None:
    endpoint.script = [answer(body, status)]
    with pytest.raises(CallError) as caught:
        await open_model(provider=provider).call(request_body, timeout_seconds=30)
    assert type(caught.value) is error
    assert (caught.value.status, caught.value.retry_after_seconds) == (status, None)
    assert len(endpoint.asked) == 1


@pytest.mark.parametrize(
    ("provider", "status", "body"),
    [
        ("openai", 429, openai_error("insufficient_quota", "You exceeded your current quota", "insufficient_quota")),
        ("openrouter", 402, openai_error(402, "Insufficient credits. Add more.")),
        ("xai", 429, {"code": "Some resource has been exhausted", "error": CREDITS}),
        ("xai", 403, {"code": "The caller does not have permission", "error": CREDITS}),
    ],
)
async def test_credits_that_are_gone_are_the_operator_s_to_fix_and_not_waited_for(
    endpoint: ScriptedEndpoint,
    open_model: Open,
    request_body: ModelRequest,
    provider: str,
    status: int,
    body: object,
) -> None:
    endpoint.script = [answer(body, status)]
    with pytest.raises(CallMisconfigured, match="credits"):
        await open_model(provider=provider).call(request_body, timeout_seconds=30)


@pytest.mark.parametrize(
    ("provider", "body", "error"),
    [
        ("openrouter", {"error": {"code": 502, "message": "Provider returned error"}}, CallUnreachable),
        ("openrouter", {"error": {"code": 429, "message": "rate-limited upstream"}}, CallThrottled),
        ("openrouter", {"error": {"code": 402, "message": "Insufficient credits"}}, CallMisconfigured),
        (
            "openrouter",
            {"choices": [{"error": {"code": 502, "message": "x"}}]},
            CallUnreachable,
        ),
        ("xai", {"code": "internal", "error": "Service temporarily unavailable"}, CallUnreachable),
        ("azure", {"error": {"code": "content_filter", "status": 400, "message": "x"}}, CallFiltered),
        ("compatible", {"error": {"message": "Network connection lost."}}, CallUnreachable),
        ("compatible", {"object": "chat.completion", "choices": []}, CallUnreachable),
    ],
)
async def test_an_error_inside_a_200_is_no_reply(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest, provider: str, body: object, error: type
) -> None:
    endpoint.script = [answer(body)]
    with pytest.raises(CallError) as caught:
        await open_model(provider=provider).call(request_body, timeout_seconds=30)
    assert type(caught.value) is error


DATES = {"retry-after": "Mon, 23 Nov 2026 10:00:30 GMT", "date": "Mon, 23 Nov 2026 10:00:00 GMT"}


@pytest.mark.parametrize(
    ("provider", "status", "headers", "body", "seconds"),
    [
        ("openai", 429, {"retry-after-ms": "250", "retry-after": "1"}, openai_error("rate_limit_exceeded"), 0.25),
        ("openai", 503, {"retry-after": "7"}, openai_error(None), 7),
        ("azure", 429, {"retry-after": "20"}, openai_error("429"), 20),
        ("azure", 429, {"retry-after-ms": "1500"}, openai_error("429"), 1.5),
        ("openrouter", 429, {"retry-after": "4"}, openai_error(429), 4),
        ("openrouter", 402, {"retry-after": "3"}, openai_error(402, "Insufficient credits for calls in flight"), 3),
        ("gemini", 429, {}, google_error(429, "RESOURCE_EXHAUSTED", "x", RETRY_INFO), 13.5),
        ("vertex", 429, {}, google_error(429, "RESOURCE_EXHAUSTED", "x", RETRY_INFO)[0], 13.5),
        ("compatible", 503, DATES, b"", 30),
        ("xai", 429, {}, {"code": "rate-limit", "error": "Too many requests"}, None),
    ],
)
async def test_the_wait_that_is_asked_for_is_read_in_every_form(
    endpoint: ScriptedEndpoint,
    open_model: Open,
    request_body: ModelRequest,
    provider: str,
    status: int,
    headers: dict[str, str],
    body: object,
    seconds: float | None,
) -> None:
    endpoint.script = [answer(body, status, headers)]
    with pytest.raises((CallThrottled, CallUnreachable)) as caught:
        await open_model(provider=provider).call(request_body, timeout_seconds=30)
    assert caught.value.retry_after_seconds == seconds


async def test_azure_s_filter_ends_a_reply_as_filtered(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest
) -> None:
    endpoint.script = [answer(completion(None, finish_reason="content_filter", prompt_filter_results=[{}]))]
    reply = await open_model(provider="azure").call(request_body, timeout_seconds=30)
    assert (reply.text, reply.finish_reason.value) == (None, "content_filter")

"""What goes wrong: error answers in every form that providers give them, and links that fail."""

import asyncio
import gzip
import ssl
from pathlib import Path

import pytest
from aiohttp import web

from adapter.domain.model import ModelRequest
from adapter.errors import (
    CallError,
    CallFiltered,
    CallMisconfigured,
    CallRejected,
    CallThrottled,
    CallTooLong,
    CallUnauthorized,
    CallUnreachable,
)
from tests.integration.models.conftest import Open
from tests.kit.scripted_endpoint import ScriptedEndpoint, answer, scripted_endpoint

TLS = Path(__file__).parent / "tls"


def openai_error(code: str | None, message: str = "x", kind: str = "invalid_request_error") -> dict[str, object]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, openai_error(None, "Invalid schema for response_format"), CallRejected),
        (422, {"detail": [{"loc": ["body"], "msg": "field required"}]}, CallRejected),
        (
            400,
            {"object": "error", "message": "bad", "type": "BadRequestError", "param": None, "code": 400},
            CallRejected,
        ),
        (400, [{"error": {"code": 400, "message": "unknown field", "status": "INVALID_ARGUMENT"}}], CallRejected),
        (400, openai_error("context_length_exceeded"), CallTooLong),
        (400, openai_error(None, "This model's maximum context length is 8192 tokens"), CallTooLong),
        (
            400,
            openai_error("400", "request (9000 tokens) exceeds the available context size (8192 tokens)"),
            CallTooLong,
        ),
        (413, b"<html>too large</html>", CallTooLong),
        (429, openai_error("rate_limit_exceeded", "Request too large for gpt-4o on tokens per min"), CallTooLong),
        (400, openai_error("content_filter"), CallFiltered),
        (400, {"error": {"code": None, "innererror": {"code": "ResponsibleAIPolicyViolation"}}}, CallFiltered),
        (401, openai_error("invalid_api_key"), CallUnauthorized),
        (401, b"", CallUnauthorized),
        (403, openai_error("unsupported_country_region_territory"), CallMisconfigured),
        (402, {"error": {"code": 402, "message": "Insufficient credits"}}, CallMisconfigured),
        (404, openai_error("model_not_found"), CallMisconfigured),
        (404, b"404 page not found", CallMisconfigured),
        (400, [{"error": {"code": 400, "details": [{"reason": "API_KEY_INVALID"}]}}], CallUnauthorized),
        (400, {"code": "invalid argument", "error": "Incorrect API key provided: ab***cd."}, CallUnauthorized),
        (400, openai_error(None, "acme/nothing is not a valid model ID"), CallMisconfigured),
        (429, openai_error("insufficient_quota", kind="insufficient_quota"), CallMisconfigured),
        (429, {"code": "x", "error": "Your team has used all available credits"}, CallMisconfigured),
        (429, openai_error("rate_limit_exceeded"), CallThrottled),
        (429, [{"error": {"code": 429, "message": "check your quota", "status": "RESOURCE_EXHAUSTED"}}], CallThrottled),
        (429, b"", CallThrottled),
        (529, openai_error("overloaded"), CallThrottled),
        (408, b"", CallUnreachable),
        (500, openai_error(None, kind="server_error"), CallUnreachable),
        (502, b"<html>bad gateway</html>", CallUnreachable),
        (503, {"error": "Loading model"}, CallUnreachable),
        (504, b"", CallUnreachable),
    ],
)
async def test_an_error_answer_is_classified(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest, status: int, body: object, error: type
) -> None:
    endpoint.script = [answer(body, status)]
    with pytest.raises(CallError) as caught:
        await open_model().call(request_body, timeout_seconds=30)
    assert type(caught.value) is error
    assert caught.value.status == status
    assert caught.value.retry_after_seconds is None


@pytest.mark.parametrize(
    ("status", "headers", "body", "seconds"),
    [
        (429, {"retry-after": "7"}, b"", 7),
        (429, {"retry-after": "7", "retry-after-ms": "250"}, b"", 0.25),
        (429, {"retry-after": "Mon, 23 Nov 2026 10:00:30 GMT", "date": "Mon, 23 Nov 2026 10:00:00 GMT"}, b"", 30),
        (503, {"retry-after": "Mon, 23 Nov 2026 09:00:00 GMT", "date": "Mon, 23 Nov 2026 10:00:00 GMT"}, b"", 0),
        (429, {}, [{"error": {"code": 429, "details": [{"@type": "x.RetryInfo", "retryDelay": "13.5s"}]}}], 13.5),
        (402, {"retry-after": "3"}, {"error": {"code": 402, "message": "in-flight budget"}}, 3),
        (429, {"retry-after": "soon"}, b"", None),
    ],
)
async def test_what_the_provider_asks_to_wait_is_read(
    endpoint: ScriptedEndpoint,
    open_model: Open,
    request_body: ModelRequest,
    status: int,
    headers: dict[str, str],
    body: object,
    seconds: float | None,
) -> None:
    endpoint.script = [answer(body, status, headers)]
    with pytest.raises((CallThrottled, CallUnreachable)) as caught:
        await open_model().call(request_body, timeout_seconds=30)
    assert caught.value.retry_after_seconds == seconds


async def test_a_message_tells_why_but_repeats_neither_key_nor_prompt(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest
) -> None:
    model = open_model(api_key=lambda: "hunter2-hunter2")
    messages = []
    for words in (
        "Invalid schema for response_format 'triage': 'oneOf' is not permitted.",
        "Input was: customer  HILDEGARD morgenstern asks",
        "bad value 'Hildegard'",
        "Incorrect key provided: hunter2-hunter2",
        "Incorrect key provided: sk-abc***def",
    ):
        endpoint.script = [answer(openai_error(None, words), 400)]
        with pytest.raises(CallRejected) as caught:
            await model.call(request_body, timeout_seconds=30)
        messages.append(caught.value.message)
    assert "'oneOf' is not permitted" in messages[0]
    assert "ildegard" not in "".join(messages).lower()
    assert "hunter2" not in "".join(messages)
    assert "sk-" not in "".join(messages)


async def test_a_refused_connection_is_unreachable(open_model: Open, request_body: ModelRequest) -> None:
    async with scripted_endpoint() as gone:
        url = gone.url
    with pytest.raises(CallUnreachable, match="takes no connection"):
        await open_model(base_url=url).call(request_body, timeout_seconds=30)


async def test_an_unknown_host_is_unreachable(open_model: Open, request_body: ModelRequest) -> None:
    with pytest.raises(CallUnreachable, match="cannot be reached"):
        await open_model(base_url="http://nowhere.invalid/v1").call(request_body, timeout_seconds=30)


async def test_a_base_url_that_is_none_is_a_misconfiguration(open_model: Open, request_body: ModelRequest) -> None:
    with pytest.raises(CallMisconfigured, match="base_url"):
        await open_model(base_url="localhost:8000/v1").call(request_body, timeout_seconds=30)


async def test_an_endpoint_that_does_not_answer_is_left_at_the_timeout(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest
) -> None:
    left = asyncio.Event()

    async def hang(_request: web.BaseRequest) -> web.StreamResponse:
        try:
            await asyncio.Event().wait()
        finally:
            left.set()
        raise AssertionError

    endpoint.script = [hang]
    with pytest.raises(CallUnreachable, match="no answer in time"):
        await open_model().call(request_body, timeout_seconds=2)
    await asyncio.wait_for(left.wait(), 60)


async def test_an_endpoint_that_only_drips_is_left_at_the_timeout(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest
) -> None:
    async def drip(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.02)

    endpoint.script = [drip]
    with pytest.raises(CallUnreachable, match="no answer in time"):
        await open_model().call(request_body, timeout_seconds=0.2)


async def test_a_cancelled_call_is_given_up_at_the_endpoint_too(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest
) -> None:
    began, left = asyncio.Event(), asyncio.Event()

    async def hang(_request: web.BaseRequest) -> web.StreamResponse:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            left.set()
        raise AssertionError

    endpoint.script = [hang]
    call = asyncio.create_task(open_model().call(request_body, timeout_seconds=30))
    await asyncio.wait_for(began.wait(), 60)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await asyncio.wait_for(left.wait(), 60)


@pytest.mark.parametrize("raw", [b"", b"NONSENSE\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{"])
async def test_a_link_that_breaks_is_unreachable(open_model: Open, request_body: ModelRequest, raw: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(CallUnreachable, match="cannot be reached"):
            await open_model(base_url=f"http://127.0.0.1:{port}/v1").call(request_body, timeout_seconds=30)


async def test_an_answer_that_does_not_decompress_is_unreachable(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest
) -> None:
    endpoint.script = [answer(b"not gzip", headers={"content-encoding": "gzip"})]
    with pytest.raises(CallUnreachable):
        await open_model().call(request_body, timeout_seconds=30)


async def test_a_compressed_answer_is_read(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest
) -> None:
    body = gzip.compress(b'{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}]}')
    endpoint.script = [answer(body, headers={"content-encoding": "gzip"})]
    assert (await open_model().call(request_body, timeout_seconds=30)).text == "x"


async def test_a_certificate_is_trusted_only_with_its_ca_file(open_model: Open, request_body: ModelRequest) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem")
    async with scripted_endpoint(tls) as secured:
        with pytest.raises(CallMisconfigured, match="ca_file"):
            await open_model(base_url=secured.url).call(request_body, timeout_seconds=30)
        model = open_model(base_url=secured.url, ca_file=TLS / "certificate.pem")
        assert (await model.call(request_body, timeout_seconds=30)).text


async def test_a_cold_burst_beyond_the_usual_limits_gets_all_its_replies(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest
) -> None:
    burst = 1200
    together = asyncio.Barrier(burst)
    reply = endpoint.script[0]

    async def when_all_are_here(request: web.BaseRequest) -> web.StreamResponse:
        await together.wait()
        return await reply(request)

    endpoint.script = [when_all_are_here]
    model = open_model()
    async with asyncio.timeout(60):
        replies = await asyncio.gather(*(model.call(request_body, timeout_seconds=60) for _ in range(burst)))
    assert len(replies) == burst

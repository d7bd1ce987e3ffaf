"""What a call sends: the body whole, the key, the tags; and what it does not."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from adapter.domain.model import ModelRequest
from adapter.errors import CallMisconfigured, CallThrottled, CallUnauthorized, CallUnreachable
from adapter.outbound.models.endpoint import UnknownProvider
from tests.integration.models.conftest import Open
from tests.kit.scripted_endpoint import ScriptedEndpoint, answer, completion, scripted_endpoint


async def test_the_body_asks_once_for_a_strict_document(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest
) -> None:
    await open_model(extra_body={"keep_alive": "5m"}).call(replace(request_body, seed=7), timeout_seconds=30)
    [asked] = endpoint.asked
    assert asked.path == "/v1/chat/completions"
    assert asked.document == {
        "model": "some-model",
        "messages": [{"role": turn.role, "content": turn.content} for turn in request_body.turns],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "triage", "schema": request_body.schema, "strict": True},
        },
        "max_tokens": 400,
        "seed": 7,
        "keep_alive": "5m",
    }
    assert asked.body.index(b"zeta") < asked.body.index(b"alpha"), "the schema's order is the answer's order"


async def test_what_a_reasoning_model_cannot_take_is_left_out_and_named(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest
) -> None:
    model = open_model(provider="openai", model="gpt-5-mini", api_key=lambda: "k")
    reply = await model.call(replace(request_body, temperature=0.2, seed=1), timeout_seconds=30)
    sent = endpoint.asked[0].document
    assert "temperature" not in sent
    assert "max_tokens" not in sent
    assert sent["max_completion_tokens"] > 400
    assert sent["reasoning_effort"] == "minimal"
    assert sent["seed"] == 1
    assert reply.unsent_parameters == ("temperature", "reasoning")


async def test_without_a_key_no_authorization_is_sent(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY"):
        monkeypatch.setenv(name, "from-the-environment")
    await open_model().call(request_body, timeout_seconds=30)
    assert "authorization" not in endpoint.asked[0].headers
    assert "from-the-environment" not in json.dumps(endpoint.asked[0].headers)


async def test_configured_headers_are_sent_and_may_carry_the_authorization(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest
) -> None:
    await open_model(headers={"authorization": "Basic abc", "x-team": "crm"}).call(request_body, timeout_seconds=30)
    assert endpoint.asked[0].headers["authorization"] == "Basic abc"
    assert endpoint.asked[0].headers["x-team"] == "crm"


async def test_a_refused_key_that_was_renewed_is_replaced_within_the_call(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest, tmp_path: Path
) -> None:
    secret = tmp_path / "key"
    secret.write_text("old\n")
    model = open_model(api_key=secret.read_text)
    await model.call(request_body, timeout_seconds=30)
    secret.write_text("new\n")
    await model.call(request_body, timeout_seconds=30)
    endpoint.script = [answer({"error": {"message": "expired"}}, 401), answer(completion())]
    await model.call(request_body, timeout_seconds=30)
    await model.call(request_body, timeout_seconds=30)
    sent = [asked.headers["authorization"] for asked in endpoint.asked]
    assert sent == ["Bearer old"] * 3 + ["Bearer new"] * 2, "it is read again only when it is refused"


async def test_a_refused_key_that_is_still_the_same_is_not_sent_again(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest
) -> None:
    reads: list[str] = []

    def read() -> str:
        reads.append("k")
        return "k"

    model = open_model(api_key=read)
    endpoint.script = [answer({"error": {"message": "expired"}}, 401)]
    for _ in range(2):
        with pytest.raises(CallUnauthorized):
            await model.call(request_body, timeout_seconds=30)
    assert (len(endpoint.asked), len(reads)) == (2, 3)


@pytest.mark.parametrize("key", ["naïve", "two\nlines"])
async def test_a_key_that_no_header_can_hold_is_a_misconfiguration(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest, key: str
) -> None:
    with pytest.raises(CallMisconfigured) as caught:
        await open_model(api_key=lambda: key).call(request_body, timeout_seconds=30)
    assert key not in str(caught.value)
    assert not endpoint.asked


async def test_an_unreadable_key_is_a_misconfiguration(open_model: Open, request_body: ModelRequest) -> None:
    def missing() -> str:
        raise FileNotFoundError("/run/secrets/x")

    with pytest.raises(CallMisconfigured, match="FileNotFoundError"):
        await open_model(api_key=missing).call(request_body, timeout_seconds=30)


async def test_tags_are_shown_to_simulators_only(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest
) -> None:
    tagged = replace(request_body, tags={"request-id": "a b%/ü", "task": "t@1.0.0", "simulate": ""})
    await open_model().call(tagged, timeout_seconds=30)
    await open_model(simulator=True).call(tagged, timeout_seconds=30)
    plain, simulated = (asked.headers for asked in endpoint.asked)
    assert not [name for name in plain if name.startswith("x-llm-adapter")]
    assert simulated["x-llm-adapter-request-id"] == "a%20b%25/%C3%BC"
    assert simulated["x-llm-adapter-task"] == "t@1.0.0"
    assert "x-llm-adapter-simulate" not in simulated


@pytest.mark.parametrize(("status", "error"), [(500, CallUnreachable), (429, CallThrottled)])
async def test_a_call_is_made_once_whatever_comes_back(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest, status: int, error: type[Exception]
) -> None:
    endpoint.script = [answer({"error": {"message": "x"}}, status, {"x-should-retry": "true", "retry-after-ms": "1"})]
    with pytest.raises(error):
        await open_model().call(request_body, timeout_seconds=30)
    assert len(endpoint.asked) == 1


async def test_a_prompt_does_not_follow_a_redirect(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest
) -> None:
    async with scripted_endpoint() as elsewhere:
        endpoint.script = [answer(b"", 307, {"location": f"{elsewhere.url}/chat/completions"})]
        with pytest.raises(CallMisconfigured, match="base_url"):
            await open_model(api_key=lambda: "k").call(request_body, timeout_seconds=30)
        assert not elsewhere.asked


async def test_a_configured_proxy_is_used(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest
) -> None:
    proxy = endpoint.url.removesuffix("/v1")
    await open_model(base_url="http://model.example/v1", proxy=proxy).call(request_body, timeout_seconds=30)
    assert endpoint.asked[0].headers["host"] == "model.example"


async def test_the_environment_s_proxy_is_not_for_endpoints_on_this_machine(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    await open_model().call(request_body, timeout_seconds=30)
    assert len(endpoint.asked) == 1


def test_a_provider_without_a_profile_is_refused(open_model: Open) -> None:
    with pytest.raises(UnknownProvider, match="known are openai, azure"):
        open_model(provider="telegraph")

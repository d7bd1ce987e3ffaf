"""Behind a company's proxy, with a private authority: for calls, and for the tokens they need."""

import json
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapter.domain.model import ModelRequest
from adapter.errors import CallMisconfigured, CallUnreachable
from tests.integration.models.conftest import Open
from tests.kit.connect_proxy import connect_proxy
from tests.kit.scripted_endpoint import ScriptedEndpoint, answer, scripted_endpoint

TLS = Path(__file__).parent / "tls"
CA = TLS / "certificate.pem"


@pytest.fixture
def tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CA, TLS / "key.pem")
    return context


@pytest.fixture
async def secured(tls: ssl.SSLContext) -> AsyncIterator[ScriptedEndpoint]:
    async with scripted_endpoint(tls) as served:
        yield served


@pytest.fixture
async def issuer(tls: ssl.SSLContext) -> AsyncIterator[ScriptedEndpoint]:
    async with scripted_endpoint(tls) as served:
        served.script = [answer({"access_token": "t-1", "expires_in": 3600})]
        yield served


def place(endpoint: ScriptedEndpoint) -> str:
    return endpoint.url.removeprefix("https://").removesuffix("/v1")


@pytest.mark.parametrize("user", ["", "svc-llm:p%40ss"])
async def test_calls_and_tokens_go_through_the_proxy_and_trust_the_private_authority(
    secured: ScriptedEndpoint, issuer: ScriptedEndpoint, open_model: Open, request_body: ModelRequest, user: str
) -> None:
    identity = {"tenant_id": "acme", "client_id": "a", "client_secret": "s", "authority": issuer.url}
    async with connect_proxy(user.replace("%40", "@")) as proxy:
        model = open_model(
            provider="azure",
            base_url=secured.url.removesuffix("/v1"),
            credentials=lambda: json.dumps(identity),
            proxy=proxy.url if not user else proxy.url.replace("p@ss", "p%40ss"),
            ca_file=CA,
        )
        assert (await model.call(request_body, timeout_seconds=30)).text
        assert proxy.tunnels == [place(issuer), place(secured)]
    assert secured.asked[0].headers["authorization"] == "Bearer t-1"


async def test_a_password_of_the_proxy_is_shown_to_it_for_plain_addresses_too(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest
) -> None:
    proxy = endpoint.url.removesuffix("/v1").replace("http://", "http://svc:p%40ss@")
    await open_model(base_url="http://model.example/v1", proxy=proxy).call(request_body, timeout_seconds=30)
    assert endpoint.asked[0].headers["proxy-authorization"] == "Basic c3ZjOnBAc3M="


async def test_a_proxy_that_wants_a_password_is_named(
    secured: ScriptedEndpoint, open_model: Open, request_body: ModelRequest
) -> None:
    async with connect_proxy("svc:hush-hush") as proxy:
        model = open_model(base_url=secured.url, proxy=proxy.url.replace("svc:hush-hush@", ""), ca_file=CA)
        with pytest.raises(CallUnreachable, match="proxy") as caught:
            await model.call(request_body, timeout_seconds=30)
    assert "hush" not in str(caught.value)
    assert not secured.asked


async def test_a_private_authority_of_who_gives_tokens_has_to_be_trusted_too(
    endpoint: ScriptedEndpoint, issuer: ScriptedEndpoint, open_model: Open, request_body: ModelRequest
) -> None:
    identity = {"tenant_id": "acme", "client_id": "a", "client_secret": "s", "authority": issuer.url}
    model = open_model(provider="azure", credentials=lambda: json.dumps(identity))
    with pytest.raises(CallMisconfigured, match="ca_file"):
        await model.call(request_body, timeout_seconds=30)
    assert not endpoint.asked
    assert not issuer.asked


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:9", "http://user:hush-hush@127.0.0.1:9"])
async def test_a_proxy_that_is_away_is_an_outage(
    secured: ScriptedEndpoint, open_model: Open, request_body: ModelRequest, proxy: str
) -> None:
    with pytest.raises(CallUnreachable, match="proxy") as caught:
        await open_model(base_url=secured.url, proxy=proxy, ca_file=CA).call(request_body, timeout_seconds=30)
    assert "hush" not in str(caught.value)

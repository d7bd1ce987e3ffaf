"""Tokens in place of keys: fetched from Entra and Google, renewed when refused, and what keeps us from them."""

import json
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from adapter.domain.model import ModelRequest
from adapter.errors import CallMisconfigured, CallThrottled, CallUnauthorized, CallUnreachable
from adapter.outbound.models.entra import EntraTokens
from adapter.outbound.models.google import GoogleTokens
from adapter.outbound.models.token_endpoint import TokenEndpoint
from tests.integration.models.conftest import Open
from tests.kit.scripted_endpoint import Answer, Asked, ScriptedEndpoint, answer, completion, scripted_endpoint

SCOPE = "https://cognitiveservices.azure.com/.default"
GOOGLE_SCOPE = "https://www.googleapis.com/auth/cloud-platform"


def token(text: str, expires_in: object = 3599) -> Answer:
    return answer({"token_type": "Bearer", "expires_in": expires_in, "access_token": text})


def form(asked: Asked) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}


@pytest.fixture
async def issuer() -> AsyncIterator[ScriptedEndpoint]:
    """Give who gives tokens; its address is the root."""
    async with scripted_endpoint() as served:
        served.url = served.url.removesuffix("/v1")
        served.script = [token("t-1"), token("t-2"), token("t-3")]
        yield served


@pytest.fixture
async def link() -> AsyncIterator[TokenEndpoint]:
    endpoint = TokenEndpoint(proxy=None, ca_file=None)
    yield endpoint
    await endpoint.close()


def entra(issuer: ScriptedEndpoint, **changes: str) -> Callable[[], str]:
    identity = {"tenantId": "acme", "clientId": "app-1", "clientSecret": "hush-hush-hush", "authority": issuer.url}
    return lambda: json.dumps(identity | changes)


async def test_azure_is_called_with_a_token_of_entra(
    endpoint: ScriptedEndpoint, issuer: ScriptedEndpoint, open_model: Open, request_body: ModelRequest
) -> None:
    resource = endpoint.url.removesuffix("/v1")
    model = open_model(provider="azure", base_url=resource, credentials=entra(issuer))
    for _ in range(3):
        await model.call(request_body, timeout_seconds=30)
    [asked] = issuer.asked
    assert asked.path == "/acme/oauth2/v2.0/token"
    assert form(asked) == {
        "grant_type": "client_credentials",
        "client_id": "app-1",
        "client_secret": "hush-hush-hush",
        "scope": SCOPE,
    }
    assert {one.headers["authorization"] for one in endpoint.asked} == {"Bearer t-1"}
    assert not [one for one in endpoint.asked if "api-key" in one.headers]


async def test_a_token_is_renewed_before_it_expires(
    endpoint: ScriptedEndpoint, issuer: ScriptedEndpoint, open_model: Open, request_body: ModelRequest
) -> None:
    issuer.script = [token("t-1", "0"), token("t-2", "86399")]
    model = open_model(provider="azure", credentials=entra(issuer))
    for _ in range(3):
        await model.call(request_body, timeout_seconds=30)
    sent = [one.headers["authorization"] for one in endpoint.asked]
    assert sent == ["Bearer t-1", "Bearer t-2", "Bearer t-2"]


async def test_a_refused_token_is_replaced_once_within_the_call(
    endpoint: ScriptedEndpoint, issuer: ScriptedEndpoint, open_model: Open, request_body: ModelRequest
) -> None:
    refused = answer({"error": {"code": "401", "message": "Access token has expired"}}, 401)
    model = open_model(provider="azure", credentials=entra(issuer))
    endpoint.script = [refused, answer(completion())]
    assert (await model.call(request_body, timeout_seconds=30)).text
    endpoint.script = [refused]
    with pytest.raises(CallUnauthorized):
        await model.call(request_body, timeout_seconds=30)
    sent = [one.headers["authorization"] for one in endpoint.asked]
    assert sent == ["Bearer t-1", "Bearer t-2", "Bearer t-2", "Bearer t-3"]


async def test_a_workload_identity_shows_its_own_token(
    issuer: ScriptedEndpoint, link: TokenEndpoint, tmp_path: Path
) -> None:
    federated = tmp_path / "azure-identity-token"
    federated.write_text("signed-by-the-cluster\n")
    environment = {
        "AZURE_CLIENT_ID": "app-1",
        "AZURE_TENANT_ID": "acme",
        "AZURE_AUTHORITY_HOST": f"{issuer.url}/",
        "AZURE_FEDERATED_TOKEN_FILE": str(federated),
    }
    assert (await EntraTokens(lambda: "default", link, environment).fetch()).text == "t-1"
    assert form(issuer.asked[0])["client_assertion"] == "signed-by-the-cluster"
    assert "client_secret" not in form(issuer.asked[0])


async def test_a_secret_in_the_environment_is_used(issuer: ScriptedEndpoint, link: TokenEndpoint) -> None:
    names = {"AZURE_CLIENT_ID": "app-1", "AZURE_TENANT_ID": "acme", "AZURE_CLIENT_SECRET": "s"}
    environment = names | {"AZURE_AUTHORITY_HOST": issuer.url}
    assert (await EntraTokens(lambda: "default", link, environment).fetch()).text == "t-1"
    assert form(issuer.asked[0])["client_secret"] == "s"


async def test_a_managed_identity_is_asked_of_the_machine(issuer: ScriptedEndpoint, link: TokenEndpoint) -> None:
    environment = {"IDENTITY_ENDPOINT": f"{issuer.url}/msi/token", "IDENTITY_HEADER": "h", "AZURE_CLIENT_ID": "app-1"}
    found = await EntraTokens(lambda: "default", link, environment).fetch()
    [asked] = issuer.asked
    assert (found.text, asked.headers["x-identity-header"], asked.body) == ("t-1", "h", b"")
    query = parse_qs(urlsplit(asked.path).query)
    assert query["resource"] == ["https://cognitiveservices.azure.com"]
    assert query["client_id"] == ["app-1"]


@pytest.fixture(scope="session")
def signing_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def service_account(issuer: ScriptedEndpoint, key: str) -> dict[str, str]:
    return {
        "type": "service_account",
        "private_key_id": "k1",
        "private_key": key,
        "client_email": "adapter@acme-1.iam.gserviceaccount.com",
        "token_uri": f"{issuer.url}/token",
    }


async def test_vertex_is_called_with_a_token_for_a_service_account(
    endpoint: ScriptedEndpoint,
    issuer: ScriptedEndpoint,
    open_model: Open,
    request_body: ModelRequest,
    signing_key: rsa.RSAPrivateKey,
) -> None:
    account = service_account(issuer, pem(signing_key))
    model = open_model(provider="vertex", model="google/gemini-2.5-flash", credentials=lambda: json.dumps(account))
    await model.call(request_body, timeout_seconds=30)
    [asked] = issuer.asked
    assert form(asked)["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    assertion = form(asked)["assertion"]
    claims = jwt.decode(assertion, signing_key.public_key(), algorithms=["RS256"], audience=f"{issuer.url}/token")
    assert jwt.get_unverified_header(assertion)["kid"] == "k1"
    assert (claims["iss"], claims["scope"]) == (account["client_email"], GOOGLE_SCOPE)
    assert claims["exp"] - time.time() <= 3600
    assert endpoint.asked[0].headers["authorization"] == "Bearer t-1"


async def test_google_s_application_defaults_are_found_in_their_order(
    issuer: ScriptedEndpoint, link: TokenEndpoint, tmp_path: Path, signing_key: rsa.RSAPrivateKey
) -> None:
    named = tmp_path / "account.json"
    named.write_text(json.dumps(service_account(issuer, pem(signing_key))))
    own = tmp_path / ".config/gcloud/application_default_credentials.json"
    own.parent.mkdir(parents=True)
    user = {"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r"}
    own.write_text(json.dumps(user | {"token_uri": f"{issuer.url}/user"}))
    host = issuer.url.removeprefix("http://")
    for environment in (
        {"GOOGLE_APPLICATION_CREDENTIALS": str(named), "HOME": str(tmp_path)},
        {"HOME": str(tmp_path)},
        {"HOME": "/nowhere", "GCE_METADATA_HOST": host},
    ):
        await GoogleTokens(lambda: "default", link, environment).fetch()
    account, by_user, machine = issuer.asked
    assert account.path == "/token"
    assert (by_user.path, form(by_user)["refresh_token"]) == ("/user", "r")
    assert machine.path == "/computeMetadata/v1/instance/service-accounts/default/token"
    assert machine.headers["metadata-flavor"] == "Google"


INVALID_CLIENT = {"error": "invalid_client", "error_description": "AADSTS7000222: The client secret has expired."}


@pytest.mark.parametrize(
    ("refusal", "error", "words"),
    [
        (answer(INVALID_CLIENT, 401), CallMisconfigured, "HTTP 401, invalid_client.*AADSTS7000222"),
        (answer({"error": "invalid_grant", "error_description": "x"}, 400), CallMisconfigured, "invalid_grant"),
        (answer(b"<html>", 404), CallMisconfigured, "HTTP 404"),
        (answer({"token_type": "Bearer"}), CallMisconfigured, "no access token in the answer"),
        (answer(b"busy", 503, {"retry-after": "4"}), CallUnreachable, "no access token"),
        (answer({"error": "too_many_requests"}, 429), CallThrottled, "no access token"),
    ],
)
async def test_a_token_that_is_not_given_is_said_to_be_why(
    endpoint: ScriptedEndpoint,
    issuer: ScriptedEndpoint,
    open_model: Open,
    request_body: ModelRequest,
    refusal: Answer,
    error: type[Exception],
    words: str,
) -> None:
    issuer.script = [refusal]
    model = open_model(provider="azure", credentials=entra(issuer))
    with pytest.raises(error, match=words) as caught:
        await model.call(request_body, timeout_seconds=30)
    assert "hush" not in str(caught.value)
    assert not endpoint.asked


@pytest.mark.parametrize(
    ("provider", "credentials"),
    [
        ("azure", "not json"),
        ("azure", '{"tenant_id": "acme", "client_id": "app-1"}'),
        ("vertex", '["a list"]'),
        ("vertex", '{"type": "external_account"}'),
        ("vertex", '{"type": "service_account", "client_email": "a@b", "private_key": "none"}'),
    ],
)
async def test_credentials_that_are_none_are_the_operator_s_to_correct(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest, provider: str, credentials: str
) -> None:
    model = open_model(provider=provider, credentials=lambda: credentials)
    with pytest.raises(CallMisconfigured, match=r"credentials|private_key"):
        await model.call(request_body, timeout_seconds=30)
    assert not endpoint.asked


async def test_who_gives_no_token_in_time_does_not_hold_the_call_longer_than_it_may_take(
    issuer: ScriptedEndpoint, open_model: Open, request_body: ModelRequest
) -> None:
    async def hang(_request: Any) -> Any:
        import asyncio  # noqa: PLC0415 - only here

        await asyncio.Event().wait()

    issuer.script = [hang]
    with pytest.raises(CallUnreachable, match="no answer in time"):
        await open_model(provider="azure", credentials=entra(issuer)).call(request_body, timeout_seconds=0.2)


async def test_a_token_endpoint_that_is_away_is_an_outage_and_not_a_misconfiguration(
    issuer: ScriptedEndpoint, open_model: Open, request_body: ModelRequest
) -> None:
    async with scripted_endpoint() as gone:
        away = gone.url
    model = open_model(provider="azure", credentials=entra(issuer, authority=away))
    with pytest.raises(CallUnreachable, match="no access token"):
        await model.call(request_body, timeout_seconds=30)

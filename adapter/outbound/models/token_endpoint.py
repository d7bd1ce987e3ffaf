"""Asks for an access token over HTTP (OAuth 2.0), for providers that take tokens in place of a key."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx2

from adapter.errors import CallError, CallMisconfigured, CallRejected
from adapter.outbound.models.classify import ErrorAnswer, call_error, error_facts
from adapter.outbound.models.failures import CALL_EXCEPTIONS, CallContext, parsed_or_none, translated
from adapter.outbound.models.keys import AccessToken
from adapter.outbound.models.links import http_client, trusted
from adapter.outbound.models.quoting import quotable

_TIMEOUT_SECONDS = 20.0
_OK = 200
_DEFAULT_LIFE_SECONDS = 3600.0
_SECRETS = frozenset({"client_secret", "client_assertion", "assertion", "refresh_token"})


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """One request for a token: a form to be posted, or None to get it. is_local = from this machine's own network."""

    url: str
    form: Mapping[str, str] | None
    headers: Mapping[str, str]
    is_local: bool = False


class TokenEndpoint:
    """The links to those who give tokens."""

    def __init__(self, *, proxy: str | None, ca_file: Path | None) -> None:
        """Connect nothing yet; proxy and ca_file are those of the model. Raises OSError or ssl.SSLError."""
        self._proxy = proxy
        self._certificates = trusted(ca_file)  # now: it would hold the loop later
        self._clients: dict[str, httpx2.AsyncClient] = {}

    async def ask(self, request: TokenRequest) -> AccessToken:
        """Ask for a token. Raises CallMisconfigured when the identity is refused, CallUnreachable or CallThrottled."""
        try:
            response = await self._send(request)
        except CALL_EXCEPTIONS as exc:
            raise _no_token(translated(exc, CallContext(_TIMEOUT_SECONDS, ()))) from exc
        body = parsed_or_none(response.content)
        if response.status_code != _OK:
            raise _refusal(request, response, body)
        token = body.get("access_token") if isinstance(body, dict) else None
        if not isinstance(token, str) or not token:
            raise CallMisconfigured("there is no access token in the answer of its token endpoint: correct credentials")
        return AccessToken(token, _life_seconds(body))

    async def _send(self, request: TokenRequest) -> httpx2.Response:
        client = self._clients.get(request.url)
        if client is None:
            client = self._clients[request.url] = http_client(
                request.url, proxy=self._proxy, certificates=self._certificates, is_local=request.is_local
            )
        method = "GET" if request.form is None else "POST"
        return await client.request(
            method, request.url, data=request.form, headers=request.headers, timeout=_TIMEOUT_SECONDS
        )

    async def close(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            await client.aclose()


def _refusal(request: TokenRequest, response: httpx2.Response, body: object) -> CallError:
    """What keeps us from a token keeps us from every call: a refusal of it is the operator's."""
    if isinstance(body, dict) and isinstance(body.get("error"), str):  # OAuth: a code, and words beside it
        body = {"error": {"code": body["error"], "message": body.get("error_description", "")}}
    private = tuple(value for name, value in (request.form or {}).items() if name in _SECRETS)
    status = response.status_code
    error = call_error(ErrorAnswer(status, dict(response.headers), body), datetime.now(UTC), private)
    if not isinstance(error, (CallRejected, CallMisconfigured)):
        return _no_token(error)
    facts = error_facts(body)
    code, words = next(iter(facts.codes), ""), quotable(facts.words, private)
    named = f"HTTP {status}, {code}" if code else f"HTTP {status}"
    return CallMisconfigured(
        f"no access token: the credentials are refused ({named}): correct or renew them{'. ' if words else ''}{words}"
    )


def _no_token(error: CallError) -> CallError:
    return type(error)(f"no access token: {error.message}", retry_after_seconds=error.retry_after_seconds)


def _life_seconds(body: Mapping[str, object]) -> float:
    """Google and Entra say expires_in, as a number or as its text."""
    said = body.get("expires_in")
    try:
        return float(said) if isinstance(said, (int, float, str)) else _DEFAULT_LIFE_SECONDS
    except ValueError:
        return _DEFAULT_LIFE_SECONDS

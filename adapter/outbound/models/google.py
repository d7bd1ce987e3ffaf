"""Tokens of Google for Vertex AI: a service account's key, a user's sign-in, or the machine's own identity."""

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jwt

from adapter.errors import CallMisconfigured
from adapter.outbound.models.identity import field_of, file_text, parsed, read_identity
from adapter.outbound.models.keys import AccessToken
from adapter.outbound.models.token_endpoint import TokenEndpoint, TokenRequest

_TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_MACHINE = "http://{host}/computeMetadata/v1/instance/service-accounts/default/token"
_USER_FILE = ".config/gcloud/application_default_credentials.json"
_ASSERTION_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LIFE_SECONDS = 3600


class GoogleTokens:
    """Fetches tokens for a service account's or a user's JSON, or by Google's order of application defaults."""

    def __init__(
        self,
        credentials: Callable[[], str],
        endpoint: TokenEndpoint,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        """Environment: as Google's own libraries read it."""
        self._credentials = credentials
        self._endpoint = endpoint
        self._environment = environment

    async def fetch(self) -> AccessToken:
        """Fetch a token. Raises CallError."""
        identity = read_identity(self._credentials)
        if identity is None:
            identity = self._of_file()
        return await self._endpoint.ask(self._of_machine() if identity is None else await _of_identity(identity))

    def _of_file(self) -> Mapping[str, Any] | None:
        named = self._environment.get("GOOGLE_APPLICATION_CREDENTIALS", "")
        own = Path(self._environment.get("HOME", "")) / _USER_FILE
        path = named or (str(own) if own.is_file() else "")
        return parsed(file_text(path), path) if path else None

    def _of_machine(self) -> TokenRequest:
        host = self._environment.get("GCE_METADATA_HOST") or "metadata.google.internal"
        return TokenRequest(_MACHINE.format(host=host), None, {"Metadata-Flavor": "Google"}, is_local=True)


async def _of_identity(identity: Mapping[str, Any]) -> TokenRequest:
    url = str(identity.get("token_uri") or _TOKEN_URL)
    if identity.get("type") == "service_account":
        # Signing takes about a millisecond, reading the key more.
        assertion = await asyncio.to_thread(_signed, identity, url)
        return TokenRequest(url, {"grant_type": _ASSERTION_GRANT, "assertion": assertion}, {})
    if identity.get("type") == "authorized_user":
        names = ("client_id", "client_secret", "refresh_token")
        form = {"grant_type": "refresh_token"} | {name: field_of(identity, name) for name in names}
        return TokenRequest(url, form, {})
    raise CallMisconfigured(
        "its credentials are neither of a service_account nor of an authorized_user: give one of these, or `default`"
    )


def _signed(identity: Mapping[str, Any], audience: str) -> str:
    account = field_of(identity, "client_email")
    now = int(time.time())
    claims = {"iss": account, "sub": account, "aud": audience, "scope": _SCOPE, "iat": now, "exp": now + _LIFE_SECONDS}
    key_id = identity.get("private_key_id")
    try:
        return jwt.encode(
            claims,
            field_of(identity, "private_key"),
            algorithm="RS256",
            headers={"kid": key_id} if key_id else None,
        )
    except (ValueError, jwt.PyJWTError) as exc:
        raise CallMisconfigured(f"the private_key of its credentials is none ({type(exc).__name__})") from exc

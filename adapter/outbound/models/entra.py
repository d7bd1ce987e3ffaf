"""Tokens of Microsoft Entra for Azure OpenAI: a client secret, a workload identity, or a managed identity."""

import os
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from adapter.outbound.models.identity import field_of, file_text, read_identity
from adapter.outbound.models.keys import AccessToken
from adapter.outbound.models.token_endpoint import TokenEndpoint, TokenRequest

_AUTHORITY = "https://login.microsoftonline.com"
_SCOPE = "https://cognitiveservices.azure.com/.default"
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_MACHINE = "http://169.254.169.254/metadata/identity/oauth2/token"


class EntraTokens:
    """Fetches tokens for an identity {tenant_id, client_id, client_secret}, or what the environment says."""

    def __init__(
        self,
        credentials: Callable[[], str],
        endpoint: TokenEndpoint,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        """Environment: as Azure's own libraries and webhooks set it."""
        self._credentials = credentials
        self._endpoint = endpoint
        self._environment = environment

    async def fetch(self) -> AccessToken:
        """Fetch a token. Raises CallError."""
        identity = read_identity(self._credentials)
        return await self._endpoint.ask(self._of_machine() if identity is None else _of_client(identity))

    def _of_machine(self) -> TokenRequest:
        environment = self._environment
        client_id, tenant = environment.get("AZURE_CLIENT_ID", ""), environment.get("AZURE_TENANT_ID", "")
        identity = {
            "client_id": client_id,
            "tenant_id": tenant,
            "authority": environment.get("AZURE_AUTHORITY_HOST", ""),
        }
        if environment.get("AZURE_CLIENT_SECRET"):
            return _of_client(identity | {"client_secret": environment["AZURE_CLIENT_SECRET"]})
        if environment.get("AZURE_FEDERATED_TOKEN_FILE"):
            return _of_client(identity | {"client_assertion": file_text(environment["AZURE_FEDERATED_TOKEN_FILE"])})
        return self._managed(client_id)

    def _managed(self, client_id: str) -> TokenRequest:
        """The machine's own identity: of a container app or web app, else of the virtual machine."""
        environment = self._environment
        query = {"resource": _SCOPE.removesuffix("/.default")} | ({"client_id": client_id} if client_id else {})
        if environment.get("IDENTITY_ENDPOINT"):
            url = f"{environment['IDENTITY_ENDPOINT']}?{urlencode({'api-version': '2019-08-01'} | query)}"
            headers = {"X-IDENTITY-HEADER": environment.get("IDENTITY_HEADER", "")}
            return TokenRequest(url, None, headers, is_local=True)
        url = f"{_MACHINE}?{urlencode({'api-version': '2018-02-01'} | query)}"
        return TokenRequest(url, None, {"Metadata": "true"}, is_local=True)


def _of_client(identity: Mapping[str, Any]) -> TokenRequest:
    """Client credentials, with a secret or with an assertion that stands for one."""
    tenant = field_of(identity, "tenant_id", "tenantId")
    authority = (identity.get("authority") or _AUTHORITY).rstrip("/")
    form = {
        "grant_type": "client_credentials",
        "client_id": field_of(identity, "client_id", "clientId"),
        "scope": identity.get("scope") or _SCOPE,
    }
    if "client_assertion" in identity:
        form |= {"client_assertion_type": _ASSERTION_TYPE, "client_assertion": identity["client_assertion"]}
    else:
        form["client_secret"] = field_of(identity, "client_secret", "clientSecret")
    return TokenRequest(f"{authority}/{tenant}/oauth2/v2.0/token", form, {})

"""Where the calls of a configured model go: the whole URL of its chat completions."""

import re
from urllib.parse import quote, urlencode, urlsplit

from adapter.outbound.models.endpoint import ModelEndpoint

_CLASSIC = re.compile(r"20\d\d-\d\d-\d\d")
_AZURE_PATHS = ("/openai/v1", "/openai")


def completions_url(endpoint: ModelEndpoint) -> str:
    """Return the address of chat completions, with its query."""
    if endpoint.provider == "azure":
        return _azure(endpoint)
    return f"{base_url(endpoint)}/chat/completions"


def base_url(endpoint: ModelEndpoint) -> str:
    """Return the address that is configured, or the provider's own."""
    if endpoint.base_url:
        return endpoint.base_url.rstrip("/")
    location = endpoint.location or "global"
    host = "aiplatform.googleapis.com" if location == "global" else f"{location}-aiplatform.googleapis.com"
    return endpoint.kind.base_url.format(host=host, project=quote(endpoint.project, safe=""), location=location)


def _azure(endpoint: ModelEndpoint) -> str:
    """Classic address of a deployment for a dated api_version, else the v1 API of the resource."""
    resource = endpoint.base_url.rstrip("/")
    for path in _AZURE_PATHS:
        resource = resource.removesuffix(path)
    version = endpoint.api_version
    query = f"?{urlencode({'api-version': version})}" if version else ""
    if _CLASSIC.match(version):
        return f"{resource}/openai/deployments/{quote(endpoint.served_as, safe='')}/chat/completions{query}"
    return f"{resource}/openai/v1/chat/completions{query}"


def host_of(url: str) -> str:
    """Name of the host in an address."""
    return urlsplit(url).hostname or ""

"""HTTP clients of models and of those who give tokens for them: proxy, trusted certificates, idle connections."""

import ssl
from pathlib import Path

import aiohttp
import httpx2
import openai

from adapter.outbound.models.addresses import host_of

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# Shorter than what servers keep an idle connection for (uvicorn, hence vLLM: 5 s): one that the server closes just as
# we write to it is a lost call.
_KEEPALIVE_SECONDS = 4.0


def http_client(
    url: str, *, proxy: str | None, certificates: ssl.SSLContext, is_local: bool = False
) -> httpx2.AsyncClient:
    """Build the aiohttp transport without limits (0 = none to aiohttp): how many calls are made is not its business.

    proxy None = as the environment says, and none for an address on this machine, or for a network that `is_local`.
    """
    through = None if is_local or proxy is None else _proxy(proxy)
    return openai.DefaultAioHttpClient(
        base_url=url,
        limits=httpx2.Limits(max_connections=0, keepalive_expiry=_KEEPALIVE_SECONDS),
        follow_redirects=False,
        proxy=through,
        # Over TLS the proxy reads the headers of CONNECT; without, those of the call itself.
        headers=through.headers if through is not None and url.startswith("http://") else None,
        trust_env=proxy is None and not is_local and host_of(url) not in _LOOPBACK,
        verify=certificates,
    )


def _proxy(url: str) -> httpx2.Proxy:
    """Show a password as the header that aiohttp wants; what the package would hand it is deprecated."""
    whole = httpx2.Proxy(url)
    if whole.auth is None:
        return whole
    user, password = whole.auth
    return httpx2.Proxy(whole.url, headers={"Proxy-Authorization": aiohttp.encode_basic_auth(user, password)})


def trusted(ca_file: Path | None) -> ssl.SSLContext:
    """Trust the machine's certificates, and those of a file. Takes milliseconds. Raises OSError or ssl.SSLError."""
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context

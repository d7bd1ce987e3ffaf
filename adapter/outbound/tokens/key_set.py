"""The public keys of an issuer (JSON Web Key Set): read from a file or an address, replaced as a whole."""

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import jwt

from adapter.operator_errors import ConfigurationError

MAX_BYTES = 1024 * 1024
FETCH_SECONDS = 5.0
# Public keys only: whoever could read a shared secret here could sign with it.
_PUBLIC_KINDS = frozenset({"RSA", "EC", "OKP"})

KeySet = Mapping[str, jwt.PyJWK]
"""Keys by key id; one without an id is found by ""."""
ReadKeys = Callable[[], Awaitable[KeySet]]


class KeySetError(ConfigurationError):
    """The issuer's keys cannot be had or used; the message says why."""


def parse_key_set(content: bytes, where: str) -> KeySet:
    """Return the keys that signatures can be checked with. Raises KeySetError, which holds nothing of the content."""
    try:
        document = json.loads(content)
        listed = document["keys"]
        usable = [one for one in listed if one.get("kty") in _PUBLIC_KINDS and one.get("use", "sig") == "sig"]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise KeySetError(f"{where} holds no JSON Web Key Set; it must be a JSON object with keys.") from None
    keys = dict(_keys(usable))
    if not keys:
        raise KeySetError(f"{where} holds no public key (RSA, EC or OKP) to check signatures with.")
    return keys


def _keys(listed: list[dict[str, Any]]) -> "list[tuple[str, jwt.PyJWK]]":
    """Of the kinds that are known; others are passed over, as RFC 7517 asks."""
    found = []
    for one in listed:
        try:
            found.append((str(one.get("kid", "")), jwt.PyJWK(one)))
        except (jwt.PyJWTError, ValueError, TypeError, KeyError):
            continue
    return found


def from_file(path: Path) -> ReadKeys:
    """Read keys from a file."""

    async def read() -> KeySet:
        try:
            content = await asyncio.to_thread(path.read_bytes)
        except OSError as exc:
            raise KeySetError(f"The key set {path} cannot be read: {exc.strerror}.") from exc
        return parse_key_set(content, str(path))

    return read


def from_address(url: str, ca_file: Path | None = None) -> ReadKeys:
    """Fetch keys from an address, within FETCH_SECONDS. Raises OSError for a ca_file that cannot be used."""
    trust = ssl.create_default_context()
    if ca_file is not None:
        trust.load_verify_locations(ca_file)

    async def read() -> KeySet:
        try:
            return parse_key_set(await _fetch(url, trust), url)
        except (aiohttp.ClientError, TimeoutError, OSError) as exc:
            raise KeySetError(f"The key set {url} cannot be fetched: {type(exc).__name__}.") from exc

    return read


async def _fetch(url: str, trust: ssl.SSLContext) -> bytes:
    timeout = aiohttp.ClientTimeout(total=FETCH_SECONDS)
    async with (
        aiohttp.ClientSession(timeout=timeout, trust_env=True) as session,
        session.get(url, ssl=trust, allow_redirects=False) as response,
    ):
        if response.status != 200:  # noqa: PLR2004 - OK
            raise KeySetError(f"The key set {url} cannot be fetched: HTTP status {response.status}.")
        content = await response.content.read(MAX_BYTES + 1)
        while not response.content.at_eof() and len(content) <= MAX_BYTES:
            content += await response.content.read(MAX_BYTES)
        if len(content) > MAX_BYTES:
            raise KeySetError(f"The key set {url} is larger than {MAX_BYTES} bytes.")
        return content

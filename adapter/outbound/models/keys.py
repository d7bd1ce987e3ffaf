"""What proves who we are to an endpoint: a configured key, or a token that is fetched and renewed in time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from adapter.errors import CallError, CallMisconfigured

log = structlog.get_logger()

# A token is renewed so long before it expires, or after four fifths of a shorter life.
_AHEAD_SECONDS = 300.0
_SHARE_OF_LIFE = 0.2
# After a renewal that failed, a token that is still good is used for so long before the next.
_PAUSE_SECONDS = 10.0


class KeySource(Protocol):
    """Gives the key or token of the next call."""

    async def current(self) -> str:
        """The key; "" = none is configured. Raises CallError."""

    def refused(self, key: str) -> None:
        """The endpoint answered 401 to it: another is read or fetched for the next call."""

    async def close(self) -> None:
        """Close what it holds open."""


class ConfiguredKey:
    """A key from the configuration, read once, and again after it was refused."""

    def __init__(self, read: Callable[[], str] | None) -> None:
        self._read = read
        self._key: str | None = None

    async def current(self) -> str:
        """The key; see KeySource."""
        if self._key is None:
            self._key = checked_key(self._read) if self._read is not None else ""
        return self._key

    def refused(self, key: str) -> None:
        """Read it again next time."""
        if self._key == key:
            self._key = None

    async def close(self) -> None:
        """Nothing is open."""


def checked_key(read: Callable[[], str]) -> str:
    """Read a secret that goes into a header. Raises CallMisconfigured."""
    try:
        key = read().strip()
    except (OSError, ValueError, LookupError) as exc:
        raise CallMisconfigured(f"its key cannot be read ({type(exc).__name__}): correct api_key") from exc
    if not (key.isascii() and key.isprintable()):
        raise CallMisconfigured("its key holds characters that no header may: correct api_key")
    return key


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token, and how many seconds from its arrival it is good for."""

    text: str = field(repr=False)
    lifetime_seconds: float


class FreshToken:
    """A token that is fetched when first needed, renewed before it expires by one call while others use the old."""

    def __init__(
        self,
        fetch: Callable[[], Awaitable[AccessToken]],
        close: Callable[[], Awaitable[None]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Fetch raises a CallError; clock gives seconds that only ever grow."""
        self._fetch = fetch
        self._close = close
        self._clock = clock
        self._token: AccessToken | None = None
        self._renew_at = 0.0
        self._expires_at = 0.0
        self._fetching = asyncio.Lock()

    async def current(self) -> str:
        """The token; see KeySource."""
        token = self._good()
        if token is not None and (self._clock() < self._renew_at or self._fetching.locked()):
            return token.text
        async with self._fetching:
            token = self._good()
            if token is None or self._clock() >= self._renew_at:
                token = await self._renewed(token)
            return token.text

    def _good(self) -> AccessToken | None:
        return self._token if self._clock() < self._expires_at else None

    async def _renewed(self, old: AccessToken | None) -> AccessToken:
        try:
            token = await self._fetch()
        except CallError as exc:
            if old is None:
                raise
            log.warning(
                "token_not_renewed", cause=exc.message, good_for_seconds=round(self._expires_at - self._clock())
            )
            self._renew_at = self._clock() + _PAUSE_SECONDS
            return old
        now = self._clock()
        self._token, self._expires_at = token, now + token.lifetime_seconds
        self._renew_at = self._expires_at - min(_AHEAD_SECONDS, token.lifetime_seconds * _SHARE_OF_LIFE)
        return token

    def refused(self, key: str) -> None:
        """Fetch another next time."""
        if self._token is not None and self._token.text == key:
            self._token, self._expires_at = None, 0.0

    async def close(self) -> None:
        """Close the link to who gives tokens."""
        await self._close()

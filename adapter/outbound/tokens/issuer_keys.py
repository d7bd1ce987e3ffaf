"""Keeps an issuer's keys at hand: fetched again now and then, and, at most now and then, for a key nobody knows."""

import asyncio
from collections.abc import Callable

import jwt
import structlog

from adapter.operator_errors import ConfigurationError
from adapter.outbound.tokens.key_set import KeySet, ReadKeys
from adapter.ports import Clock

log = structlog.get_logger()

# Whoever makes up key ids makes us ask the issuer no more often than this.
UNKNOWN_KEY_SECONDS = 10.0


class IssuerKeys:
    """The keys of now. Keys that cannot be had again stay as they are."""

    def __init__(self, read: ReadKeys, clock: Clock, *, on_change: Callable[[], None] = lambda: None) -> None:
        """`on_change` is called when the keys were replaced by others."""
        self._read = read
        self._clock = clock
        self.on_change = on_change
        self._keys: KeySet = {}
        self._read_at: float | None = None
        self._reading: asyncio.Task[None] | None = None

    @property
    def is_known(self) -> bool:
        """True once there are keys."""
        return bool(self._keys)

    async def key(self, key_id: str) -> jwt.PyJWK | None:
        """Return the key with this id, looked for at the issuer if it is new; without an id the only one there is."""
        found = self._find(key_id)
        if found is None and self._may_look_again():
            await self.refresh()
            found = self._find(key_id)
        return found

    def _find(self, key_id: str) -> jwt.PyJWK | None:
        if key_id:
            return self._keys.get(key_id)
        return next(iter(self._keys.values())) if len(self._keys) == 1 else None

    def _may_look_again(self) -> bool:
        if self._reading is not None or self._read_at is None:
            return True
        return self._clock.monotonic() - self._read_at >= UNKNOWN_KEY_SECONDS

    async def refresh(self) -> None:
        """Read the keys again; all who ask meanwhile wait for the same reading. Never raises: it is logged."""
        if self._reading is None:
            self._read_at = self._clock.monotonic()
            self._reading = asyncio.create_task(self._replace(), name="issuer keys")
            self._reading.add_done_callback(self._done)
        await asyncio.shield(self._reading)

    def _done(self, _: "asyncio.Task[None]") -> None:
        self._reading = None

    async def _replace(self) -> None:
        try:
            keys = await self._read()
        except ConfigurationError as exc:
            log.warning("issuer_keys_not_read", cause=str(exc), kept=len(self._keys))
            return
        if _identity(keys) != _identity(self._keys):
            self._keys = keys
            log.info("issuer_keys_read", keys=len(keys))
            self.on_change()


def _identity(keys: KeySet) -> dict[str, object]:
    """What makes two key sets the same: ids and key material."""
    return {key_id: repr(sorted(one._jwk_data.items(), key=str)) for key_id, one in keys.items()}  # noqa: SLF001 - PyJWK shows its data nowhere else

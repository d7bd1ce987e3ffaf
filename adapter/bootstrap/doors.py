"""Who comes in: the keys file and the issuer's keys, kept as they are outside."""

import asyncio
from pathlib import Path

import structlog

from adapter.inbound.grpc.callers import CallerOf, anonymous, authenticated
from adapter.inbound.grpc.tls import ServerCertificates
from adapter.operator_errors import ConfigurationError
from adapter.outbound.keys_file import read_keys
from adapter.outbound.tokens.issuer_keys import IssuerKeys
from adapter.outbound.tokens.key_set import ReadKeys, from_address, from_file
from adapter.outbound.tokens.verifier import JwtVerifier, TokenRules
from adapter.outbound.watched_file import WatchedFile
from adapter.ports import Clock
from adapter.service.authentication import Authentication
from adapter.service.clients import ClientDirectory, Clients
from adapter.settings_doors import Auth, GrpcTls, Jwt
from adapter.settings_file import ConfigurationProblems
from adapter.tasks.problem import Problem

log = structlog.get_logger()

# Files are looked at so often; what changed holds for the next call.
WATCH_SECONDS = 1.0


class Doors:
    """The clients of now, and how a call is told whose it is. Without `auth` everybody is the default client."""

    def __init__(self, auth: Auth | None, clock: Clock) -> None:
        """Read the keys file. Raises TaskProblems with all that is wrong with it, ConfigurationProblems."""
        self._clock = clock
        self._jwt = auth.jwt if auth else None
        self._keys_path = auth.keys_path if auth else None
        self._keys_file = WatchedFile(self._keys_path) if self._keys_path else None
        self.clients = Clients(directory_of(self._keys_path))
        self._issuer = IssuerKeys(read_keys_of(self._jwt), clock) if self._jwt else None
        self._key_set_file = WatchedFile(self._jwt.jwks_path) if self._jwt and self._jwt.jwks_path else None
        self.authentication = Authentication(self.clients, self._verifier()) if auth else None

    @property
    def caller_of(self) -> CallerOf:
        """How the gRPC face names its callers."""
        return authenticated(self.authentication.caller_of) if self.authentication else anonymous

    def _verifier(self) -> JwtVerifier | None:
        if self._jwt is None or self._issuer is None:
            return None
        return JwtVerifier(
            TokenRules(
                self._jwt.issuer,
                self._jwt.audience,
                self._jwt.client_claim,
                tuple(self._jwt.algorithms),
                self._jwt.leeway_seconds,
            ),
            self._issuer,
            self._clock,
        )

    async def open(self) -> None:
        """Get the issuer's keys, if they can be had; else tokens are refused until they can."""
        if self._issuer is not None:
            await self._issuer.refresh()

    async def run(self) -> None:
        """Take up what changes outside, until cancelled."""
        refreshed_at = self._clock.monotonic()
        while True:
            await self._clock.sleep(WATCH_SECONDS)
            if self._keys_file is not None and await asyncio.to_thread(self._keys_file.has_changed):
                await asyncio.to_thread(self._read_clients)
            if self._issuer is None or self._jwt is None:
                continue
            is_due = self._clock.monotonic() - refreshed_at >= self._jwt.refresh_seconds
            if is_due if self._key_set_file is None else await asyncio.to_thread(self._key_set_file.has_changed):
                refreshed_at = self._clock.monotonic()
                await self._issuer.refresh()

    def _read_clients(self) -> None:
        """Take up a changed keys file; one that is wrong changes nothing."""
        try:
            directory = directory_of(self._keys_path)
        except ConfigurationError as exc:
            log.error("keys_file_not_read", problem=str(exc), consequence="the clients stay as they were")  # noqa: TRY400 - a person's mistake, not ours
            return
        self.clients.directory = directory
        log.info("keys_file_read", clients=len(directory))


def certificates_of(tls: GrpcTls | None) -> ServerCertificates | None:
    """Read what the gRPC port shows. Raises CertificateError."""
    return None if tls is None else ServerCertificates(tls.certificate, tls.key, tls.client_ca)


def directory_of(keys_path: Path | None) -> ClientDirectory:
    """Read the clients; without a keys file every name is one. Raises TaskProblems."""
    if keys_path is None:
        return ClientDirectory()
    return ClientDirectory(read_keys(keys_path), takes_unlisted=False)


def read_keys_of(jwt: Jwt) -> ReadKeys:
    """How the issuer's keys are read. Raises ConfigurationProblems for a ca_file that cannot be used."""
    path = jwt.jwks_path
    if path is not None:
        return from_file(path)
    try:
        return from_address(jwt.jwks, jwt.ca_file)
    except OSError as exc:  # also ssl.SSLError
        problem = Problem("auth.jwt.ca_file", 0, f"{jwt.ca_file} cannot be used: {exc.strerror or exc}")
        raise ConfigurationProblems((problem,)) from exc

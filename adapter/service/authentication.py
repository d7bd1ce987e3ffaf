"""Who calls: from what was shown to a caller, or a refusal that says what to show."""

from typing import Protocol

from adapter.domain.client import Client
from adapter.domain.credentials import Credentials, PeerCertificate
from adapter.errors import PermissionDenied, Unauthenticated
from adapter.service.api import Caller
from adapter.service.clients import Clients


class TokenVerifier(Protocol):
    """Believes tokens of one issuer."""

    def reads(self, secret: str) -> bool:
        """Return whether a secret looks like a token at all."""

    async def client_of(self, token: str) -> str:
        """Verify a token and return what it calls its client. Raises Unauthenticated."""


class Authentication:
    """Takes an API key, else a token; without either the certificate of the connection."""

    def __init__(self, clients: Clients, tokens: TokenVerifier | None = None) -> None:
        """No verifier: tokens are not taken."""
        self._clients = clients
        self._tokens = tokens

    async def caller_of(self, shown: Credentials) -> Caller:
        """Return who calls. Raises Unauthenticated, PermissionDenied."""
        if shown.secret:
            return Caller.of(await self._of_secret(shown.secret))
        if shown.certificate is not None:
            return Caller.of(self._of_certificate(shown.certificate))
        raise Unauthenticated

    async def _of_secret(self, secret: str) -> Client:
        client = self._clients.directory.by_key(secret)
        if client is not None:
            return client
        if self._tokens is None or not self._tokens.reads(secret):
            raise Unauthenticated(
                "The API key is not known. Check whether it is whole, and whether it was replaced in the keys file."
            )
        named = await self._tokens.client_of(secret)
        client = self._clients.directory.by_token(named)
        if client is None:
            raise PermissionDenied(
                "The token is good, but its client is not in the keys file. Add it there, or use another token."
            )
        return client

    def _of_certificate(self, certificate: PeerCertificate) -> Client:
        client = self._clients.directory.by_certificate(certificate)
        if client is None:
            raise Unauthenticated(
                "The client certificate belongs to no client, or to several. Add its subject, an alternative name "
                "or its fingerprint to one client in the keys file, or send an API key."
            )
        return client

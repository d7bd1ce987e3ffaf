"""Who calls: what a call shows (metadata, the connection's certificate), and who that is."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import MappingProxyType

import structlog

from adapter.domain.credentials import Credentials, PeerCertificate
from adapter.errors import AdapterError, Unauthenticated
from adapter.inbound.grpc.answering import Context
from adapter.service.api import Caller

Metadata = Mapping[str, str]
CallerOf = Callable[[Context], Awaitable[Caller]]
"""Names the caller of a call; raises an AdapterError to refuse it."""

_log = structlog.get_logger()


async def anonymous(_: Context) -> Caller:
    """Take everybody for the default client."""
    return Caller()


def authenticated(caller_of: Callable[[Credentials], Awaitable[Caller]]) -> CallerOf:
    """Name callers by what they show; who is refused is logged, without what was shown."""

    async def of_call(context: Context) -> Caller:
        try:
            return await caller_of(credentials_of(context))
        except AdapterError as exc:
            _log.warning("caller_refused", reason=exc.reason, peer=context.peer(), cause=exc.message)
            raise

    return of_call


def metadata_of(context: Context) -> Metadata:
    """Return the text metadata of a call; of a key that is there twice, the last value."""
    return MappingProxyType(dict(_text_metadata(context)))


def _text_metadata(context: Context) -> Iterable[tuple[str, str]]:
    return ((key, value) for key, value in context.invocation_metadata() or () if isinstance(value, str))


def credentials_of(context: Context) -> Credentials:
    """Read `authorization: Bearer …` or `x-api-key`, without either the certificate. Raises Unauthenticated."""
    secrets = {value for key, value in _text_metadata(context) if key == "x-api-key"}
    secrets |= {_bearer(value) for key, value in _text_metadata(context) if key == "authorization"}
    if len(secrets) > 1:
        raise Unauthenticated("The call shows several credentials. Send one: authorization: Bearer KEY, or x-api-key.")
    if secrets:
        return Credentials(secrets.pop())
    return Credentials(certificate=_certificate(context))


def _bearer(value: str) -> str:
    scheme, _, secret = value.partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated("The metadata authorization is of another scheme. Send authorization: Bearer KEY.")
    return secret.strip()


def _certificate(context: Context) -> PeerCertificate | None:
    """Return the client's certificate, which the transport has verified; None = it showed none."""
    shown = context.auth_context()
    pem = next(iter(shown.get("x509_pem_cert", ())), b"")
    if not pem:
        return None
    subject = next(iter(shown.get("x509_subject", ())), b"").decode(errors="replace")
    names = (name.decode(errors="replace") for name in shown.get("x509_subject_alternative_name", ()))
    return PeerCertificate(pem, subject, frozenset(names))

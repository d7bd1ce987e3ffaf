"""What `adapter doctor` says of the doors: the keys file, the issuer's keys, and when certificates end."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509

from adapter.bootstrap.doors import certificates_of, read_keys_of
from adapter.cli.finding import Finding
from adapter.operator_errors import ConfigurationError
from adapter.outbound.keys_file import read_keys
from adapter.settings import Settings
from adapter.settings_doors import Jwt
from adapter.tasks.catalogue import Catalogue

_SOON = dt.timedelta(days=14)


async def examine_doors(settings: Settings, catalogue: Catalogue) -> list[Finding]:
    """Check what is configured of them."""
    auth = settings.auth
    findings = []
    if auth is not None and auth.keys_path is not None:
        findings.append(_keys(auth.keys_path, catalogue, asks_certificates=_asks_certificates(settings)))
    if auth is not None and auth.jwt is not None:
        findings.append(await _issuer(auth.jwt))
    return [*findings, *_certificates(settings)]


def _asks_certificates(settings: Settings) -> bool:
    return settings.grpc.tls is not None and settings.grpc.tls.client_ca is not None


def _keys(path: Path, catalogue: Catalogue, *, asks_certificates: bool) -> Finding:
    try:
        known = read_keys(path)
    except ConfigurationError as exc:
        return Finding("keys file", str(exc), "operator")
    tasks = {task for one in known for task in one.client.tasks or ()}
    problems = [f"no task {task!r} is loaded; correct the name" for task in sorted(tasks - set(catalogue.names()))]
    if not asks_certificates and any(one.certificate_names or one.certificate_sha256 for one in known):
        problems.append("clients have certificates, but grpc.tls.client_ca is not set, so that none is asked for")
    return Finding("keys file", "; ".join(problems), "operator" if problems else "", f"{len(known)} clients in {path}")


async def _issuer(jwt: Jwt) -> Finding:
    try:
        keys = await read_keys_of(jwt)()
    except ConfigurationError as exc:
        return Finding("issuer's keys", str(exc), "owner of the issuer")
    return Finding("issuer's keys", detail=f"{len(keys)} at {jwt.jwks}")


def _certificates(settings: Settings) -> Iterator[Finding]:
    tls, broker = settings.grpc.tls, settings.amqp.tls if settings.amqp else None
    if tls is not None:
        try:
            certificates_of(tls)
        except ConfigurationError as exc:
            yield Finding("grpc.tls", str(exc), "operator")
        else:
            yield from _ends("grpc.tls.certificate", tls.certificate)
            yield from _ends("grpc.tls.client_ca", tls.client_ca)
    if broker is not None:
        yield from _ends("amqp.tls.ca", broker.ca)
        yield from _ends("amqp.tls.certificate", broker.certificate)


def _ends(part: str, path: Path | None) -> Iterator[Finding]:
    """Say when the first certificate of a file ends that does."""
    if path is None:
        return
    try:
        end = min(one.not_valid_after_utc for one in x509.load_pem_x509_certificates(path.read_bytes()))
    except (OSError, ValueError) as exc:
        cause = exc.strerror if isinstance(exc, OSError) else "it holds no certificate in PEM"
        yield Finding(part, f"{path} cannot be read: {cause}", "operator")
        return
    left = end - dt.datetime.now(dt.UTC)
    problem = ""
    if left < _SOON:
        problem = f"{path} {'has ended' if left.total_seconds() < 0 else 'ends'} at {end:%Y-%m-%d %H:%M} UTC; renew it"
    yield Finding(part, problem, "operator" if problem else "", f"good until {end:%Y-%m-%d}")

"""TLS of the gRPC port: files that are read again for new connections once they changed."""

import ssl
import threading
from pathlib import Path

import grpc
import structlog

from adapter.operator_errors import ConfigurationError

log = structlog.get_logger()


class CertificateError(ConfigurationError):
    """Certificate, key or client CA cannot be used; the message names file and cause."""


class ServerCertificates:
    """The certificate that the port shows, and, with a client CA, whose certificates it asks every client for."""

    def __init__(self, certificate: Path, key: Path, client_ca: Path | None = None) -> None:
        """Read the files. Raises CertificateError."""
        self._certificate = certificate
        self._key = key
        self._client_ca = client_ca
        # Asked for by the threads of gRPC's core, at each new connection.
        self._lock = threading.Lock()
        self._seen = self._content()
        self._initial = self._configuration(self._seen)

    def credentials(self) -> grpc.ServerCredentials:
        """Return credentials of TLS 1.2 and above that follow the files."""
        return grpc.dynamic_ssl_server_credentials(
            self._initial,
            self._changed,  # type: ignore[arg-type]  # its documentation: None = no change
            require_client_authentication=self._client_ca is not None,
        )

    def _changed(self) -> grpc.ServerCertificateConfiguration | None:
        """Return the new configuration if the files changed; files that do not work are told of once, and left."""
        with self._lock:
            try:
                content = self._content()
                if content == self._seen:
                    return None
                self._seen = content
                configuration = self._configuration(content)
            except CertificateError as exc:
                log.error("certificate_not_read", problem=str(exc), consequence="the one before is shown")  # noqa: TRY400 - a person's mistake, not ours
                return None
            log.info("certificate_read", file=str(self._certificate))
            return configuration

    def _content(self) -> tuple[bytes, bytes, bytes | None]:
        client_ca = None if self._client_ca is None else _read(self._client_ca)
        return _read(self._certificate), _read(self._key), client_ca

    def _configuration(self, content: tuple[bytes, bytes, bytes | None]) -> grpc.ServerCertificateConfiguration:
        self._check()
        certificate, key, client_ca = content
        return grpc.ssl_server_certificate_configuration([(key, certificate)], client_ca)

    def _check(self) -> None:
        """Have the files loaded as a pair: gRPC itself would only fail each handshake."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            # A key with a password would otherwise ask for it on the terminal.
            context.load_cert_chain(self._certificate, self._key, password=lambda: "")
        except (OSError, ValueError) as exc:
            raise CertificateError(_told(f"{self._certificate} and {self._key}", exc)) from exc
        if self._client_ca is None:
            return
        try:
            context.load_verify_locations(self._client_ca)
        except (OSError, ValueError) as exc:
            raise CertificateError(_told(str(self._client_ca), exc)) from exc


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise CertificateError(f"{path} cannot be read: {exc.strerror}.") from exc


def _told(what: str, error: Exception) -> str:
    cause = getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
    return f"{what} cannot be used: {cause}. Certificate chain and key must be PEM, without a password, and a pair."

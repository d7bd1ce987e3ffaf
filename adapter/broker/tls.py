"""TLS to the broker: its name is verified, and a certificate of ours shown where there is one."""

import ssl
from pathlib import Path

from adapter.operator_errors import ConfigurationError


def client_context(ca: Path | None = None, certificate: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
    """Return TLS 1.2 and above that trusts `ca` alone, or the machine's own. Raises ConfigurationError."""
    try:
        context = ssl.create_default_context(cafile=ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if certificate is not None:
            # A key with a password would otherwise ask for it on the terminal.
            context.load_cert_chain(certificate, key, password=lambda: "")
    except (OSError, ValueError) as exc:
        cause = getattr(exc, "reason", None) or getattr(exc, "strerror", None) or type(exc).__name__
        named = ", ".join(str(path) for path in (ca, certificate, key) if path is not None)
        raise ConfigurationError(f"amqp.tls: {named} cannot be used: {cause}. The files must be PEM.") from exc
    return context

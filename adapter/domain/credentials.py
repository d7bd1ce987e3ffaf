"""What a caller shows to say who it is. Never shown further: neither in logs nor in `repr`."""

import base64
import binascii
import hashlib
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PeerCertificate:
    """The verified certificate of the other end of a connection."""

    pem: bytes = field(repr=False)
    subject: str = ""
    """In the order of RFC 2253: `CN=crm,O=Acme`."""
    names: frozenset[str] = frozenset()
    """Subject alternative names: DNS names, URIs, addresses."""

    @property
    def sha256(self) -> str:
        """Fingerprint of the DER bytes, 64 hex digits; "" = the PEM cannot be read."""
        body = b"".join(line for line in self.pem.splitlines() if line and not line.startswith(b"-"))
        try:
            return hashlib.sha256(base64.b64decode(body, validate=True)).hexdigest()
        except binascii.Error:
            return ""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A secret (API key or token, "" = none) and the certificate of the connection."""

    secret: str = field(default="", repr=False)
    certificate: PeerCertificate | None = None

"""Certificates made in the test: an authority, and what it signs."""

import datetime as dt
import ipaddress
from dataclasses import dataclass
from pathlib import Path

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as PEM files."""

    certificate: Path
    key: Path

    @property
    def parsed(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.certificate.read_bytes())

    @property
    def sha256(self) -> str:
        """Fingerprint as openssl prints it, with colons."""
        return self.parsed.fingerprint(hashes.SHA256()).hex(":").upper()

    def replace_with(self, other: "Pair") -> None:
        """Put the files of another in the place of these."""
        self.key.write_bytes(other.key.read_bytes())
        self.certificate.write_bytes(other.certificate.read_bytes())


class Authority:
    """Signs certificates into a folder."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._made = 0
        self.file = folder / f"{name}.pem"
        usage = x509.KeyUsage(
            digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False, key_encipherment=False,
            data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        builder = self._builder(self._name, self._key.public_key(), 1, _DAY)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        signed = builder.add_extension(usage, critical=True).sign(self._key, hashes.SHA256())
        self.file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str, *names: str, lasts: dt.timedelta = _DAY) -> Pair:
        """Issue a certificate of CN=name,O=Acme for DNS names, addresses and URIs."""
        self._made += 1
        key = ec.generate_private_key(ec.SECP256R1())
        organisation = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Acme")
        subject = x509.Name([organisation, x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = self._builder(subject, key.public_key(), self._made + 1, lasts)
        if names:
            alternatives = x509.SubjectAlternativeName([_alternative(one) for one in names])
            builder = builder.add_extension(alternatives, critical=False)
        pair = Pair(self._folder / f"{name}-{self._made}.pem", self._folder / f"{name}-{self._made}.key")
        signed = builder.sign(self._key, hashes.SHA256())
        pair.certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        pair.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return pair

    def trusted(self, pair: Pair | None = None) -> grpc.ChannelCredentials:
        """Return what a client trusts this authority with, and shows."""
        key, certificate = (pair.key.read_bytes(), pair.certificate.read_bytes()) if pair else (None, None)
        return grpc.ssl_channel_credentials(self.file.read_bytes(), key, certificate)

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, serial: int, lasts: dt.timedelta
    ) -> x509.CertificateBuilder:
        begins = dt.datetime.now(dt.UTC) - 2 * _DAY
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self._name).public_key(key)
        return builder.serial_number(serial).not_valid_before(begins).not_valid_after(begins + 2 * _DAY + lasts)


def _alternative(name: str) -> x509.GeneralName:
    if "://" in name:
        return x509.UniformResourceIdentifier(name)
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)

"""Settings of the doors: who comes in, and what the wire is protected with."""

import ipaddress
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, Field, model_validator

from adapter.settings_section import STRICT, Seconds

_FILE = "file:"


def _file_reference(value: str) -> str:
    if not value.startswith(_FILE) or value == _FILE:
        raise ValueError("must be file: and a path, such as file:keys.yaml")
    return value


def _jwks(value: str) -> str:
    if value.startswith(_FILE):
        return _file_reference(value)
    url = urlsplit(value)
    if url.scheme == "https" and url.hostname:
        return value
    if url.scheme == "http" and _is_loopback(url.hostname or ""):
        return value
    raise ValueError("must be an https:// address, or file: and a path")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Section(BaseModel):
    """A part of the configuration."""

    model_config = STRICT


class Jwt(Section):
    """Tokens of one issuer."""

    issuer: str = Field(min_length=1)
    audience: str = Field(min_length=1)
    jwks: Annotated[str, AfterValidator(_jwks)]
    """The issuer's public keys: an https:// address, or file:/path."""
    client_claim: str = Field("sub", min_length=1)
    """The claim that names the client."""
    algorithms: list[
        Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
    ] = Field(["RS256", "ES256"], min_length=1)
    leeway_seconds: Seconds = 30
    refresh_seconds: Annotated[Seconds, Field(ge=10)] = 600
    """How often keys at an address are fetched again."""
    ca_file: Path | None = None

    @property
    def jwks_path(self) -> Path | None:
        """The file with the keys; None = they are at an address."""
        return Path(self.jwks.removeprefix(_FILE)) if self.jwks.startswith(_FILE) else None


class Auth(Section):
    """Who may come in; without this section everybody is the default client."""

    keys: Annotated[str, AfterValidator(_file_reference)] | None = None
    jwt: Jwt | None = None

    @model_validator(mode="after")
    def _names_something(self) -> "Auth":
        if self.keys is None and self.jwt is None:
            raise ValueError("neither keys nor jwt is set; set one, or remove auth")
        return self

    @property
    def keys_path(self) -> Path | None:
        """The keys file."""
        return None if self.keys is None else Path(self.keys.removeprefix(_FILE))


class GrpcTls(Section):
    """TLS of the gRPC port."""

    certificate: Path
    key: Path
    client_ca: Path | None = None
    """Every client must show a certificate of this authority."""


class AmqpTls(Section):
    """TLS to the broker."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    external: bool = False
    """Log in with the certificate (SASL EXTERNAL) instead of user and password."""

    @model_validator(mode="after")
    def _is_complete(self) -> "AmqpTls":
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key belong together; set both")
        if self.external and self.certificate is None:
            raise ValueError("external needs certificate and key to log in with")
        return self

"""An issuer of tokens: signs them, and serves its key set over HTTP."""

import json
import threading
import time
from collections.abc import Mapping
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

NAME = "https://issuer.example"
AUDIENCE = "llm-adapter"


class SigningKey:
    """A key pair with an id."""

    def __init__(self, key_id: str, algorithm: str = "ES256") -> None:
        self.key_id = key_id
        self.algorithm = algorithm

    @cached_property
    def private(self) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
        if self.algorithm == "RS256":
            return rsa.generate_private_key(65537, 2048)
        return ec.generate_private_key(ec.SECP256R1())

    @property
    def public(self) -> dict[str, Any]:
        """The public half as a JWK."""
        key = self.private
        if isinstance(key, rsa.RSAPrivateKey):
            half = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
        else:
            half = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
        return {**half, "kid": self.key_id, "use": "sig"}

    def token(self, client: str = "crm", **claims: Any) -> str:
        """Sign a token that is good for five minutes, with other claims laid over; None removes one."""
        now = time.time()
        whole = {"iss": NAME, "aud": AUDIENCE, "sub": client, "exp": now + 300, "iat": now} | claims
        kept = {name: value for name, value in whole.items() if value is not None}
        return jwt.encode(kept, self.private, self.algorithm, headers={"kid": self.key_id})


def key_set(*keys: SigningKey) -> bytes:
    """Return the key set that an issuer publishes."""
    return json.dumps({"keys": [key.public for key in keys]}).encode()


class IssuerServer:
    """Serves a key set that tests may change, and counts how often it was asked for."""

    def __init__(self, content: bytes, status: int = 200) -> None:
        self.content = content
        self.status = status
        self.asked = 0
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked += 1
                self.send_response(issuer.status)
                self.send_header("Content-Length", str(len(issuer.content)))
                self.end_headers()
                self.wfile.write(issuer.content)

            def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name it has there
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/jwks"

    def __enter__(self) -> Self:
        """Serve."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()


def settings_of(jwks: str, **more: Any) -> Mapping[str, Any]:
    """Settings of auth.jwt for this issuer."""
    return {"issuer": NAME, "audience": AUDIENCE, "jwks": jwks} | more

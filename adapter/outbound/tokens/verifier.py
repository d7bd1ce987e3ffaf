"""Whether a token is good: signature by the issuer, audience, times. What was found good is remembered for a while."""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import jwt

from adapter.errors import Unauthenticated
from adapter.outbound.tokens.issuer_keys import IssuerKeys
from adapter.ports import Clock

# A signature costs a tenth of a millisecond, remembering that it was good some microseconds.
MAX_REMEMBERED = 10_000
_PARTS = 3


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What a token must say."""

    issuer: str
    audience: str
    client_claim: str = "sub"
    algorithms: Sequence[str] = ("RS256", "ES256")
    """Never one with a shared secret, never none."""
    leeway_seconds: float = 30.0


class JwtVerifier:
    """Implements service.authentication.TokenVerifier."""

    def __init__(self, rules: TokenRules, keys: IssuerKeys, clock: Clock) -> None:
        """Forget what was good whenever the issuer's keys change."""
        self._rules = rules
        self._keys = keys
        self._clock = clock
        self._good: OrderedDict[bytes, tuple[str, float]] = OrderedDict()
        keys.on_change = self._good.clear

    def reads(self, secret: str) -> bool:
        """Return whether a secret has the form of a signed token."""
        return secret.count(".") == _PARTS - 1

    async def client_of(self, token: str) -> str:
        """Verify a token and return what it calls its client. Raises Unauthenticated."""
        digest = hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
        known = self._good.get(digest)
        if known is not None and known[1] > self._clock.now().timestamp():
            return known[0]
        client, end = await self._verified(token)
        self._good[digest] = (client, end)
        if len(self._good) > MAX_REMEMBERED:
            self._good.popitem(last=False)
        return client

    async def _verified(self, token: str) -> tuple[str, float]:
        """Return the client, and until when the token is good."""
        try:
            header = jwt.get_unverified_header(token)
            algorithm, key_id = header.get("alg"), header.get("kid", "")
            if not isinstance(algorithm, str) or algorithm not in self._rules.algorithms:
                raise Unauthenticated("The token is signed with an algorithm that auth.jwt.algorithms does not allow.")
            claims = jwt.decode(
                token,
                (await self._key(str(key_id))).key,
                algorithms=[algorithm],
                audience=self._rules.audience,
                issuer=self._rules.issuer,
                leeway=self._rules.leeway_seconds,
                options={"require": ["exp", "iss", "aud", self._rules.client_claim]},
            )
        except (jwt.PyJWTError, ValueError, TypeError) as exc:
            raise _refusal(exc) from None
        client = claims.get(self._rules.client_claim)
        if not isinstance(client, str) or not client:
            raise Unauthenticated(f"The token's claim {self._rules.client_claim} names no client.")
        return client, float(claims["exp"]) + self._rules.leeway_seconds

    async def _key(self, key_id: str) -> jwt.PyJWK:
        key = await self._keys.key(key_id)
        if key is not None:
            return key
        if not self._keys.is_known:
            raise Unauthenticated("Tokens cannot be checked now: the issuer's keys could not be read. Try again later.")
        raise Unauthenticated("The token is signed with a key that the issuer does not publish.")


_CAUSES: tuple[tuple[type[Exception], str], ...] = (
    (jwt.ExpiredSignatureError, "has expired"),
    (jwt.ImmatureSignatureError, "is not valid yet"),
    (jwt.InvalidAudienceError, "is for another audience"),
    (jwt.InvalidIssuerError, "is from another issuer"),
    (jwt.MissingRequiredClaimError, "lacks a claim that it must have"),
    (jwt.InvalidSignatureError, "has a wrong signature"),
)


def _refusal(error: Exception) -> Unauthenticated:
    """Say what is wrong with a token, and nothing that stands in it."""
    cause = next((text for kind, text in _CAUSES if isinstance(error, kind)), "cannot be read")
    return Unauthenticated(f"The token {cause}. Get a new one from its issuer.")

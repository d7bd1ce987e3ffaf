"""Tokens: which are believed, which are not and why, and how the issuer's keys are kept."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest

from adapter.errors import Unauthenticated
from adapter.outbound.system_clock import SystemClock
from adapter.outbound.tokens.issuer_keys import UNKNOWN_KEY_SECONDS, IssuerKeys
from adapter.outbound.tokens.key_set import KeySet, KeySetError, parse_key_set
from adapter.outbound.tokens.verifier import MAX_REMEMBERED, JwtVerifier, TokenRules
from tests.kit.issuer import AUDIENCE, NAME, SigningKey, key_set
from tests.kit.waiting import until

FIRST, SECOND, RSA = SigningKey("first"), SigningKey("second"), SigningKey("rsa", "RS256")
RULES = TokenRules(NAME, AUDIENCE, leeway_seconds=5)


class Clock(SystemClock):
    """A clock whose monotonic time the test moves."""

    def __init__(self) -> None:
        self.at = 100.0

    def monotonic(self) -> float:
        return self.at


class Issuer:
    """Publishes keys; counts who asks."""

    def __init__(self, *keys: SigningKey) -> None:
        self.keys = keys
        self.asked = 0

    async def read(self) -> KeySet:
        self.asked += 1
        if not self.keys:
            raise KeySetError("away")
        return parse_key_set(key_set(*self.keys), "here")


def verifier(issuer: Issuer, clock: Clock | None = None, rules: TokenRules = RULES) -> JwtVerifier:
    clock = clock or Clock()
    return JwtVerifier(rules, IssuerKeys(issuer.read, clock), clock)


@pytest.mark.parametrize("key", [FIRST, RSA], ids=["ES256", "RS256"])
async def test_a_good_token_names_its_client(key: SigningKey) -> None:
    assert await verifier(Issuer(FIRST, RSA)).client_of(key.token("crm")) == "crm"


async def test_the_client_may_stand_in_another_claim() -> None:
    rules = TokenRules(NAME, AUDIENCE, client_claim="azp")

    assert await verifier(Issuer(FIRST), rules=rules).client_of(FIRST.token(sub="x", azp="crm")) == "crm"


def unsigned() -> str:
    return jwt.encode({"iss": NAME, "aud": AUDIENCE, "sub": "crm", "exp": time.time() + 300}, "", "none")


def signed_with_the_public_key() -> str:
    """The classic: HMAC with the published half as the secret."""
    parts = [{"alg": "HS256", "kid": "first"}, {"iss": NAME, "aud": AUDIENCE, "sub": "crm", "exp": time.time() + 300}]
    text = ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
    signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(
        text.encode(), json.dumps(FIRST.public).encode()
    )
    return f"{text}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: FIRST.token(exp=time.time() - 60), "has expired"),
        (lambda: FIRST.token(exp=None), "lacks a claim"),
        (lambda: FIRST.token(aud="somebody-else"), "another audience"),
        (lambda: FIRST.token(aud=None), "lacks a claim"),
        (lambda: FIRST.token(iss="https://other.example"), "another issuer"),
        (lambda: FIRST.token(nbf=time.time() + 60), "not valid yet"),
        (lambda: FIRST.token(sub=None), "lacks a claim"),
        (lambda: FIRST.token(sub=""), "names no client"),
        (lambda: SigningKey("first").token(), "wrong signature"),
        (lambda: SigningKey("rsa").token(), "cannot be read"),
        (lambda: SigningKey("unknown").token(), "does not publish"),
        (lambda: FIRST.token()[:-4] + "AAAA", "wrong signature"),
        (unsigned, "does not allow"),
        (signed_with_the_public_key, "does not allow"),
        (lambda: "a.b.c", "cannot be read"),
        (lambda: "..", "cannot be read"),
        (lambda: "\udcff.\udcff.\udcff", "cannot be read"),
    ],
)
async def test_a_token_that_is_not_good_is_refused_with_its_cause_and_nothing_of_it(
    make: Callable[[], str], told: str
) -> None:
    token = make()

    with pytest.raises(Unauthenticated, match=told) as refusal:
        await verifier(Issuer(FIRST, RSA)).client_of(token)

    assert not [part for part in token.split(".") if len(part) > 4 and part in str(refusal.value)]


async def test_a_clock_that_is_a_little_off_is_forgiven() -> None:
    assert await verifier(Issuer(FIRST)).client_of(FIRST.token(exp=time.time() - 2)) == "crm"


async def test_a_good_token_is_verified_once_and_not_believed_after_its_end() -> None:
    issuer = Issuer(FIRST)
    checker = verifier(issuer, rules=TokenRules(NAME, AUDIENCE, leeway_seconds=0))
    end = int(time.time()) + 1
    token = FIRST.token(exp=end)
    assert await checker.client_of(token) == await checker.client_of(token) == "crm"

    until(lambda: time.time() > end)

    with pytest.raises(Unauthenticated, match="has expired"):
        await checker.client_of(token)


async def test_only_so_many_tokens_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapter.outbound.tokens.verifier.MAX_REMEMBERED", 3)
    checker = verifier(Issuer(FIRST))

    for number in range(10):
        await checker.client_of(FIRST.token(jti=str(number)))

    assert MAX_REMEMBERED > 3
    assert len(checker._good) == 3  # noqa: SLF001 - what is bounded has no other face


async def test_a_new_key_of_the_issuer_is_found_and_one_taken_back_is_not_believed_any_more() -> None:
    clock, issuer = Clock(), Issuer(FIRST)
    checker = verifier(issuer, clock)
    old = FIRST.token()
    assert await checker.client_of(old) == "crm"

    issuer.keys = (SECOND,)
    clock.at += UNKNOWN_KEY_SECONDS
    assert await checker.client_of(SECOND.token("billing")) == "billing"

    with pytest.raises(Unauthenticated, match="does not publish"):
        await checker.client_of(old)


async def test_made_up_key_ids_do_not_make_us_ask_again_and_again() -> None:
    clock, issuer = Clock(), Issuer(FIRST)
    checker = verifier(issuer, clock)

    for number in range(50):
        with pytest.raises(Unauthenticated):
            await checker.client_of(SigningKey(f"made-up-{number}").token())
        clock.at += 0.1

    assert issuer.asked == 1
    clock.at += UNKNOWN_KEY_SECONDS
    with pytest.raises(Unauthenticated):
        await checker.client_of(SigningKey("made-up").token())
    assert issuer.asked == 2


async def test_keys_that_cannot_be_had_again_stay_and_without_any_the_answer_says_so() -> None:
    clock, issuer = Clock(), Issuer()
    keys = IssuerKeys(issuer.read, clock)
    checker = JwtVerifier(RULES, keys, clock)
    with pytest.raises(Unauthenticated, match="could not be read"):
        await checker.client_of(FIRST.token())

    issuer.keys = (FIRST,)
    await keys.refresh()
    issuer.keys = ()
    await keys.refresh()

    assert await checker.client_of(FIRST.token()) == "crm"


async def test_a_token_without_a_key_id_fits_the_only_key() -> None:
    claims: dict[str, Any] = {"iss": NAME, "aud": AUDIENCE, "sub": "crm", "exp": time.time() + 60}
    token = jwt.encode(claims, FIRST.private, "ES256")

    assert await verifier(Issuer(FIRST)).client_of(token) == "crm"
    with pytest.raises(Unauthenticated):
        await verifier(Issuer(FIRST, SECOND)).client_of(token)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"keys": []}',
        b'{"keys": [1]}',
        b'{"keys": [{"kty": "oct", "k": "bmV2ZXItc2hvdy1hYmM", "kid": "a"}]}',
        b'{"keys": [{"kty": "EC", "crv": "never-show-x"}]}',
    ],
)
def test_what_holds_no_public_key_is_refused_without_its_content(content: bytes) -> None:
    with pytest.raises(KeySetError) as refusal:
        parse_key_set(content, "https://issuer.example/jwks")

    assert "never-show" not in str(refusal.value)
    assert "bmV2ZXI" not in str(refusal.value)


def test_keys_of_kinds_that_nobody_knows_are_passed_over() -> None:
    document = {"keys": [{"kty": "PQ", "kid": "new"}, {"kty": "EC", "crv": "P-0", "kid": "odd"}, FIRST.public]}

    assert set(parse_key_set(json.dumps(document).encode(), "here")) == {"first"}


@pytest.mark.parametrize("secret", ["", "plain-key", "a.b", "a.b.c.d"])
def test_only_what_has_three_parts_is_taken_for_a_token(secret: str) -> None:
    assert not verifier(Issuer(FIRST)).reads(secret)
    assert verifier(Issuer(FIRST)).reads("a.b.c")

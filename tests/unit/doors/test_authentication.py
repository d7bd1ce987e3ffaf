"""Who calls, by key, token or certificate; and what a client may."""

from hashlib import sha256

import pytest

from adapter.domain.client import Client, Role
from adapter.domain.credentials import Credentials, PeerCertificate
from adapter.errors import PermissionDenied, Unauthenticated
from adapter.service.api import Caller
from adapter.service.authentication import Authentication
from adapter.service.clients import ClientDirectory, Clients, KnownClient

KEY = "never-show-7c1e"
# The three bytes "DER" stand for a certificate; what counts is their digest.
PEM = b"-----BEGIN CERTIFICATE-----\nREVS\n-----END CERTIFICATE-----\n"
CRM = KnownClient(
    Client("crm", frozenset({"classify-ticket"})),
    key_sha256=[sha256(KEY.encode()).hexdigest()],
    amqp_users=["svc_crm"],
    certificate_sha256=[sha256(b"DER").hexdigest()],
    certificate_names=["CN=crm,O=Acme", "crm.corp"],
    jwt_clients=["crm@corp"],
)
OPS = KnownClient(Client("ops", role=Role.OPERATOR), certificate_names=["ops.corp"])
LISTED = ClientDirectory([CRM, OPS], takes_unlisted=False)
CRM_CALLER = Caller("crm", is_operator=False, tasks=frozenset({"classify-ticket"}))


class FakeVerifier:
    """Believes tokens that begin with "token."; what follows names the client."""

    def reads(self, secret: str) -> bool:
        return secret.startswith("token.")

    async def client_of(self, token: str) -> str:
        return token.removeprefix("token.")


def doors(directory: ClientDirectory = LISTED) -> Authentication:
    return Authentication(Clients(directory), FakeVerifier())


def shows(*, pem: bytes = b"", subject: str = "", names: tuple[str, ...] = ()) -> Credentials:
    return Credentials(certificate=PeerCertificate(pem, subject, frozenset(names)))


@pytest.mark.parametrize(
    "shown",
    [
        Credentials(KEY),
        Credentials("token.crm"),
        Credentials("token.crm@corp"),
        shows(pem=PEM),
        shows(subject="CN=crm,O=Acme"),
        shows(names=("other", "crm.corp")),
    ],
)
async def test_all_ways_in_lead_to_the_same_client(shown: Credentials) -> None:
    assert await doors().caller_of(shown) == CRM_CALLER


@pytest.mark.parametrize(
    "shown",
    [
        Credentials(),
        Credentials(""),
        Credentials(KEY + "x"),
        Credentials("\udcff"),
        shows(pem=PEM.replace(b"REVS", b"REVT")),
        shows(pem=b"no certificate"),
        shows(subject="CN=crm"),
        shows(names=("crm.corp", "ops.corp")),
    ],
)
async def test_who_shows_nothing_that_is_known_is_refused(shown: Credentials) -> None:
    with pytest.raises(Unauthenticated):
        await doors().caller_of(shown)


async def test_a_wrong_key_is_not_saved_by_a_good_certificate() -> None:
    certificate = PeerCertificate(PEM, "", frozenset())

    with pytest.raises(Unauthenticated):
        await doors().caller_of(Credentials("wrong", certificate))


async def test_a_good_token_of_somebody_who_is_not_listed_is_denied() -> None:
    with pytest.raises(PermissionDenied):
        await doors().caller_of(Credentials("token.billing"))


async def test_without_a_keys_file_the_issuer_decides_who_is_a_client_but_nobody_is_an_operator() -> None:
    caller = await doors(ClientDirectory()).caller_of(Credentials("token.billing"))

    assert caller == Caller("billing", is_operator=False)
    with pytest.raises(PermissionDenied):
        await doors(ClientDirectory()).caller_of(Credentials("token.No Name"))


async def test_tokens_are_not_taken_where_no_issuer_is_configured() -> None:
    with pytest.raises(Unauthenticated):
        await Authentication(Clients(LISTED)).caller_of(Credentials("token.crm"))


def test_a_client_that_is_not_listed_any_more_may_use_nothing() -> None:
    gone, unmapped = LISTED.by_name("gone"), LISTED.by_name("default")

    assert not gone.may_use("classify-ticket")
    assert unmapped.may_use("classify-ticket")


def test_a_broker_user_of_nobody_is_the_default_client() -> None:
    assert [LISTED.by_amqp_user(user) for user in ("svc_crm", "somebody", "")] == ["crm", "default", "default"]


def test_nothing_that_was_shown_stands_in_a_repr() -> None:
    text = repr([Credentials(KEY, PeerCertificate(PEM)), CRM, LISTED])

    assert KEY not in text
    assert "REVS" not in text
    assert CRM.key_sha256[0] not in text

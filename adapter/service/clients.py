"""The clients that are known, found by what they show: a key, a certificate, a broker user, a token's word."""

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from adapter.domain.client import CLIENT_NAME, DEFAULT_CLIENT, Client
from adapter.domain.credentials import PeerCertificate
from adapter.errors import PermissionDenied

ClientOf = Callable[[str], Client]
"""The client of that name, as it may act now."""


def task_denied(client: str, task_name: str) -> PermissionDenied:
    """Say that a client may not use a task; whether there is such a task stays untold."""
    return PermissionDenied(
        f"The client {client} may not use the task {task_name[:64]!r}. Have the operator add it to the client's tasks "
        "in the keys file.",
        metadata={"client": client, "task": task_name},
    )


@dataclass(frozen=True, slots=True)
class KnownClient:
    """A client with everything that it can be known by."""

    client: Client
    key_sha256: Sequence[str] = field(default=(), repr=False)
    """Digests of its keys, 64 hex digits each."""
    amqp_users: Sequence[str] = ()
    certificate_sha256: Sequence[str] = ()
    """Fingerprints of its certificates, 64 hex digits each."""
    certificate_names: Sequence[str] = ()
    """Subjects and alternative names of its certificates."""
    jwt_clients: Sequence[str] = ()
    """What tokens call it, beside its name."""


class ClientDirectory:
    """The clients of one reading of the configuration. Immutable."""

    def __init__(self, known: Iterable[KnownClient] = (), *, takes_unlisted: bool = True) -> None:
        """`takes_unlisted`: a name that is not listed is a client all the same, with every task."""
        clients = tuple(known)
        self._takes_unlisted = takes_unlisted
        self._by_name = {one.client.name: one.client for one in clients}
        self._by_key = {key: one.client for one in clients for key in one.key_sha256}
        self._by_amqp_user = {user: one.client.name for one in clients for user in one.amqp_users}
        self._by_jwt_client = {value: one.client for one in clients for value in one.jwt_clients}
        self._by_sha256 = {digest: one.client for one in clients for digest in one.certificate_sha256}
        self._by_certificate_name = {name: one.client for one in clients for name in one.certificate_names}

    def __len__(self) -> int:
        """How many are listed."""
        return len(self._by_name)

    def by_key(self, key: str) -> Client | None:
        """Find the client of an API key. What is compared are digests, so that time tells nothing about a key."""
        return self._by_key.get(hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest())

    def by_certificate(self, certificate: PeerCertificate) -> Client | None:
        """Find the client of a certificate that the transport has verified; None also if it fits several."""
        names = (certificate.subject, *certificate.names)
        found = {self._by_certificate_name[name] for name in names if name in self._by_certificate_name}
        if self._by_sha256 and certificate.sha256 in self._by_sha256:
            found.add(self._by_sha256[certificate.sha256])
        return found.pop() if len(found) == 1 else None

    def by_token(self, value: str) -> Client | None:
        """Find the client that a verified token names."""
        found = self._by_jwt_client.get(value) or self._by_name.get(value)
        if found is None and self._takes_unlisted and re.fullmatch(CLIENT_NAME, value):
            return Client(value)
        return found

    def by_amqp_user(self, user_id: str) -> str:
        """Name the client of a user that the broker has verified; the default client if it is nobody's."""
        return self._by_amqp_user.get(user_id, DEFAULT_CLIENT)

    def by_name(self, name: str) -> Client:
        """Return a client as it may act; one that is not listed any more may use no task."""
        found = self._by_name.get(name)
        if found is not None:
            return found
        return Client(name) if self._takes_unlisted or name == DEFAULT_CLIENT else Client(name, tasks=frozenset())


class Clients:
    """The directory of now: replaced as a whole when the configuration was read again."""

    def __init__(self, directory: ClientDirectory | None = None) -> None:
        """Without a directory everybody may use everything."""
        self.directory = directory or ClientDirectory()

    def client_of(self, name: str) -> Client:
        """Return the client of that name as it may act now."""
        return self.directory.by_name(name)

    def name_of_amqp_user(self, user_id: str) -> str:
        """Name the client that a verified broker user is."""
        return self.directory.by_amqp_user(user_id)

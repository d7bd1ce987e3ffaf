"""The keys file: clients with what they are known by. Holds hashes of keys, never a key."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from adapter.domain.client import CLIENT_NAME, Client, Rate, Role
from adapter.durations import parse_duration_seconds
from adapter.service.clients import KnownClient
from adapter.tasks.located_yaml import LocatedYaml, parse_located
from adapter.tasks.problem import Problem, TaskProblems
from adapter.tasks.read_model import read_model

_RATE = re.compile(r"([1-9][0-9]{0,8})\s*/\s*(?:([0-9.]*)\s*)(s|sec|min|m|h|hour|d|day)")
_UNITS = {"sec": "s", "min": "m", "hour": "h", "day": "d"}


def _rate(value: object) -> Rate:
    match = _RATE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("is not a rate; write requests/time, such as 60/min, 5/s or 1000/10m")
    seconds = parse_duration_seconds(f"{match[2] or 1}{_UNITS.get(match[3], match[3])}")
    return Rate(int(match[1]), seconds)


def _listed(value: object) -> object:
    return [value] if isinstance(value, (str, dict)) else value


def _digest(value: str) -> str:
    digest = value.replace(":", "").lower()
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise ValueError("is not a SHA-256 digest of 64 hex digits; the file holds digests, never a key itself")
    return digest


Digest = Annotated[str, AfterValidator(_digest)]
Text = Annotated[str, Field(min_length=1, max_length=1024)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, arbitrary_types_allowed=True)


class _Certificate(_Part):
    """By what a certificate is known; any one of them is enough."""

    subject: Text | None = None
    san: Text | None = None
    sha256: Digest | None = None


class _Entry(_Part):
    name: Annotated[str, Field(pattern=rf"^{CLIENT_NAME}$")]
    key_sha256: Annotated[list[Digest], BeforeValidator(_listed)] = []
    amqp_user: Annotated[list[Text], BeforeValidator(_listed)] = []
    certificate: Annotated[list[_Certificate], BeforeValidator(_listed)] = []
    jwt_client: Annotated[list[Text], BeforeValidator(_listed)] = []
    tasks: list[Text] | None = None
    rate: Annotated[Rate, BeforeValidator(_rate)] | None = None
    role: Role = Role.CLIENT

    def known(self) -> KnownClient:
        return KnownClient(
            Client(self.name, None if self.tasks is None else frozenset(self.tasks), self.rate, self.role),
            self.key_sha256,
            self.amqp_user,
            [one.sha256 for one in self.certificate if one.sha256],
            [name for one in self.certificate for name in (one.subject, one.san) if name],
            self.jwt_client,
        )


class _File(_Part):
    clients: list[_Entry]


def read_keys(path: Path) -> tuple[KnownClient, ...]:
    """Read a keys file. Raises TaskProblems with file and line of everything that is wrong with it."""
    try:
        content = path.read_bytes()
    except OSError as exc:
        raise TaskProblems([Problem(str(path), 0, f"cannot be read: {exc.strerror}")]) from exc
    located = parse_located(content, str(path))
    # The file is a bare list; its lines are found as those of that list.
    clients = located.value if isinstance(located.value, list) else None
    if clients is None:
        raise TaskProblems([Problem(str(path), 1, "must be a list of clients: - {name: crm, key_sha256: …}")])
    lines = {("clients", *place): line for place, line in located.lines.items()} | {(): 1}
    wrapped = LocatedYaml(located.file, {"clients": clients}, lines)
    entries = read_model(_File, wrapped).clients
    problems = list(_repeated(entries, wrapped))
    if problems:
        raise TaskProblems(problems)
    return tuple(entry.known() for entry in entries)


def _repeated(entries: list[_Entry], source: LocatedYaml) -> Iterator[Problem]:
    """What two clients have in common: nobody could tell who of them calls."""
    shown = [entry.known() for entry in entries]
    counted: dict[str, list[Sequence[str]]] = {
        "name": [[one.client.name] for one in shown],
        "key_sha256": [one.key_sha256 for one in shown],
        "amqp_user": [one.amqp_users for one in shown],
        "certificate": [[*one.certificate_sha256, *one.certificate_names] for one in shown],
        "jwt_client": [one.jwt_clients for one in shown],
    }
    for key, values in counted.items():
        times = Counter(value for of_entry in values for value in set(of_entry))
        for index, of_entry in enumerate(values):
            if any(times[value] > 1 for value in of_entry):
                yield source.problem(("clients", index, key), f"{key}: another client has the same; each needs its own")

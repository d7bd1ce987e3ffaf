"""One adapter behind a keys file, with clients that may different things."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.kit.adapter_process import ROOT, AdapterProcess
from tests.kit.callers import GrpcCaller
from tests.kit.secrets import digest_of, made_up

TICKET = (ROOT / "examples/tasks/classify-ticket/samples/01-double-charge.json").read_bytes()


@dataclass(frozen=True)
class KeysFile:
    """A keys file, and the keys whose digests are in it."""

    path: Path
    keys: dict[str, str]

    def write(self, *clients: dict[str, Any]) -> None:
        """Write clients; each gets a key of its own unless it says otherwise."""
        entries = []
        for client in clients:
            key = self.keys.setdefault(client["name"], made_up(client["name"]))
            entries.append({"key_sha256": digest_of(key)} | client)
        self.path.write_text(yaml.safe_dump(entries))

    @property
    def setting(self) -> str:
        return f"file:{self.path}"


CLIENTS = (
    {"name": "crm", "tasks": ["classify-ticket"], "amqp_user": "svc_crm"},
    {"name": "billing", "tasks": ["extract-invoice"]},
    {"name": "ops", "role": "operator"},
)


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeysFile:
    file = KeysFile(tmp_path_factory.mktemp("keys") / "keys.yaml", {})
    file.write(*CLIENTS)
    return file


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory, keys: KeysFile) -> Iterator[AdapterProcess]:
    """Give an adapter that knows crm, billing and ops."""
    with AdapterProcess(tmp_path_factory.mktemp("guarded"), {"auth": {"keys": keys.setting}}) as process:
        yield process


Caller = Callable[[str], GrpcCaller]


@pytest.fixture
def caller_with(guarded: AdapterProcess) -> Iterator[Caller]:
    """Give callers of the guarded adapter by the key that they show; "" = none."""
    made: list[GrpcCaller] = []

    def make(key: str) -> GrpcCaller:
        made.append(GrpcCaller(guarded.grpc_address, key=key))
        return made[-1]

    yield make
    for caller in made:
        caller.close()

"""The client and the doors of a real adapter: its key, whom it trusts, and the certificate it shows."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from llm_adapter import AdapterClient, AdapterError, AsyncAdapterClient, Tls

from tests.kit.adapter_process import ROOT, AdapterProcess
from tests.kit.certificates import Authority, Pair
from tests.kit.secrets import digest_of, made_up

TICKET = (ROOT / "examples" / "tasks" / "classify-ticket" / "samples" / "01-double-charge.json").read_bytes()


@dataclass(frozen=True, slots=True)
class Guarded:
    """An adapter that lets in nobody without a key, and nobody without a certificate of its authority."""

    address: str
    key: str
    ca_file: Path
    own: Pair

    def tls(self) -> Tls:
        return Tls(self.ca_file, self.own.certificate, self.own.key)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    authority, key = Authority(folder), made_up("crm")
    keys = folder / "keys.yaml"
    keys.write_text(yaml.safe_dump([{"name": "crm", "key_sha256": digest_of(key), "tasks": ["classify-ticket"]}]))
    shown = authority.issue("adapter", "localhost")
    tls = {"certificate": str(shown.certificate), "key": str(shown.key), "client_ca": str(authority.file)}
    settings = {"auth": {"keys": f"file:{keys}"}, "grpc": {"listen": "127.0.0.1:0", "tls": tls}}
    with AdapterProcess(folder, settings) as process:
        yield Guarded(f"localhost:{process.grpc_port}", key, authority.file, authority.issue("crm"))


def failed(guarded: Guarded, *, key: str = "", tls: Tls | None, task: str = "classify-ticket") -> AdapterError:
    with (
        AdapterClient(guarded.address, api_key=key or guarded.key, tls=tls, most_tries=1) as client,
        pytest.raises(AdapterError) as caught,
    ):
        client.run(task, TICKET, timeout_seconds=60)
    return caught.value


def test_a_client_with_key_and_certificate_is_let_in(guarded: Guarded) -> None:
    with AdapterClient(guarded.address, api_key=guarded.key, tls=guarded.tls()) as client:
        job = client.run("classify-ticket", TICKET)

    assert job.message.client == "crm"


async def test_so_is_an_asynchronous_one_with_a_bearer_token(guarded: Guarded) -> None:
    async with AsyncAdapterClient(guarded.address, bearer_token=lambda: guarded.key, tls=guarded.tls()) as client:
        assert (await client.run("classify-ticket", TICKET)).message.client == "crm"


def test_a_wrong_key_is_for_somebody_to_fix(guarded: Guarded) -> None:
    error = failed(guarded, key=made_up("wrong"), tls=guarded.tls())

    assert (error.reason, error.retryable, error.is_retryable) == ("UNAUTHENTICATED", "FIX", False)
    assert "wrong" not in str(error)


def test_the_task_of_another_client_is_denied(guarded: Guarded) -> None:
    assert failed(guarded, tls=guarded.tls(), task="extract-invoice").reason == "PERMISSION_DENIED"


@pytest.mark.parametrize("missing", ["certificate", "trust", "tls"])
def test_without_what_the_connection_needs_nothing_goes_through(guarded: Guarded, missing: str, tmp_path: Path) -> None:
    tls = {
        "certificate": Tls(guarded.ca_file),
        "trust": Tls(Authority(tmp_path, "stranger").file, guarded.own.certificate, guarded.own.key),
        "tls": None,
    }

    assert failed(guarded, tls=tls[missing]).reason == "UNAVAILABLE"


def test_the_name_in_the_certificate_may_differ_from_the_address_if_it_is_given(guarded: Guarded) -> None:
    address = guarded.address.replace("localhost", "127.0.0.1")
    named = Tls(guarded.ca_file, guarded.own.certificate, guarded.own.key, server_name="localhost")

    with AdapterClient(address, api_key=guarded.key, tls=named) as client:
        assert client.run("classify-ticket", TICKET).message.client == "crm"
    with (
        AdapterClient(address, api_key=guarded.key, tls=guarded.tls(), most_tries=1) as client,
        pytest.raises(AdapterError, match="UNAVAILABLE"),
    ):
        client.run("classify-ticket", TICKET, timeout_seconds=60)

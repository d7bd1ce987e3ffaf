"""The Python client before a door: its key over TLS, its certificate, and what a refusal looks like to it."""

from collections.abc import Iterator

import pytest
import yaml
from llm_adapter import AdapterClient, AdapterError, Reason, Tls

from tests.integration.security.conftest import TICKET
from tests.kit.adapter_process import AdapterProcess
from tests.kit.certificates import Authority
from tests.kit.secrets import digest_of, made_up


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("client-authority"))


KEY = made_up("python")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("client-doors")
    shown = authority.issue("adapter", "localhost")
    clients = [
        {"name": "crm", "key_sha256": digest_of(KEY), "tasks": ["classify-ticket"]},
        {"name": "billing", "certificate": {"san": "billing.corp"}, "tasks": []},
    ]
    (folder / "keys.yaml").write_text(yaml.safe_dump(clients))
    tls = {"certificate": str(shown.certificate), "key": str(shown.key), "client_ca": str(authority.file)}
    settings = {"auth": {"keys": f"file:{folder}/keys.yaml"}, "grpc": {"listen": "127.0.0.1:0", "tls": tls}}
    with AdapterProcess(folder, settings) as process:
        yield f"localhost:{process.grpc_port}"


def shown_by(authority: Authority, *names: str) -> Tls:
    pair = authority.issue("python", *names)
    return Tls(ca_file=authority.file, certificate_file=pair.certificate, key_file=pair.key)


def test_a_client_comes_in_with_its_key(address: str, authority: Authority) -> None:
    with AdapterClient(address, api_key=KEY, tls=shown_by(authority)) as client:
        assert client.run("classify-ticket", TICKET, content_type="application/json").message.client == "crm"


@pytest.mark.parametrize(
    ("names", "reason"), [(("billing.corp",), Reason.PERMISSION_DENIED), ((), Reason.UNAUTHENTICATED)]
)
def test_a_refusal_is_an_exception_with_its_reason(
    address: str, authority: Authority, names: tuple[str, ...], reason: Reason
) -> None:
    with (
        AdapterClient(address, tls=shown_by(authority, *names)) as client,
        pytest.raises(AdapterError) as refusal,
    ):
        client.run("classify-ticket", TICKET, content_type="application/json")

    assert refusal.value.reason == reason
    assert not refusal.value.is_retryable


def test_a_key_stays_out_of_the_repr_of_client_and_error(address: str, authority: Authority) -> None:
    wrong = made_up("wrong")
    with (
        AdapterClient(address, api_key=wrong, tls=shown_by(authority)) as client,
        pytest.raises(AdapterError) as refusal,
    ):
        client.run("classify-ticket", TICKET, content_type="application/json")

    assert wrong not in f"{client!r} {vars(refusal.value)} {refusal.value}"

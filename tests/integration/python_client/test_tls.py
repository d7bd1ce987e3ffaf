"""The client over TLS: who it trusts, and the certificate it shows."""

import subprocess
from pathlib import Path

import grpc
import pytest
from llm_adapter import AdapterClient, AdapterError, Tls
from llm_adapter.testing import FakeAdapter


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an authority, and certificates of an adapter and of a client."""
    folder = tmp_path_factory.mktemp("certificates")
    for name in ("ca", "other"):
        certificate(folder, name, "-x509", "-days", "2")
    for name in ("server", "client"):
        signed_by = ("-CA", f"{folder}/ca.pem", "-CAkey", f"{folder}/ca.key")
        certificate(folder, name, "-x509", "-days", "2", "-addext", "subjectAltName=DNS:adapter.internal", *signed_by)
    return folder


def certificate(folder: Path, name: str, *options: str) -> None:
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{folder}/{name}.key")
    command = ["openssl", "req", *key, "-subj", f"/CN={name}", "-out", f"{folder}/{name}.pem", *options]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - fixed arguments


def server_credentials(folder: Path) -> grpc.ServerCredentials:
    pair = ((folder / "server.key").read_bytes(), (folder / "server.pem").read_bytes())
    return grpc.ssl_server_credentials([pair], (folder / "ca.pem").read_bytes(), require_client_auth=True)


def run_with(folder: Path, tls: Tls | None) -> bytes:
    with FakeAdapter(server_credentials(folder)) as fake:
        fake.answer("t", {"n": 1})
        with AdapterClient(fake.address, tls=tls, most_tries=1) as client:
            return client.run("t", b"", timeout_seconds=10).content


def test_a_client_with_a_certificate_is_let_in(folder: Path) -> None:
    tls = Tls(folder / "ca.pem", folder / "client.pem", folder / "client.key", server_name="adapter.internal")

    assert run_with(folder, tls) == b'{"n":1}'


@pytest.mark.parametrize("missing", ["certificate", "trust", "name", "tls"])
def test_a_client_without_all_it_needs_is_not(folder: Path, missing: str) -> None:
    has_own = missing != "certificate"
    tls = Tls(
        folder / ("other.pem" if missing == "trust" else "ca.pem"),
        folder / "client.pem" if has_own else None,
        folder / "client.key" if has_own else None,
        server_name="" if missing == "name" else "adapter.internal",
    )

    with pytest.raises(AdapterError) as failed:
        run_with(folder, None if missing == "tls" else tls)

    assert failed.value.reason == "UNAVAILABLE"

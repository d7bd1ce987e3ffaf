"""TLS and client certificates at the gRPC port, and files that change while it listens."""

import datetime as dt
import socket
import ssl
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
import yaml
from cryptography import x509
from llm_adapter.v1.job_service_pb2 import ListJobsRequest

from tests.integration.security.conftest import TICKET, KeysFile
from tests.kit.adapter_process import AdapterProcess
from tests.kit.callers import GrpcCaller, GrpcFailure, failures, new_id
from tests.kit.certificates import Authority, Pair
from tests.kit.secrets import digest_of, made_up
from tests.kit.waiting import until


@dataclass(frozen=True)
class Secured:
    """An adapter behind TLS."""

    process: AdapterProcess
    authority: Authority
    shown: Pair

    @property
    def port(self) -> int:
        return self.process.grpc_port


def tls(shown: Pair, client_ca: Authority | None = None) -> dict[str, Any]:
    files = {"certificate": str(shown.certificate), "key": str(shown.key)}
    return files | ({"client_ca": str(client_ca.file)} if client_ca else {})


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory, keys: KeysFile) -> Iterator[Secured]:
    """Give an adapter with a server certificate, and keys."""
    folder = tmp_path_factory.mktemp("secured")
    authority = Authority(folder)
    shown = authority.issue("adapter", "localhost")
    settings = {"auth": {"keys": keys.setting}, "grpc": {"listen": "127.0.0.1:0", "tls": tls(shown)}}
    with AdapterProcess(folder, settings) as process:
        yield Secured(process, authority, shown)


def listed(caller: GrpcCaller) -> str:
    """How a call ends: OK, or its code."""
    try:
        with failures():
            caller.jobs.ListJobs(ListJobsRequest(), timeout=60)
    except GrpcFailure as failure:
        return failure.code
    finally:
        caller.close()
    return "OK"


def test_a_key_comes_in_over_tls(secured: Secured, keys: KeysFile) -> None:
    address = f"localhost:{secured.port}"

    assert listed(GrpcCaller(address, key=keys.keys["crm"], tls=secured.authority.trusted())) == "OK"
    assert listed(GrpcCaller(address, key=made_up("wrong"), tls=secured.authority.trusted())) == "UNAUTHENTICATED"


def test_plaintext_to_a_tls_port_gets_nothing(secured: Secured, keys: KeysFile) -> None:
    assert listed(GrpcCaller(f"localhost:{secured.port}", key=keys.keys["crm"])) == "UNAVAILABLE"


def test_a_client_refuses_a_server_that_it_does_not_trust_or_that_has_another_name(
    secured: Secured, keys: KeysFile, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path, "stranger")
    key = keys.keys["crm"]

    assert listed(GrpcCaller(f"localhost:{secured.port}", key=key, tls=stranger.trusted())) == "UNAVAILABLE"
    assert listed(GrpcCaller(f"127.0.0.1:{secured.port}", key=key, tls=secured.authority.trusted())) == "UNAVAILABLE"


def shakes_hands(port: int, authority: Authority, version: ssl.TLSVersion) -> str | None:
    """Return the TLS version of a handshake with exactly this one; None = refused."""
    context = ssl.create_default_context(cafile=authority.file)
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        context.minimum_version = context.maximum_version = version
    # Our own library would refuse the old versions itself, and prove nothing.
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.set_alpn_protocols(["h2"])
    try:
        with (
            socket.create_connection(("localhost", port), timeout=60) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as secure,
        ):
            return secure.version()
    except (ssl.SSLError, ConnectionResetError):
        return None


@pytest.mark.parametrize(
    ("version", "spoken"),
    [
        (ssl.TLSVersion.TLSv1, None),
        (ssl.TLSVersion.TLSv1_1, None),
        (ssl.TLSVersion.TLSv1_2, "TLSv1.2"),
        (ssl.TLSVersion.TLSv1_3, "TLSv1.3"),
    ],
)
def test_nothing_below_tls_1_2_is_spoken(secured: Secured, version: ssl.TLSVersion, spoken: str | None) -> None:
    assert shakes_hands(secured.port, secured.authority, version) == spoken


def serial_of(secured: Secured) -> int:
    """Serial number of the certificate that a new connection is shown."""
    context = ssl.create_default_context(cafile=secured.authority.file)
    with (
        socket.create_connection(("localhost", secured.port), timeout=60) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        der = secure.getpeercert(binary_form=True)
    assert der is not None

    return x509.load_der_x509_certificate(der).serial_number


def test_a_renewed_certificate_is_shown_to_new_connections_and_a_broken_one_is_not(
    secured: Secured, keys: KeysFile
) -> None:
    before = GrpcCaller(f"localhost:{secured.port}", key=keys.keys["crm"], tls=secured.authority.trusted())
    assert before.run("classify-ticket", TICKET).client == "crm"
    renewed = secured.authority.issue("adapter", "localhost")

    secured.shown.key.write_text("half a key")
    assert serial_of(secured) not in {0, renewed.parsed.serial_number}
    secured.shown.replace_with(renewed)

    assert serial_of(secured) == renewed.parsed.serial_number
    assert listed(before) == "OK", "the connection from before goes on"
    assert "certificate_not_read" in {event["event"] for event in secured.process.events()}


# --- client certificates ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mutual:
    """An adapter that asks its clients for certificates."""

    process: AdapterProcess
    authority: Authority
    keys_file: Path
    key: str

    def caller(self, shown: Pair | None, *, key: str = "") -> GrpcCaller:
        return GrpcCaller(f"localhost:{self.process.grpc_port}", key=key, tls=self.authority.trusted(shown))


@pytest.fixture(scope="module")
def mutual(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mutual]:
    """Give an adapter with a client CA; who a certificate belongs to is written by the tests."""
    folder = tmp_path_factory.mktemp("mutual")
    authority = Authority(folder)
    keys_file, key = folder / "keys.yaml", made_up()
    keys_file.write_text(yaml.safe_dump([{"name": "crm", "key_sha256": digest_of(key)}]))
    grpc_section = {"listen": "127.0.0.1:0", "tls": tls(authority.issue("adapter", "localhost"), authority)}
    with AdapterProcess(folder, {"auth": {"keys": f"file:{keys_file}"}, "grpc": grpc_section}) as process:
        yield Mutual(process, authority, keys_file, key)


def test_a_certificate_is_known_by_subject_name_or_fingerprint_and_is_the_same_client_as_its_key(
    mutual: Mutual,
) -> None:
    by_subject = mutual.authority.issue("crm")
    by_name = mutual.authority.issue("x", "crm.corp", "spiffe://corp/crm")
    by_fingerprint = mutual.authority.issue("y")
    marks = [{"subject": "CN=crm,O=Acme"}, {"san": "spiffe://corp/crm"}, {"sha256": by_fingerprint.sha256}]
    entry = {"name": "crm", "key_sha256": digest_of(mutual.key), "certificate": marks}
    mutual.keys_file.write_text(yaml.safe_dump([entry]))
    until(lambda: listed(mutual.caller(by_subject)) == "OK")

    request_id = new_id()
    first = mutual.caller(by_subject, key=mutual.key)
    jobs = [first.run("classify-ticket", TICKET, request_id=request_id)]
    first.close()
    for shown in (by_subject, by_name, by_fingerprint):
        caller = mutual.caller(shown)
        jobs.append(caller.run("classify-ticket", TICKET, request_id=request_id))
        assert caller.get(jobs[0].job_id).client == "crm"
        caller.close()

    assert {job.job_id for job in jobs} == {jobs[0].job_id}


def test_a_certificate_of_nobody_is_refused_even_if_the_authority_is_right(mutual: Mutual) -> None:
    assert listed(mutual.caller(mutual.authority.issue("nobody"))) == "UNAUTHENTICATED"


def test_without_a_certificate_or_with_one_of_another_authority_there_is_no_connection(
    mutual: Mutual, tmp_path: Path
) -> None:
    forged = Authority(tmp_path, "stranger").issue("crm", "crm.corp")

    assert listed(mutual.caller(None, key=mutual.key)) == "UNAVAILABLE"
    assert listed(mutual.caller(forged, key=mutual.key)) == "UNAVAILABLE"


def test_a_certificate_that_has_ended_makes_no_connection(mutual: Mutual) -> None:

    ended = mutual.authority.issue("crm", lasts=-dt.timedelta(hours=1))

    assert listed(mutual.caller(ended, key=mutual.key)) == "UNAVAILABLE"


def test_a_connection_without_credentials_does_not_stop_others(mutual: Mutual) -> None:
    with socket.create_connection(("localhost", mutual.process.grpc_port), timeout=60) as silent:
        silent.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert listed(mutual.caller(mutual.authority.issue("z"), key=mutual.key)) == "OK"


def test_the_log_stays_a_log_of_events(mutual: Mutual) -> None:
    channel = grpc.insecure_channel(f"localhost:{mutual.process.grpc_port}")
    with pytest.raises(grpc.FutureTimeoutError):
        grpc.channel_ready_future(channel).result(timeout=1)
    channel.close()

    assert [line for line in mutual.process.log_text().splitlines() if not line.startswith("{")] == []

"""The command line before a door: what it shows, what it trusts; and what the doctor says of the doors."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.security.conftest import CLIENTS, KeysFile
from tests.kit.adapter_process import ROOT, AdapterProcess
from tests.kit.certificates import Authority, Pair
from tests.kit.command_line import CommandLine
from tests.kit.issuer import IssuerServer, SigningKey, key_set, settings_of
from tests.kit.secrets import made_up


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """Give the command line in a folder without a configuration of its own."""
    return CommandLine(tmp_path_factory.mktemp("doors-line"))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, keys: KeysFile, authority: Authority) -> Iterator[AdapterProcess]:
    """Give a service behind TLS that asks for certificates."""
    tls = grpc_tls(authority.issue("adapter", "localhost"), authority)
    settings = {"auth": {"keys": keys.setting}, "grpc": {"listen": "127.0.0.1:0", "tls": tls}}
    with AdapterProcess(tmp_path_factory.mktemp("doors-service"), settings) as process:
        yield process


def grpc_tls(shown: Pair, client_ca: Authority) -> dict[str, str]:
    return {"certificate": str(shown.certificate), "key": str(shown.key), "client_ca": str(client_ca.file)}


def test_a_command_shows_its_key_and_certificate_from_the_environment(
    line: CommandLine, service: AdapterProcess, keys: KeysFile, authority: Authority
) -> None:
    pair = authority.issue("ops-desk")
    (line.folder / "ops.key").write_text(keys.keys["ops"] + "\n")
    tls = {
        "ADAPTER_TLS_CA": str(authority.file),
        "ADAPTER_TLS_CERTIFICATE": str(pair.certificate),
        "ADAPTER_TLS_KEY": str(pair.key),
    }

    def listed(**environment: str) -> tuple[int, str]:
        command = ("parked", "list", "--json", "--address", f"localhost:{service.grpc_port}")
        done = line.run(*command, environment=environment)
        return done.code, done.stdout.decode().strip() or done.stderr.partition(":")[0]

    assert listed(**tls, ADAPTER_API_KEY=keys.keys["ops"]) == (0, "[]")
    assert listed(**tls, ADAPTER_API_KEY=f"file:{line.folder}/ops.key") == (0, "[]")
    assert listed(**tls, ADAPTER_API_KEY=keys.keys["crm"]) == (1, "PERMISSION_DENIED")
    assert listed(**tls) == (1, "UNAUTHENTICATED")
    assert listed(ADAPTER_TLS_CA=tls["ADAPTER_TLS_CA"], ADAPTER_API_KEY=keys.keys["ops"])[0] == 4
    assert listed(**tls | {"ADAPTER_TLS_CA": "none.pem"}) == (3, "ADAPTER_TLS_CA")


def test_a_key_is_not_sent_in_clear_to_another_machine(line: CommandLine) -> None:
    done = line.run("parked", "list", "--address", "192.0.2.1:50051", environment={"ADAPTER_API_KEY": made_up()})

    assert done.code == 3
    assert "in clear" in done.stderr


@pytest.mark.parametrize("broken", ["auth", "grpc"])
def test_a_service_does_not_start_with_doors_that_do_not_close(
    line: CommandLine, tmp_path: Path, authority: Authority, broken: str
) -> None:
    (tmp_path / "keys.yaml").write_text("- {name: crm, key: x}\n")
    two = [authority.issue("one"), authority.issue("two")]
    settings: dict[str, Any] = {
        "auth": {"auth": {"keys": f"file:{tmp_path}/keys.yaml"}},
        "grpc": {"grpc": {"tls": {"certificate": str(two[0].certificate), "key": str(two[1].key)}}},
    }

    done = line.run("serve", "--config", config(tmp_path, **settings[broken]))

    assert done.code == 3
    assert {"auth": "keys.yaml:1", "grpc": "KEY_VALUES_MISMATCH"}[broken] in done.stderr


def config(folder: Path, **sections: Any) -> Path:
    path = folder / "adapter.yaml"
    database = {"url": f"sqlite:///{folder}/adapter.db"}
    path.write_text(yaml.safe_dump({"tasks": str(ROOT / "examples/tasks"), "database": database} | sections))
    return path


def findings(line: CommandLine, folder: Path, **sections: Any) -> dict[str, str]:
    """Part → problem, of what the doctor says of the doors."""
    document = line.run("doctor", "--json", "--config", config(folder, **sections)).document
    parts = ("keys file", "issuer's keys", "grpc.tls")
    return {one["part"]: one["problem"] for one in document if one["part"].startswith(parts)}


def test_the_doctor_finds_doors_well(line: CommandLine, tmp_path: Path, authority: Authority, keys: KeysFile) -> None:
    lasting = authority.issue("lasting", "localhost", lasts=dt.timedelta(days=90))
    with IssuerServer(key_set(SigningKey("k"))) as issuer:
        told = findings(
            line,
            tmp_path,
            auth={"keys": keys.setting, "jwt": settings_of(issuer.url)},
            grpc={"tls": {"certificate": str(lasting.certificate), "key": str(lasting.key)}},
        )

    assert told == {"keys file": "", "issuer's keys": "", "grpc.tls.certificate": ""}


def test_the_doctor_tells_what_is_wrong_with_doors(line: CommandLine, tmp_path: Path, authority: Authority) -> None:
    (tmp_path / "keys.yaml").write_text(yaml.safe_dump([*CLIENTS, {"name": "x", "tasks": ["clasify-ticket"]}]))
    ended = authority.issue("ended", lasts=dt.timedelta(hours=-1))
    with IssuerServer(b"{}", status=500) as issuer:
        told = findings(
            line,
            tmp_path,
            auth={"keys": f"file:{tmp_path}/keys.yaml", "jwt": settings_of(issuer.url)},
            grpc={"tls": grpc_tls(ended, authority)},
        )

    assert "'clasify-ticket'" in told["keys file"]
    assert "HTTP status 500" in told["issuer's keys"]
    assert "has ended" in told["grpc.tls.certificate"]
    assert "ends at" in told["grpc.tls.client_ca"]

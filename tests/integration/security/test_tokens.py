"""Tokens of an issuer, whose keys come from an address or a file and change while the service runs."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from llm_adapter.v1.job_service_pb2 import ListJobsRequest
from structlog.testing import capture_logs

from adapter.bootstrap.doors import Doors
from adapter.domain.credentials import Credentials
from adapter.errors import AdapterError
from adapter.outbound.system_clock import SystemClock
from adapter.outbound.tokens.key_set import MAX_BYTES, KeySetError, from_address
from adapter.settings_doors import Auth
from tests.integration.security.conftest import TICKET
from tests.kit.adapter_process import AdapterProcess
from tests.kit.callers import GrpcCaller, GrpcFailure, failures, new_id
from tests.kit.issuer import IssuerServer, SigningKey, key_set, settings_of
from tests.kit.rabbitmq import eventually, running
from tests.kit.secrets import digest_of, made_up
from tests.kit.waiting import until

FIRST, SECOND = SigningKey("first"), SigningKey("second", "RS256")


@dataclass(frozen=True)
class Issued:
    """An adapter that takes tokens, and one key."""

    process: AdapterProcess
    issuer: IssuerServer
    key: str

    def told(self, secret: str) -> str:
        return told_by(self.process, secret)


def told_by(process: AdapterProcess, secret: str) -> str:
    """How a call with this secret ends: OK, or reason and message."""
    caller = GrpcCaller(process.grpc_address, key=secret)
    try:
        with failures():
            caller.jobs.ListJobs(ListJobsRequest(), timeout=60)
    except GrpcFailure as failure:
        return f"{failure.reason}: {failure.message}"
    finally:
        caller.close()
    return "OK"


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issued]:
    """Give an adapter whose clients are crm, by key and token, and ops, by token alone."""
    folder, key = tmp_path_factory.mktemp("issued"), made_up()
    file = folder / "keys.yaml"
    clients = [
        {"name": "crm", "key_sha256": digest_of(key), "jwt_client": "CRM@corp"},
        {"name": "ops", "role": "operator"},
    ]
    file.write_text(yaml.safe_dump(clients))
    with IssuerServer(key_set(FIRST)) as issuer:
        auth = {"keys": f"file:{file}", "jwt": settings_of(issuer.url, algorithms=["ES256", "RS256"])}
        with AdapterProcess(folder, {"auth": auth}) as process:
            yield Issued(process, issuer, key)


def test_a_token_and_a_key_of_a_client_are_one_client(issued: Issued) -> None:
    request_id = new_id()
    jobs = []
    for secret in (issued.key, FIRST.token("CRM@corp"), FIRST.token("crm")):
        caller = GrpcCaller(issued.process.grpc_address, key=secret)
        jobs.append(caller.run("classify-ticket", TICKET, request_id=request_id))
        caller.close()

    assert {(job.job_id, job.client) for job in jobs} == {(jobs[0].job_id, "crm")}


@pytest.mark.parametrize(
    ("signed", "told"),
    [
        (lambda: FIRST.token("ops"), "OK"),
        (lambda: FIRST.token("crm", exp=time.time() - 3600), "UNAUTHENTICATED: The token has expired"),
        (lambda: FIRST.token("crm", aud="another"), "UNAUTHENTICATED: The token is for another audience"),
        (lambda: FIRST.token("crm", iss="https://evil.example"), "UNAUTHENTICATED: The token is from another issuer"),
        (lambda: SigningKey("first").token("crm"), "UNAUTHENTICATED: The token has a wrong signature"),
        (lambda: "eyJhbGciOiJub25lIn0.e30.", "UNAUTHENTICATED: The token is signed with an algorithm"),
        (lambda: FIRST.token("billing"), "PERMISSION_DENIED: The token is good, but its client"),
    ],
)
def test_only_a_good_token_of_a_listed_client_comes_in(issued: Issued, signed: Callable[[], str], told: str) -> None:
    token = signed()

    assert issued.told(token).startswith(told)
    assert token not in issued.process.log_text()


def test_keys_at_an_address_are_asked_for_once_until_a_token_has_another(issued: Issued) -> None:
    assert issued.told(FIRST.token("crm")) == "OK"
    asked = issued.issuer.asked
    issued.issuer.content = key_set(FIRST, SECOND)

    until(lambda: issued.told(SECOND.token("crm")) == "OK", seconds=60)

    assert asked <= issued.issuer.asked <= asked + 2


# --- the same without a process -------------------------------------------------------------------------


async def refusal_of(doors: Doors, token: str) -> str:
    """What is said to who shows it; "" = comes in."""
    assert doors.authentication is not None
    try:
        await doors.authentication.caller_of(Credentials(token))
    except AdapterError as error:
        return error.message
    return ""


async def eventually_says(doors: Doors, token: str, text: str) -> None:
    async with asyncio.timeout(60):
        while await refusal_of(doors, token) != text:  # noqa: ASYNC110 - nothing tells of it but itself
            await asyncio.sleep(0.02)


async def test_a_key_set_in_a_file_is_taken_up_when_it_changes_and_kept_when_it_is_broken(tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    file.write_bytes(key_set(FIRST))
    jwt = settings_of(f"file:{file}", algorithms=["ES256", "RS256"])
    doors = Doors(Auth.model_validate({"jwt": jwt}), SystemClock())
    await doors.open()

    with capture_logs() as logs:
        async with running(doors.run()):
            assert not await refusal_of(doors, FIRST.token("anybody"))
            file.write_bytes(key_set(SECOND))
            await eventually_says(doors, SECOND.token("anybody"), "")
            assert "does not publish" in await refusal_of(doors, FIRST.token("anybody"))
            file.write_bytes(b"half of a key s")
            await eventually(lambda: "issuer_keys_not_read" in {event["event"] for event in logs})
            assert not await refusal_of(doors, SECOND.token("anybody"))


@pytest.mark.parametrize("status", [503, 302, 404])
async def test_an_issuer_that_is_away_at_start_does_not_keep_keys_from_working(tmp_path: Path, status: int) -> None:
    key = made_up()
    (tmp_path / "keys.yaml").write_text(yaml.safe_dump([{"name": "crm", "key_sha256": digest_of(key)}]))
    with IssuerServer(b"", status=status) as issuer:
        auth = {"keys": f"file:{tmp_path}/keys.yaml", "jwt": settings_of(issuer.url)}
        doors = Doors(Auth.model_validate(auth), SystemClock())
        await doors.open()

        assert not await refusal_of(doors, key)
        assert "could not be read" in await refusal_of(doors, FIRST.token("crm"))


async def test_an_endless_key_set_is_not_read_to_its_end() -> None:
    with IssuerServer(b" " * (MAX_BYTES + 1)) as issuer:
        with pytest.raises(KeySetError, match="larger than"):
            await from_address(issuer.url)()
        issuer.content = b" " * (MAX_BYTES - 2000) + key_set(FIRST)
        assert await from_address(issuer.url)()


async def test_a_keys_file_that_is_put_in_place_by_a_link_is_taken_up(tmp_path: Path) -> None:
    """As mounted secrets are replaced: the file's own times may even be older."""
    old, new = made_up(), made_up()
    for name, key in (("new", new), ("old", old)):
        (tmp_path / name).write_text(yaml.safe_dump([{"name": "crm", "key_sha256": digest_of(key)}]))
    (tmp_path / "keys.yaml").symlink_to("old")
    doors = Doors(Auth.model_validate({"keys": f"file:{tmp_path}/keys.yaml"}), SystemClock())

    async with running(doors.run()):
        assert not await refusal_of(doors, old)
        (tmp_path / "other").symlink_to("new")
        (tmp_path / "other").rename(tmp_path / "keys.yaml")

        await eventually_says(doors, new, "")
        assert await refusal_of(doors, old)

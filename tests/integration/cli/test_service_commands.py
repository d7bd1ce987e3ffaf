"""Commands about a service: its jobs in the database, the parked messages it keeps, and the doctor."""

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.cli.conftest import NOBODY, TICKET, write_config
from tests.kit.adapter_process import AdapterProcess
from tests.kit.callers import GrpcCaller, GrpcFailure, QueueCaller
from tests.kit.command_line import CommandLine


@pytest.fixture
def beside(cli: CommandLine, service: AdapterProcess) -> CommandLine:
    """Give the command line with the configuration of the service that runs."""
    write_config(
        cli.folder,
        database=service.settings["database"],
        grpc={"listen": service.grpc_address},
        amqp=service.settings["amqp"],
    )
    return cli


@pytest.fixture
def caller(service: AdapterProcess) -> Iterator[GrpcCaller]:
    caller = GrpcCaller(service.grpc_target)
    yield caller
    caller.close()


@pytest.fixture
def queue(service: AdapterProcess, broker: Any) -> Iterator[QueueCaller]:
    assert service.grpc_port, "the service has declared the exchanges"
    caller = QueueCaller(broker.url, "cli").open()
    yield caller
    caller.close()


def test_jobs_are_listed_by_what_they_are(beside: CommandLine, caller: GrpcCaller) -> None:
    run = uuid.uuid4().hex
    done = caller.run("classify-ticket", TICKET.read_bytes(), request_id=f"{run}-a", labels={"run": run})
    with pytest.raises(GrpcFailure):
        caller.run("classify-ticket", TICKET.read_bytes(), labels={"run": run, "simulate": "refusal"})

    both = beside.run("jobs", "list", "--label", f"run={run}", "--json").document
    failed = beside.run(
        *("jobs", "list", "--label", f"run={run}", "--state", "failed", "--reason", "model_refused", "--json")
    ).document
    newest = beside.run("jobs", "list", "--label", f"run={run}", "--limit", 1, "--json").document
    none = beside.run("jobs", "list", "--label", f"run={run}", "--until", "2020-01-01", "--json").document
    table = beside.run("jobs", "list", "--label", f"run={run}", "--verdict", "accepted")

    assert [job["state"] for job in both] == ["FAILED", "SUCCEEDED"]
    assert [job["error"]["reason"] for job in failed] == ["MODEL_REFUSED"]
    assert newest == both[:1]
    assert none == []
    (row,) = [line for line in table.stdout.decode().splitlines() if done.job_id in line]
    assert [cell.strip() for cell in row.strip("│").split("│")][:5] == [
        done.job_id,
        f"{run}-a",
        "classify-ticket",
        "SUCCEEDED",
        "ACCEPTED",
    ]


def test_a_job_is_told_from_its_request_to_its_publications(beside: CommandLine, queue: QueueCaller) -> None:
    request_id = queue.send("classify-ticket", TICKET.read_bytes(), reply_to=queue.replies)
    queue.next_reply()

    told = beside.run("jobs", "show", request_id)
    document = beside.run("jobs", "show", request_id, "--json").document

    story = told.stdout.decode()
    assert "My card was charged twice for invoice RE-20931. Please pay back 249 EUR." in story, "the prompt"
    assert '\n  "category": "BILLING",\n' in story, "the output, indented"
    assert (document["job"]["request_id"], document["job"]["state"]) == (request_id, "SUCCEEDED")
    (call,) = document["calls"]
    assert {turn["role"] for turn in call["prompt"]} == {"system", "user", "assistant"}
    assert json.loads(call["reply"])["category"] == "BILLING"
    assert [publication["routing_key"] for publication in document["publications"]] == [queue.replies]


def test_a_running_job_is_cancelled(beside: CommandLine, caller: GrpcCaller) -> None:
    job = caller.submit("classify-ticket", TICKET.read_bytes(), labels={"simulate": "hang"})

    cancelled = beside.run("jobs", "cancel", job.job_id)
    ended = caller.wait_for_end(job.job_id)
    again = beside.run("jobs", "cancel", job.job_id, "--address", beside_address(beside))

    assert cancelled.code == 0
    assert cancelled.stdout.decode() in {f"{job.job_id} CANCELLED\n", f"{job.job_id} RUNNING\n"}
    assert ended.error.reason == "CANCELLED"
    assert again.stdout.decode() == f"{job.job_id} CANCELLED\n"


def beside_address(line: CommandLine) -> str:
    """Read the address back from the configuration, to give it by option."""
    text = (line.folder / "adapter.yaml").read_text()
    return text.partition("listen: ")[2].partition("\n")[0].strip("'")


def test_a_request_is_cancelled_before_it_arrives(beside: CommandLine, caller: GrpcCaller) -> None:
    request_id = f"early-{uuid.uuid4().hex}"

    unknown = beside.run("jobs", "cancel", "--request-id", request_id)
    early = beside.run("jobs", "cancel", "--request-id", request_id, "--allow-missing")
    with pytest.raises(GrpcFailure) as refused:
        caller.run("classify-ticket", TICKET.read_bytes(), request_id=request_id)

    assert (unknown.code, unknown.stdout) == (1, b"")
    assert unknown.stderr.startswith("JOB_NOT_FOUND: ")
    assert early.stdout.decode().endswith(" CANCELLED\n")
    assert refused.value.reason == "CANCELLED"


def test_a_parked_message_is_shown_replayed_and_discarded(beside: CommandLine, queue: QueueCaller) -> None:
    body = b'{"not a ticket": "\xe4"}'
    message_id = queue.send("classify-ticket", body, reply_to="adapter-nobody", message_id=f"p-{uuid.uuid4().hex}")
    answer = queue.next_result(of=message_id)
    parked = wait_for_parked(beside, message_id)
    parked_id = parked["parked_id"]

    listed = beside.run("parked", "list").stdout.decode()
    shown_body = beside.run("parked", "show", parked_id, "--body").stdout
    replayed = beside.run("parked", "replay", parked_id)
    second = queue.next_result(of=message_id)
    discarded = beside.run("parked", "discard", parked_id)
    gone = beside.run("parked", "show", parked_id)

    assert (answer.outcome, second.outcome) == ("failed", "failed"), "it is answered again"
    assert parked["reason"] == answer.reason == "REPLY_TO_REFUSED"
    assert parked_id in listed
    assert shown_body == body + b"\n"
    assert replayed.stdout.decode() == f"replayed {parked_id}\n"
    assert discarded.stdout.decode() == f"discarded {parked_id}\n"
    assert (gone.code, gone.stdout) == (1, b"")
    assert gone.stderr.startswith("JOB_NOT_FOUND: No message is parked under ")


def wait_for_parked(line: CommandLine, message_id: str) -> dict[str, Any]:
    """Wait until a message is parked; it is answered in the same transaction, but published before we look."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for row in line.run("parked", "list", "--json").document:
            shown: dict[str, Any] = line.run("parked", "show", row["parked_id"]).document
            if shown["properties"].get("message_id") == message_id:
                return shown
    raise AssertionError(message_id)


def test_the_doctor_finds_a_healthy_service_well(beside: CommandLine) -> None:
    done = beside.run("doctor", "--json")

    assert (done.code, done.stderr) == (0, "")
    findings = {finding["part"]: finding for finding in done.document}
    assert set(findings) == {"configuration", "tasks", "database", "broker", "topology", "model default"}
    assert all(finding["ok"] for finding in findings.values())


def test_the_doctor_says_what_is_wrong_and_who_owns_it(cli: CommandLine) -> None:
    cloud = {"provider": "openai", "model": "m", "api_key": "${CLOUD_KEY}"}
    away = {"provider": "compatible", "base_url": f"http://{NOBODY}/v1", "model": "m"}
    write_config(
        cli.folder,
        amqp={"urls": [f"amqp://guest:guest@{NOBODY}/"]},
        database={"url": "sqlite:////nowhere/adapter.db"},
        models={"default": {"provider": "simulated", "faults": ["401"]}, "cloud": cloud, "away": away},
    )

    done = cli.run("doctor", "--json")
    table = cli.run("doctor")

    wrong = {finding["part"]: finding["owner"] for finding in done.document if not finding["ok"]}
    assert (done.code, table.code) == (4, 4)
    assert wrong == {
        "database": "operator",
        "broker": "owner of the broker",
        "model default": "operator",
        "model cloud": "operator",
        "model away": "owner of the endpoint",
    }
    assert "the variable CLOUD_KEY is not set" in table.stdout.decode()


@pytest.mark.parametrize("command", ["jobs cancel x", "parked list", "parked show x", "parked replay x"])
def test_without_a_service_its_commands_are_exit_4(cli: CommandLine, command: str) -> None:
    done = cli.run(*command.split(), "--address", NOBODY)

    assert (done.code, done.stdout) == (4, b"")
    said = f"no service answers at {NOBODY}. Start it with adapter serve, or name it with --address."
    assert done.stderr.startswith(said)


def test_the_database_is_made_and_checked(cli: CommandLine) -> None:
    before = [cli.run("db", "check"), cli.run("jobs", "list"), cli.run("jobs", "show", "x")]
    upgraded = cli.run("db", "upgrade")
    after = [cli.run("db", "check"), cli.run("jobs", "list", "--json")]
    unknown = cli.run("jobs", "show", "x")

    assert {(done.code, done.stdout) for done in before} == {(4, b"")}
    assert all("run `adapter db upgrade` to create it" in done.stderr for done in before)
    assert upgraded.code == 0
    assert [(done.code, done.stdout) for done in after] == [(0, b"The database is up to date.\n"), (0, b"[]\n")]
    assert unknown.code == 1
    assert unknown.stderr.startswith("JOB_NOT_FOUND: ")

"""`adapter jobs retry | republish | purge`: by id or filter, shown for people and programs, with their exit codes."""

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.cli.conftest import TICKET, write_config
from tests.kit.adapter_process import AdapterProcess
from tests.kit.callers import GrpcCaller, QueueCaller
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
    caller = GrpcCaller(service.grpc_address)
    yield caller
    caller.close()


@pytest.fixture
def queue(service: AdapterProcess, broker: Any) -> Iterator[QueueCaller]:
    assert service.grpc_port, "the service has declared the exchanges"
    caller = QueueCaller(broker.url, "cli").open()
    yield caller
    caller.close()


def lines_of(text: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.decode().splitlines()]


def failed(caller: GrpcCaller, run: str, count: int) -> list[str]:
    """Submit jobs that the model refuses; returns their ids, oldest first."""
    labels = {"run": run, "simulate": "refusal"}
    jobs = [caller.submit("classify-ticket", TICKET.read_bytes(), labels=labels) for _ in range(count)]
    return [caller.wait_for_end(job.job_id).job_id for job in jobs]


def test_failed_jobs_are_retried_by_filter_and_their_story_is_told(beside: CommandLine, caller: GrpcCaller) -> None:
    run = uuid.uuid4().hex
    job_ids = failed(caller, run, 3)

    shown = beside.run("jobs", "retry", "--label", f"run={run}", "--dry-run", "--json")
    done = beside.run("jobs", "retry", "--label", f"run={run}", "--reason", "model_refused", "--rate", "100")
    ended = [wait_for_revision(beside, job_id, 2) for job_id in job_ids]
    story = beside.run("jobs", "show", job_ids[0]).stdout.decode()

    assert [line["job_id"] for line in lines_of(shown.stdout)] == job_ids
    assert done.code == 0
    assert done.stdout.decode().endswith("3 retried\n")
    assert all(job_id in done.stdout.decode() for job_id in job_ids)
    assert [[one["job"]["revision"] for one in document["past_revisions"]] for document in ended] == [[1], [1], [1]]
    assert "was submitted by gRPC" in story
    assert "retried by a person: revision 2" in story
    assert story.count("FAILED MODEL_REFUSED") == 2
    assert "ticket to exchange cli.requests" in story
    assert "confirmed" in story


def wait_for_revision(line: CommandLine, job_id: str, revision: int) -> dict[str, Any]:
    """Wait until a revision has its outcome."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        document: dict[str, Any] = line.run("jobs", "show", job_id, "--json").document
        job = document["job"]
        if job["revision"] == revision and job["state"] not in {"PENDING", "RUNNING"}:
            return document
    raise AssertionError(job_id)


def test_a_result_is_sent_again_with_the_same_message_id(beside: CommandLine, queue: QueueCaller) -> None:
    request_id = queue.send("classify-ticket", TICKET.read_bytes(), reply_to=queue.replies)
    first = queue.next_reply()

    done = beside.run("jobs", "republish", "--request-id", request_id, "--json")
    again = queue.next_reply()

    (line,) = lines_of(done.stdout)
    assert (done.code, line["request_id"], line["obstacle"]) == (0, request_id, "")
    assert again.properties.message_id == first.properties.message_id
    assert again.body == first.body
    assert (first.properties.headers or {}).get("llm-republished") is None
    assert (again.properties.headers or {}).get("llm-republished") is True


def test_what_is_left_is_said_with_the_reason_and_the_exit_code(beside: CommandLine, caller: GrpcCaller) -> None:
    job = caller.run("classify-ticket", TICKET.read_bytes(), request_id=f"g-{uuid.uuid4().hex}")

    retried = beside.run("jobs", "retry", job.job_id, "no-such-job")
    republished = beside.run("jobs", "republish", job.job_id, "--json")

    assert retried.code == republished.code == 1
    assert "PAYLOAD_NOT_KEPT" in retried.stdout.decode()
    assert "PAYLOAD_NOT_KEPT: there is nothing to run again" in retried.stderr
    assert "JOB_NOT_FOUND: no finished job no-such-job" in retried.stderr
    assert [line["obstacle"] for line in lines_of(republished.stdout)] == ["NEVER_PUBLISHED"]


def test_jobs_are_erased_by_label(beside: CommandLine, caller: GrpcCaller) -> None:
    run = uuid.uuid4().hex
    job = caller.run("classify-ticket", TICKET.read_bytes(), labels={"run": run})

    dry = beside.run("jobs", "purge", "--label", f"run={run}", "--dry-run")
    done = beside.run("jobs", "purge", "--label", f"run={run}")
    gone = beside.run("jobs", "show", job.job_id)
    none = beside.run("jobs", "purge", "--label", f"run={run}")

    assert dry.stdout.decode().endswith("1 would be erased\n")
    assert (done.code, gone.code, none.code) == (0, 1, 0)
    assert done.stdout.decode().endswith("1 erased\n")
    assert none.stdout.decode() == "0 erased\n"


@pytest.mark.parametrize("command", ["retry", "republish", "purge"])
def test_a_command_without_any_selection_is_wrong_usage(cli: CommandLine, command: str) -> None:
    done = cli.run("jobs", command)

    assert (done.code, done.stdout) == (2, b"")
    assert "at least one filter" in done.stderr


def test_a_service_that_does_not_answer_is_said(cli: CommandLine) -> None:
    done = cli.run("jobs", "purge", "job-1", "--address", "127.0.0.1:9")

    assert done.code == 4
    assert "no service answers at 127.0.0.1:9" in done.stderr

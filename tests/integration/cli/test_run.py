"""`adapter run`: one job, one document on stdout, the reason of a failure on stderr."""

import json

import pytest

from tests.integration.cli.conftest import NOBODY, TASKS, TICKET, write_config
from tests.integration.end_to_end.conftest import SimulatorProcess
from tests.kit.command_line import CommandLine

SIMULATED = {"provider": "simulated"}


def test_run_prints_the_output_document_and_nothing_else(cli: CommandLine) -> None:
    done = cli.run("run", "classify-ticket", TICKET)

    assert (done.code, done.stderr) == (0, "")
    assert done.stdout.count(b"\n") == 1
    assert (done.document["category"], done.document["team"]) == ("BILLING", "ACCOUNTS")


def test_run_tells_the_whole_job_of_a_model_behind_http(cli: CommandLine, faulty_simulator: SimulatorProcess) -> None:
    endpoint = {"provider": "compatible", "base_url": faulty_simulator.url, "model": "m", "simulator": True}
    write_config(cli.folder, models={"default": SIMULATED, "http": endpoint})

    done = cli.run("run", "classify-ticket@1", TICKET, "--model", "http", "--label", "batch=a=b", "--json")

    assert (done.code, done.stderr) == (0, "")
    job = done.document
    assert (job["state"], job["labels"], job["result"]["output"]["category"]) == (
        "SUCCEEDED",
        {"batch": "a=b"},
        "BILLING",
    )
    assert [attempt["model"] for attempt in job["attempts"]] == ["http", "http"], "the first answer had a wrong enum"
    assert float(job["usage"]["model_time"].removesuffix("s")) > 0.1, "each call takes 0.05 s"


def test_run_reads_other_formats_when_it_is_told_what_they_are(cli: CommandLine) -> None:
    soap = next((TASKS / "classify-ticket" / "samples").glob("*.xml"))
    told = cli.run("run", "classify-ticket", soap, "--content-type", "text/xml")
    untold = cli.run("run", "classify-ticket", soap)

    assert told.code == 0
    assert told.document["category"]
    assert (untold.code, untold.stdout) == (1, b"")
    assert untold.stderr.startswith("PAYLOAD_UNREADABLE: ")


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("invalid", "OUTPUT_INVALID"), ("refusal", "MODEL_REFUSED"), ("truncated", "OUTPUT_TRUNCATED")],
)
def test_a_failed_job_is_exit_1_with_its_reason_on_stderr(cli: CommandLine, fault: str, reason: str) -> None:
    done = cli.run("run", "classify-ticket", TICKET, "--label", f"simulate={fault}")

    assert (done.code, done.stdout) == (1, b"")
    assert done.stderr.startswith(f"{reason}: ")


def test_the_whole_of_a_failed_job_is_printed_too(cli: CommandLine) -> None:
    done = cli.run("run", "classify-ticket", TICKET, "--label", "simulate=invalid", "--json")

    assert done.code == 1
    assert done.document["error"]["reason"] == "OUTPUT_INVALID"
    violation = done.document["error"]["violations"][0]
    assert f"{violation['pointer']}: {violation['message']}" in done.stderr


def test_a_job_for_review_prints_its_document_and_is_exit_1(cli: CommandLine) -> None:
    done = cli.run("run", "classify-ticket", TICKET, "--label", "simulate=review")

    assert done.code == 1
    assert done.document["category"] == "BILLING"
    assert done.stderr.startswith("REVIEW_NEEDED: ")
    assert "SIMULATED_REVIEW /: " in done.stderr


def test_a_record_that_breaks_its_contract_names_every_rule(cli: CommandLine) -> None:
    record = json.loads(TICKET.read_bytes()) | {"KDNR-1": 5, "channel": "PIGEON"}
    (cli.folder / "record.json").write_text(json.dumps(record))

    done = cli.run("run", "classify-ticket", "record.json")

    assert (done.code, done.stdout) == (1, b"")
    first, *broken = done.stderr.splitlines()
    assert first.startswith("INPUT_INVALID: ")
    assert {line.split(":")[0].strip() for line in broken} == {"/customer", "/channel"}


def test_a_task_that_is_not_there_is_exit_1_and_says_which_are(cli: CommandLine) -> None:
    done = cli.run("run", "classify-tickets", TICKET)

    assert (done.code, done.stdout) == (1, b"")
    assert done.stderr.startswith("TASK_NOT_FOUND: ")
    assert "extract-invoice" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [(("--model", "away"), "MODEL_UNAVAILABLE"), (("--label", "simulate=401"), "MODEL_MISCONFIGURED")],
)
def test_a_model_that_cannot_be_used_is_exit_4(cli: CommandLine, arguments: tuple[str, ...], reason: str) -> None:
    away = {"provider": "compatible", "base_url": f"http://{NOBODY}/v1", "model": "m"}
    write_config(cli.folder, models={"default": SIMULATED, "away": away})

    done = cli.run("run", "classify-ticket", TICKET, *arguments)

    assert (done.code, done.stdout) == (4, b"")
    assert done.stderr.startswith(f"{reason}: ")

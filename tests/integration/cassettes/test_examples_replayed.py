"""The example tasks from their recordings: no endpoint, no key; and a changed prompt is told, not called."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapter.domain import exact_json
from adapter.tasks.cases import Case, differences
from adapter.tasks.task import Task
from tests.integration.cassettes.examples import CASSETTES, TASKS, recorded_cases
from tests.integration.cli.conftest import NOBODY, TICKET, cli, write_config  # noqa: F401 - a fixture
from tests.kit.adapter_process import AdapterProcess
from tests.kit.callers import GrpcCaller, grpc_failure
from tests.kit.command_line import CommandLine

NO_ENDPOINT = {
    "provider": "openai",
    "model": "simulated",
    "base_url": f"http://{NOBODY}/v1",
    "api_key": "${NO_SUCH_KEY}",
    "requests_per_minute": 1,
}
CASES = [pytest.param(task, case, id=f"{task.name}/{case.name}") for task, case in recorded_cases()]


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GrpcCaller]:
    """Call a service that replays, and could call nothing."""
    settings = {"models": {"default": NO_ENDPOINT}}
    with AdapterProcess(tmp_path_factory.mktemp("replay"), settings, "--replay", str(CASSETTES)) as adapter:
        calling = GrpcCaller(adapter.grpc_address)
        yield calling
        calling.close()


def test_there_are_recordings_of_every_example_task() -> None:
    assert {task.name for task, _ in recorded_cases()} == {folder.name for folder in CASSETTES.iterdir()}
    assert len(CASES) >= 9


@pytest.mark.parametrize(("task", "case"), CASES)
def test_an_example_ends_as_its_case_says_with_no_endpoint_and_no_key(
    caller: GrpcCaller, task: Task, case: Case
) -> None:
    if case.expect_reason:
        failed = grpc_failure(caller, task.ref, case.payload, content_type=case.content_type)
        assert failed.reason == case.expect_reason
        return
    job = caller.run(task.ref, case.payload, content_type=case.content_type, accept_review=True)
    assert list(differences(case.expect_output, exact_json.loads(job.result.content), case.expect_match)) == []


def test_no_recording_holds_what_the_contract_declares_personal() -> None:
    recorded = "".join(file.read_text(encoding="utf-8") for file in CASSETTES.rglob("*.yaml"))

    assert "Paul Vogel" not in recorded, "the insured of a claim that is recorded"
    assert "Eva Brandt" in recorded, "made up in the prompt"
    assert [
        mail for mail in re.findall(r"[\w.-]+@[\w.-]+", recorded) if not re.fullmatch("x+a@[x-]+.example", mail)
    ] == []


def changed_tasks(folder: Path) -> Path:
    """Copy the example tasks; the prompt of the tickets says one thing more."""
    tasks = folder / "tasks"
    shutil.copytree(TASKS, tasks)
    prompt = tasks / "classify-ticket" / "prompt.md"
    before = prompt.read_text(encoding="utf-8")
    prompt.write_text(before.replace("otherwise OTHER.", "otherwise OTHER. Never guess."), encoding="utf-8")
    assert prompt.read_text(encoding="utf-8") != before
    return tasks


def assert_tells_the_change(message: str) -> None:
    """The nearest recording is the one of this ticket, and only what changed is shown as changed."""
    (name,) = re.findall(r"Nearest is (\S+) \(-\)", message)
    recorded = yaml.safe_load((CASSETTES / name).read_text(encoding="utf-8"))
    assert "Charged twice" in str(recorded["request"]["messages"])
    changed = [(line[0], line[1:].strip()) for line in message.splitlines() if line.startswith(("-", "+"))]
    assert [sign for sign, _ in changed] == ["-", "+"]
    assert changed[1][1] == changed[0][1].replace("otherwise OTHER.", "otherwise OTHER. Never guess.")


def test_a_changed_prompt_fails_a_run_with_a_difference_that_can_be_read(cli: CommandLine) -> None:  # noqa: F811 - the fixture
    write_config(cli.folder, tasks=str(changed_tasks(cli.folder)), models={"default": NO_ENDPOINT})

    done = cli.run("run", "classify-ticket", TICKET, "--replay", CASSETTES)

    assert (done.code, done.stdout) == (1, b"")
    assert done.stderr.startswith("MODEL_REJECTED: default: No recording of this request; nothing was called.")
    assert_tells_the_change(done.stderr)


def test_a_changed_prompt_fails_a_job_of_the_service_at_once_and_for_good(tmp_path: Path) -> None:
    settings = {"tasks": str(changed_tasks(tmp_path)), "models": {"default": NO_ENDPOINT}}
    with AdapterProcess(tmp_path, settings, "--replay", str(CASSETTES)) as adapter:
        caller = GrpcCaller(adapter.grpc_address)
        failed = grpc_failure(caller, "classify-ticket", TICKET.read_bytes(), request_id="changed")
        job = caller.get(request_id="changed")
        metrics = adapter.metrics()
        events = [event["event"] for event in adapter.events()]
        caller.close()

    assert (failed.code, failed.reason) == ("FAILED_PRECONDITION", "MODEL_REJECTED")
    assert "+" in failed.message, "the difference begins within what gRPC's status has room for"
    assert_tells_the_change(job.error.message)
    assert 'adapter_model_calls_total{model="default",result="CallUnrecorded"} 1.0' in metrics
    assert "cassettes_replayed" in events
    assert "replay_missed" in events


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("serve", "--record", "a", "--replay", "b"), 2, "choose one"),
        (("run", "classify-ticket", TICKET, "--record", "a", "--replay", "b"), 2, "choose one"),
        (("serve", "--replay", "nowhere"), 3, "nowhere is not a folder; record first"),
        (("serve", "--record", "adapter.yaml/x"), 3, "adapter.yaml/x cannot be made"),
        (("serve", "--record", "a", "--workers", "2"), 2, "by one process"),
    ],
)
def test_a_folder_that_cannot_be_used_is_told(cli: CommandLine, arguments: Any, code: int, told: str) -> None:  # noqa: F811 - the fixture
    done = cli.run(*arguments)

    assert done.code == code
    assert told in done.stderr


def test_what_one_command_records_another_replays(cli: CommandLine) -> None:  # noqa: F811 - the fixture
    recorded = cli.run("run", "classify-ticket", TICKET, "--record", "calls")
    faulty = {"default": {"provider": "simulated", "faults": ["500"]}}
    write_config(cli.folder, models=faulty)
    replayed = cli.run("run", "classify-ticket", TICKET, "--replay", "calls")

    assert (recorded.code, replayed.code) == (0, 0)
    assert replayed.stdout == recorded.stdout
    assert len(list((cli.folder / "calls" / "classify-ticket").iterdir())) == 1


def test_the_doctor_calls_no_model_that_is_replayed(cli: CommandLine) -> None:  # noqa: F811 - the fixture
    write_config(cli.folder, models={"default": NO_ENDPOINT}, cassettes={"replay": str(CASSETTES)})

    done = cli.run("doctor", "--json")

    assert done.code == 0
    (model,) = [finding for finding in done.document if finding["part"] == "model default"]
    assert "is not called" in str(model)

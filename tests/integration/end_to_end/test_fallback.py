"""A task with two models: the second answers while the first does not, for its own price, and it is all on record."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.end_to_end.conftest import FAST_BREAKER, SAMPLES, SimulatorProcess, simulated_settings
from tests.kit.adapter_process import ADAPTER, ROOT, AdapterProcess, clean_environment
from tests.kit.callers import GrpcCaller, QueueCaller, grpc_failure
from tests.kit.sender import send_confirmed
from tests.kit.waiting import until

TASK = "classify-ticket"
PRICE = {"input": "1", "output": "1", "per": 1, "currency": "EUR"}


def tasks_with_two_models(folder: Path) -> str:
    """Copy the example task, with `model.use: [first, second]`."""
    shutil.copytree(SAMPLES / TASK, folder / "tasks" / TASK, dirs_exist_ok=True)
    definition = folder / "tasks" / TASK / "task.yaml"
    document = yaml.safe_load(definition.read_text())
    document["model"]["use"] = ["first", "second"]
    definition.write_text(yaml.safe_dump(document, sort_keys=False))
    return str(folder / "tasks")


@contextmanager
def serving(folder: Path, first: dict[str, Any], second: dict[str, Any], **sections: Any) -> Iterator[AdapterProcess]:
    """Serve the task; the models are simulated unless said otherwise."""
    simulated = {"provider": "simulated", "breaker": FAST_BREAKER}
    settings = {
        "tasks": tasks_with_two_models(folder),
        "limits": {"model_wait_seconds": 1},
        "models": {"first": simulated | first, "second": simulated | second},
    }
    unshared = json.loads(json.dumps(settings | sections))  # YAML would write what is shared as an alias
    with AdapterProcess(folder, unshared) as process:
        yield process


@contextmanager
def calling(process: AdapterProcess) -> Iterator[GrpcCaller]:
    caller = GrpcCaller(process.grpc_target)
    yield caller
    caller.close()


def shown(process: AdapterProcess, request_id: str, *options: str) -> bytes:
    """Run `adapter jobs show`."""
    command = [ADAPTER, "jobs", "show", request_id, "--config", str(process.config), *options]
    return subprocess.run(command, check=True, capture_output=True, cwd=ROOT, env=clean_environment()).stdout  # noqa: S603 - our own command line


def test_the_second_model_answers_when_the_first_fails_and_both_calls_are_shown(tmp_path: Path, ticket: bytes) -> None:
    with serving(tmp_path, {"faults": ["500:1"]}, {"price": PRICE}) as process, calling(process) as caller:
        job = caller.run(TASK, ticket, request_id="r-1")
        again = caller.run(TASK, ticket, request_id="r-1")
        document = json.loads(shown(process, "r-1", "--json"))
        told = shown(process, "r-1").decode()

    assert again == job
    assert (job.usage.model_calls, [one.model for one in job.attempts]) == (2, ["second"])
    assert int(job.usage.cost) == job.usage.input_tokens + job.usage.output_tokens
    failed, answered = document["calls"]
    assert (failed["model"], failed["reply"]) == ("first", None)
    assert failed["error"].startswith("CallUnreachable: ")
    assert (answered["model"], answered["error"]) == ("second", "")
    assert "first" in told
    assert "CallUnreachable" in told


def test_a_repair_stays_on_the_model_that_gave_the_reply(tmp_path: Path, ticket: bytes) -> None:
    # The first would be rested, and would answer, by the time of the repair.
    second = {"faults": ["wrong_enum@each:1"], "latency": 0.8}
    with serving(tmp_path, {"faults": ["500@each:1"]}, second) as process, calling(process) as caller:
        job = caller.run(TASK, ticket, request_id="r-1")

    assert [one.model for one in job.attempts] == ["second", "second"]
    assert job.usage.model_calls == 3


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [("401", "401", "MODEL_MISCONFIGURED"), ("401", "500", "MODEL_UNAVAILABLE"), ("500", "500", "MODEL_UNAVAILABLE")],
)
def test_a_caller_is_told_what_ails_all_models(
    tmp_path: Path, ticket: bytes, first: str, second: str, reason: str
) -> None:
    once = {"breaker": FAST_BREAKER | {"failures": 1, "probe_seconds": 5, "max_probe_seconds": 5}}
    with (
        serving(tmp_path, once | {"faults": [f"{first}:1"]}, once | {"faults": [f"{second}:1"]}) as process,
        calling(process) as caller,
    ):
        failure = grpc_failure(caller, TASK, ticket)

    assert failure.reason == reason
    assert failure.metadata["model"] == "first, second"


def test_a_queue_is_served_while_one_model_is_up_and_held_while_none_is(
    tmp_path: Path, ticket: bytes, broker: Any
) -> None:
    simulators = [SimulatorProcess(make(tmp_path / name)) for name in ("first", "second")]
    models = [simulated_settings(one, broker.url, "fallback")["models"]["default"] for one in simulators]
    amqp = simulated_settings(simulators[0], broker.url, "fallback")["amqp"]
    with serving(tmp_path, *models, amqp=amqp) as process:
        assert process.grpc_port, "the exchanges are declared"
        queue = QueueCaller(broker.url, "fallback").open()
        simulators[0].control(down=True)
        one_up = [f"a-{number}" for number in range(30)]
        send_confirmed(broker.url, "fallback.requests", TASK, [(one, ticket) for one in one_up])
        answered = [queue.next_result() for _ in one_up]
        simulators[1].control(down=True)
        none_up = [f"b-{number}" for number in range(30)]  # enough for the breaker of each replica
        send_confirmed(broker.url, "fallback.requests", TASK, [(one, ticket) for one in none_up])
        wait_for_state(process, "down")
        simulators[1].control(down=False)
        held = [queue.next_result() for _ in none_up]
        queue.close()
    for simulator in simulators:
        simulator.stop()

    assert {one.outcome for one in (*answered, *held)} == {"succeeded"}
    assert {one.headers["llm-model"] for one in (*answered, *held)} == {"second"}
    assert {one.headers["llm-attempts"] for one in (*answered, *held)} == {1}
    assert {one.headers["llm-request-id"] for one in held} == set(none_up)


def make(folder: Path) -> Path:
    folder.mkdir()
    return folder


def wait_for_state(process: AdapterProcess, state: str) -> None:
    """Wait until both models are in a state, at each replica."""
    names = ("model.first", "model.second")
    until(
        lambda: {one.own_ready()[1]["parts"][name] for one in process.replicas for name in names} == {state}, seconds=30
    )

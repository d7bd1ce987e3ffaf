"""Exit code 3: the configuration or a task cannot be used; all of it is said at once, with its place."""

import shutil
from pathlib import Path

import pytest

from tests.integration.cli.conftest import TASKS, TICKET, write_config
from tests.kit.command_line import CommandLine

BROKEN = """\
databse: {url: x}
amqp:
  urls: ["http://broker"]
  max_held: many
grpc: {listen: nowhere}
auth: {keys: keys.yaml}
"""


def broken_tasks(folder: Path) -> Path:
    """Copy the tasks, and break the definition of one and the prompt of another."""
    tasks = folder / "tasks"
    shutil.copytree(TASKS, tasks)
    with (tasks / "extract-invoice" / "task.yaml").open("a") as definition:
        definition.write("\nretries: 3\n")
    (tasks / "classify-ticket" / "prompt.md").write_text("# System\nRoute it.\n# User\n{{ recrod }}\n")
    return tasks


@pytest.mark.parametrize("command", ["serve", "doctor", "tasks list", "jobs list", "parked list", "db check"])
def test_every_problem_of_the_configuration_is_told_with_file_and_line(cli: CommandLine, command: str) -> None:
    (cli.folder / "adapter.yaml").write_text(BROKEN)

    done = cli.run(*command.split(), environment={"ADAPTER_HTTP__LISTEN": "8080", "ADAPTER_LIMIT": "1"})

    assert (done.code, done.stdout) == (3, b"")
    told = {line.split(": error: ")[0]: line.split(": error: ")[1] for line in done.stderr.splitlines()}
    assert set(told) == {
        "adapter.yaml:1",
        "adapter.yaml:3",
        "adapter.yaml:4",
        "adapter.yaml:5",
        "adapter.yaml:6",
        "$ADAPTER_HTTP__LISTEN",
        "$ADAPTER_LIMIT",
    }
    assert told["adapter.yaml:1"] == "databse: unknown key; check its spelling, or remove it"
    assert told["adapter.yaml:6"] == "auth.keys: must be file: and a path, such as file:keys.yaml"
    assert told["$ADAPTER_HTTP__LISTEN"] == "http.listen: '8080' is not host:port"


def test_a_configuration_that_is_not_there_is_named(cli: CommandLine) -> None:
    by_option = cli.run("serve", "--config", "nowhere.yaml")
    by_variable = cli.run("serve", environment={"ADAPTER_CONFIG": "nowhere.yaml"})

    assert by_option == by_variable
    assert (by_option.code, by_option.stdout) == (3, b"")
    assert by_option.stderr.startswith("nowhere.yaml: error: cannot be read: No such file")


def test_every_problem_of_the_tasks_is_told_with_file_and_line(cli: CommandLine) -> None:
    tasks = broken_tasks(cli.folder)
    write_config(cli.folder, tasks=str(tasks))
    definition = tasks / "extract-invoice" / "task.yaml"

    for arguments in (("serve",), ("run", "summarise-claim", TICKET), ("tasks", "check"), ("simulate",)):
        done = cli.run(*arguments)

        assert (done.code, done.stdout) == (3, b"")
        assert f"{definition}:{len(definition.read_text().splitlines())}: error: unknown key" in done.stderr
        assert f"{tasks}/classify-ticket/prompt.md:4: error: " in done.stderr


def test_a_task_that_uses_a_model_nobody_configured_is_refused(cli: CommandLine) -> None:
    write_config(cli.folder, models={"big": {"provider": "simulated"}})

    done = cli.run("serve")

    assert done.code == 3
    assert len(done.stderr.splitlines()) == 3, "all three example tasks use the model `default`"
    assert "classify-ticket@1.0.0: error: model 'default' is not configured; add it under models" in done.stderr


def test_every_secret_that_is_missing_is_told_with_its_model(cli: CommandLine) -> None:
    cloud = {"provider": "openai", "model": "m", "api_key": "${CLOUD_KEY}"}
    other = cloud | {"api_key": "file:/nowhere/key"}
    write_config(cli.folder, models={"default": cloud, "other": other})

    served = cli.run("serve")
    run = cli.run("run", "classify-ticket", TICKET, "--model", "other")

    assert (served.code, run.code) == (3, 3)
    assert served.stderr.splitlines() == [
        "models.default: error: the variable CLOUD_KEY is not set, or empty",
        "models.other: error: the secret file /nowhere/key cannot be read: No such file or directory",
    ]
    assert run.stderr.splitlines() == served.stderr.splitlines()[1:], "a model that is not called needs no key"


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0", "192.0.2.1:50051", "adapter.example.com:50051"])
def test_a_public_address_is_refused(cli: CommandLine, listen: str) -> None:
    done = cli.run("serve", environment={"ADAPTER_GRPC__LISTEN": listen})

    assert (done.code, done.stdout) == (3, b"")
    assert f"grpc.listen {listen} is a public address" in done.stderr
    assert "open: true" in done.stderr


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({}, "SQLite allows exactly one serving process"),
        ({"ADAPTER_AMQP__URLS": '["amqp://localhost"]'}, "SQLite allows exactly one serving process"),
        ({"ADAPTER_DATABASE__URL": "postgresql://localhost/x"}, "without a broker there is exactly one"),
    ],
)
def test_several_workers_are_refused_with_the_reason(
    cli: CommandLine, environment: dict[str, str], reason: str
) -> None:
    done = cli.run("serve", "--workers", 2, environment=environment)

    assert done.code == 3
    assert reason in done.stderr

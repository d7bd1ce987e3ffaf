"""`adapter tasks` about folders, and `adapter topology` with a real broker."""

import json
import re
import shlex
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.conftest import TASKS, write_config
from tests.kit.command_line import CommandLine


def test_tasks_are_listed_whole_also_where_there_is_no_terminal(cli: CommandLine) -> None:
    listed = cli.run("tasks", "list").stdout.decode()
    rows = cli.run("tasks", "list", "--json").document

    assert {row["task"] for row in rows} == {"classify-ticket", "extract-invoice", "summarise-claim"}
    for row in rows:
        (line,) = [line for line in listed.splitlines() if row["task"] in line]
        assert row["summary"] in line
        assert row["hash"][:12] in line
    assert "\x1b" not in listed


def test_a_task_is_shown_with_its_schemas(cli: CommandLine) -> None:
    shown = cli.run("tasks", "show", "extract-invoice@1").document
    unknown = cli.run("tasks", "show", "extract-invoice@2")

    assert (shown["task"], shown["version"], shown["policy"]["repairs"]) == ("extract-invoice", "1.0.0", 2)
    assert shown["output_schema"]["type"] == "object"
    assert shown["schema_for_the_model"]["additionalProperties"] is False
    assert (unknown.code, unknown.stdout) == (1, b"")
    assert "has no version 2. Loaded are: 1.0.0." in unknown.stderr


def test_the_example_tasks_have_no_errors(cli: CommandLine) -> None:
    done = cli.run("tasks", "check")

    assert (done.code, done.stdout) == (0, b"3 task versions checked: no errors.\n")


def test_a_change_that_breaks_users_is_found_against_what_is_deployed(cli: CommandLine) -> None:
    changed = cli.folder / "tasks" / "extract-invoice"
    shutil.copytree(TASKS / "extract-invoice", changed)
    schema = json.loads((changed / "output.schema.json").read_text())
    gone = schema["required"][0]
    schema["required"].remove(gone)
    del schema["properties"][gone]
    (changed / "output.schema.json").write_text(json.dumps(schema))

    same = cli.run("tasks", "check", TASKS, "--against", TASKS)
    broken = cli.run("tasks", "check", "tasks", "--against", TASKS)

    assert same.code == 0
    assert broken.code == 3
    assert (
        "tasks/extract-invoice/task.yaml:2: error: version: this version with another content is still 1.0.0, "
        f"it needs 2.0.0 or higher: output /{gone}: is gone" in broken.stderr
    )


@pytest.fixture
def vhost(broker: Any) -> Iterator[str]:
    """Give a virtual host whose user `svc` has no rights yet."""
    name = f"cli-{uuid.uuid4().hex[:8]}"
    broker.ctl("add_vhost", name)
    broker.ctl("add_user", name, "made-up")
    yield name
    broker.ctl("delete_vhost", name)
    broker.ctl("delete_user", name)


def test_the_printed_topology_and_rights_are_all_that_verify_asks_for(
    cli: CommandLine, broker: Any, vhost: str, tmp_path: Path
) -> None:
    url = re.sub(r"guest:guest(@.*/).*", rf"{vhost}:made-up\1{vhost}", broker.url)
    write_config(cli.folder, amqp={"urls": [url], "topology": "verify"})
    here = ("--vhost", vhost, "--user", vhost)

    no_rights = cli.run("doctor", "--json")
    rights = cli.run("topology", "show", "--as", "permissions", *here).stdout.decode()
    broker.ctl(*shlex.split(rights.splitlines()[-1])[1:])
    refused = cli.run("serve")
    definitions = cli.run("topology", "show", "--as", "definitions", *here).stdout
    (tmp_path / "definitions.json").write_bytes(definitions)
    broker.ctl("import_definitions", str(tmp_path / "definitions.json"))
    proven = cli.run("doctor", "--json")

    assert no_rights.code == 4
    assert refused.code == 4
    assert "rabbitmqctl import_definitions" in refused.stderr, "the command to run"
    assert proven.code == 0, proven.document
    assert {"part": "topology", "problem": "", "owner": "", "detail": "as it must be", "ok": True} in proven.document


def test_a_broker_that_refuses_the_user_is_exit_4(cli: CommandLine, broker: Any) -> None:
    write_config(cli.folder, amqp={"urls": [broker.url.replace("guest:guest", "guest:wrong")]})

    done = cli.run("serve")

    assert done.code == 4
    assert "ACCESS_REFUSED" in done.stderr
    assert "wrong" not in done.stderr


def test_the_commands_for_the_owner_of_the_broker_hold_definitions_and_rights(cli: CommandLine) -> None:
    write_config(cli.folder, amqp={"urls": ["amqp://localhost"], "prefix": "crm"})

    script = cli.run("topology", "show", "--as", "rabbitmqctl", "--vhost", "apps").stdout.decode()
    definitions = cli.run("topology", "show", "--vhost", "apps").document

    inlined = script.partition("<<'END'\n")[2].partition("\nEND\n")[0]
    assert json.loads(inlined) == definitions
    assert {queue["vhost"] for queue in definitions["queues"]} == {"apps"}
    assert "crm.requests.classify-ticket" in {queue["name"] for queue in definitions["queues"]}
    assert "rabbitmqctl set_permissions -p apps llm-adapter" in script

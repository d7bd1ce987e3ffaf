"""Every command and every option says what it is for."""

from collections.abc import Iterator
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from adapter.cli.app import build_app

COMMANDS = ("serve", "run", "tasks", "jobs", "parked", "topology", "db", "doctor", "explain", "simulate", "local-model")


def parts_of(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every command below, with its path."""
    below = getattr(command, "commands", {})
    if not below:
        yield path, command
    for name, one in below.items():
        yield from parts_of(one, f"{path} {name}")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_a_sentence(name: str) -> None:
    command = typer.main.get_command(build_app([name]))
    found = dict(parts_of(command.commands[name], name))  # type: ignore[attr-defined]  # the command is a group

    silent = [
        f"{path} {option.name}"
        for path, one in found.items()
        for option in one.params
        if option.name != "help" and not option.help
    ]
    assert silent == []
    assert all(one.help and one.help.endswith(".") for one in found.values())


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help_lists_every_command(arguments: list[str]) -> None:
    shown = CliRunner().invoke(build_app(arguments), arguments, prog_name="adapter").output

    assert "Usage: adapter" in shown
    assert [name for name in COMMANDS if f" {name} " not in shown] == []


@pytest.mark.parametrize("name", ["tasks", "jobs", "parked", "topology", "db"])
def test_a_group_without_a_command_shows_its_help(name: str) -> None:
    shown = CliRunner().invoke(build_app([name]), [name], prog_name="adapter")

    assert f"Usage: adapter {name}" in shown.output
    assert shown.exit_code == 2

"""All commands. Only the module of the command that was asked for is imported: the others take a second."""

import importlib
import sys
from collections.abc import Sequence

import typer

_COMMANDS = {
    "serve": "serve",
    "run": "run",
    "simulate": "simulate",
    "local-model": "local_model",
    "doctor": "doctor",
    "explain": "explain",
}
_GROUPS = {"tasks": "tasks", "jobs": "jobs", "parked": "parked", "topology": "topology", "db": "db"}


def build_app(arguments: Sequence[str]) -> typer.Typer:
    """Build the command line with the command that the arguments name; with all of them if they name none."""
    app = typer.Typer(
        name="adapter",
        help="Legacy records in, trusted documents out: a gRPC and RabbitMQ face for large language models.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(lambda: None)
    asked = arguments[0] if arguments else ""
    names = [asked] if asked in _COMMANDS or asked in _GROUPS else [*_COMMANDS, *_GROUPS]
    for name in names:
        if name in _COMMANDS:
            module = importlib.import_module(f"adapter.cli.{_COMMANDS[name]}")
            app.command(name)(module.command)
        else:
            module = importlib.import_module(f"adapter.cli.{_GROUPS[name]}")
            app.add_typer(module.app, name=name)
    return app


def main() -> None:
    """Run the command line."""
    build_app(sys.argv[1:])()

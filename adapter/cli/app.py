"""All commands. Only the module of the command that was asked for is imported: all of them take seconds."""

import importlib
import os
import sys
from collections.abc import Sequence

import typer

_COMMANDS = {
    "serve": "Run the service.",
    "run": "Run one job in this process, without a server.",
    "tasks": "The tasks: list, show, check, export.",
    "jobs": "Jobs in the memory: list, show, cancel, retry, republish, purge.",
    "parked": "Messages kept for a person: list, show, replay, discard.",
    "topology": "Our objects at the broker: show.",
    "db": "The database: check, upgrade.",
    "doctor": "Check every part; say what to fix and who owns it.",
    "explain": "Explain a reason.",
    "simulate": "Serve the simulated model.",
    "local-model": "Serve the small real model of the extra local-model.",
}

_WORKER = "worker"  # what `serve --workers` starts; not for people, so it is not listed
_UNLISTED = {"failpoints": "Where a test can break the process: list."}


def build_app(arguments: Sequence[str]) -> typer.Typer:
    """Build the command line with the command that the arguments name; of the others only the summary is there."""
    app = typer.Typer(
        name="adapter",
        help="Legacy records in, trusted documents out: a gRPC and RabbitMQ face for large language models.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(lambda: None)
    asked = arguments[0] if arguments else ""
    if asked == _WORKER:
        _add(app, _WORKER, "")
    for name, summary in _COMMANDS.items():
        if name == asked:
            _add(app, name, summary)
        else:
            app.command(name, help=summary)(lambda: None)
    for name, summary in _UNLISTED.items():
        if name == asked:
            _add(app, name, summary)
        else:
            app.command(name, help=summary, hidden=True)(lambda: None)
    return app


def _add(app: typer.Typer, name: str, summary: str) -> None:
    module = importlib.import_module(f"adapter.cli.{name.replace('-', '_')}")
    if hasattr(module, "app"):
        app.add_typer(module.app, name=name, help=summary)
    else:
        app.command(name)(module.command)


def main() -> None:
    """Run the command line."""
    # The core of gRPC writes a line of its own for each handshake that fails, between our events.
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    build_app(sys.argv[1:])()

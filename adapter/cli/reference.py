"""`adapter explain`, `adapter db`: what a reason means; the state of the database."""

from typing import Annotated

import typer
from rich.table import Table

from adapter.cli.console import output, print_json
from adapter.cli.exits import Exit, exit_codes, fail
from adapter.cli.options import ConfigOption, JsonOption, settings_of
from adapter.errors import AdapterError, concrete_errors, default_message
from adapter.outbound.sql import migrate

db = typer.Typer(help="The database.", no_args_is_help=True)


def explain(
    reason: Annotated[str, typer.Argument(help="For example OUTPUT_INVALID; all of them without one.")] = "",
    json: JsonOption = False,
) -> None:
    """Explain a reason: what happened, what to do, and how both faces treat it."""
    with exit_codes():
        known = {cls.reason: cls for cls in concrete_errors()}
        chosen = [known[reason.upper()]] if reason.upper() in known else list(known.values())
        if reason and reason.upper() not in known:
            fail(f"There is no reason {reason[:64]!r}. Known are: {', '.join(known)}.", Exit.WRONG_USAGE)
        if json:
            print_json([_row(cls) for cls in chosen])
        elif reason:
            for name, value in _row(chosen[0]).items():
                output.print(f"[bold]{name:11}[/] {value}", highlight=False)
        else:
            _print_table(chosen)


def _row(cls: type[AdapterError]) -> dict[str, str]:
    return {
        "reason": cls.reason,
        "meaning": default_message(cls),
        "grpc_code": cls.grpc_code,
        "recorded": "yes: a repeat gets it again" if cls.recorded else "no: the same request id may come again",
        "retryable": cls.retryable.value.lower(),
        "by_queue": cls.queue_fate.value,
    }


def _print_table(classes: list[type[AdapterError]]) -> None:
    table = Table(title="Reasons")
    for heading in ("reason", "gRPC code", "recorded", "retryable", "by queue"):
        table.add_column(heading)
    for cls in classes:
        recorded = "yes" if cls.recorded else "no"
        table.add_row(cls.reason, cls.grpc_code, recorded, cls.retryable.value.lower(), cls.queue_fate.value)
    output.print(table)


@db.command("upgrade")
def upgrade(config: ConfigOption = None) -> None:
    """Bring the database to this version's schema; only ever adds."""
    with exit_codes():
        settings = settings_of(config)
        migrate.upgrade(settings.database.url)
        output.print("The database is up to date.")


@db.command("check")
def check(config: ConfigOption = None) -> None:
    """Say whether the database has this version's schema; exit 4 if not."""
    with exit_codes():
        problems = migrate.check(settings_of(config).database.url)
        if problems:
            fail("\n".join([*problems, "Run: adapter db upgrade"]), Exit.UNREACHABLE)
        output.print("The database is up to date.")

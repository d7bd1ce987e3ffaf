"""`adapter explain`: what a reason means, from the one table."""

from typing import Annotated

import typer
from rich.table import Table

from adapter.cli.console import output, print_json
from adapter.cli.exits import Exit, exit_codes, fail
from adapter.cli.options import JsonOption
from adapter.errors import AdapterError, concrete_errors, default_message


def command(
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

"""`adapter explain`: what a reason means, from the one table."""

from typing import Annotated

import typer

from adapter.cli.console import print_json, print_text
from adapter.cli.exits import Exit, exit_codes, fail
from adapter.cli.options import JsonOption
from adapter.cli.tables import Column, print_table
from adapter.errors import (
    AdapterError,
    JobFailure,
    JobRemark,
    RequestError,
    TryAgainError,
    concrete_errors,
    default_message,
)

_BRANCHES = (RequestError, TryAgainError, JobFailure, JobRemark)  # the order of the docs


def command(
    reason: Annotated[str, typer.Argument(help="For example OUTPUT_INVALID; all of them without one.")] = "",
    json: JsonOption = False,
) -> None:
    """Explain a reason: what happened, what to do, and how both faces treat it."""
    with exit_codes():
        known = {cls.reason: cls for branch in _BRANCHES for cls in concrete_errors(branch)}
        if reason and reason.upper() not in known:
            fail(f"There is no reason {reason[:64]!r}. Known are: {', '.join(known)}.", Exit.WRONG_USAGE)
        chosen = [known[reason.upper()]] if reason else list(known.values())
        if json:
            print_json([_row(cls) for cls in chosen])
        elif reason:
            for name, value in _row(chosen[0]).items():
                print_text(f"[bold]{name:11}[/] {value}")
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
    columns = (
        Column("reason"),
        Column("gRPC code", rank=1),
        Column("recorded", rank=2),
        Column("retryable", rank=3),
        Column("by queue", whole=False),
    )
    rows = [
        (
            cls.reason,
            cls.grpc_code,
            "yes" if cls.recorded else "no",
            cls.retryable.value.lower(),
            cls.queue_fate.value,
        )
        for cls in classes
    ]
    print_table(columns, rows)

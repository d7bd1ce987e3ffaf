"""`adapter failpoints list`: where a test can break the process. Not for operation."""

import typer

from adapter.cli.console import print_json
from adapter.cli.exits import exit_codes
from adapter.cli.options import JsonOption
from adapter.cli.tables import Column, print_table
from adapter.failpoints import Failpoint

app = typer.Typer(no_args_is_help=True)


@app.callback()
def group() -> None:
    """Places where ADAPTER_FAILPOINTS can break the process, for tests."""


@app.command("list")
def list_failpoints(json: JsonOption = False) -> None:
    """List the failpoints in the order in which a job passes them."""
    with exit_codes():
        if json:
            print_json([{"failpoint": point.value, "place": point.place} for point in Failpoint])
        else:
            print_table([Column("failpoint"), Column("place", whole=False)], [(one, one.place) for one in Failpoint])

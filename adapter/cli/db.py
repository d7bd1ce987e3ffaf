"""`adapter db`: the schema of the database."""

import typer

from adapter.cli.configured import settings_of
from adapter.cli.console import print_text
from adapter.cli.exits import Exit, exit_codes, fail
from adapter.cli.options import ConfigOption
from adapter.outbound.sql import migrate
from adapter.secret import reveal

app = typer.Typer(no_args_is_help=True)


@app.command("upgrade")
def upgrade(config: ConfigOption = None) -> None:
    """Bring the database to this version's schema; only ever adds."""
    with exit_codes():
        migrate.upgrade(reveal(settings_of(config).database.url))
        print_text("The database is up to date.")


@app.command("check")
def check(config: ConfigOption = None) -> None:
    """Say whether the database has this version's schema; exit 4 if not."""
    with exit_codes():
        problems = migrate.check(reveal(settings_of(config).database.url))
        if problems:
            fail("\n".join(problems), Exit.UNREACHABLE)
        print_text("The database is up to date.")

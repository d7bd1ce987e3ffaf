"""`adapter topology show`: what to ask the broker's owner for."""

from enum import StrEnum
from typing import Annotated

import typer

from adapter.bootstrap.catalogue import read_catalogue
from adapter.broker.render import render
from adapter.broker.wiring import Topology
from adapter.cli.configured import settings_of
from adapter.cli.exits import exit_codes
from adapter.cli.options import ConfigOption, TasksOption
from adapter.settings import Amqp

app = typer.Typer(no_args_is_help=True)


class Form(StrEnum):
    """How to print it."""

    DEFINITIONS = "definitions"
    RABBITMQCTL = "rabbitmqctl"
    PERMISSIONS = "permissions"


@app.callback()
def group() -> None:
    """Our objects at the broker: what to ask its owner for."""


@app.command("show")
def show(
    form: Annotated[
        Form, typer.Option("--as", help="To import; to run; or the rights of our user.")
    ] = Form.DEFINITIONS,
    vhost: Annotated[str, typer.Option("--vhost", help="The virtual host that they are in.")] = "/",
    user: Annotated[str, typer.Option("--user", help="The adapter's user at the broker.")] = "llm-adapter",
    config: ConfigOption = None,
    tasks: TasksOption = None,
) -> None:
    """Print the exchanges, queues and bindings as definitions, commands, or the rights the adapter needs."""
    with exit_codes():
        settings = settings_of(config, quiet=True)
        prefix = settings.amqp.prefix if settings.amqp else Amqp.model_fields["prefix"].default
        topology = Topology(prefix, read_catalogue(settings, tasks).names())
        typer.echo(render(topology, form.value, vhost=vhost, user=user))

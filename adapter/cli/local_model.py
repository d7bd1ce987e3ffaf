"""`adapter local-model`: the small real model of the extra local-model, as a server."""

from typing import Annotated

import typer

from adapter.cli.exits import UnreachableError, exit_codes
from adapter.outbound.models.local_model import LocalModelFailed, LocalModelMissing, serve_local_model


def command(
    port: Annotated[int, typer.Option("--port")] = 9100,
    host: Annotated[str, typer.Option("--host")] = "127.0.0.1",
) -> None:
    """Serve the small real model of the extra local-model."""
    with exit_codes():
        try:
            serve_local_model(host, port)
        except (LocalModelMissing, LocalModelFailed) as exc:
            raise UnreachableError(str(exc)) from exc

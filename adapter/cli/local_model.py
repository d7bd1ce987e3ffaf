"""`adapter local-model`: the small real model of the extra local-model, as a server."""

from typing import Annotated

import typer

from adapter.cli.exits import exit_codes
from adapter.outbound.models.local_model import serve_local_model


def command(
    port: Annotated[int, typer.Option("--port", min=1, max=65_535, help="Port to listen on.")] = 9100,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """Serve the small real model of the extra local-model: OpenAI-compatible, at /v1."""
    with exit_codes():
        serve_local_model(host, port)

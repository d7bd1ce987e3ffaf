"""Options that several commands share."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="Configuration file. Default: $ADAPTER_CONFIG, else adapter.yaml if it is there."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
TasksOption = Annotated[
    Path | None, typer.Option("--tasks", help="Folder of task folders. Default: `tasks` of the configuration.")
]
AddressOption = Annotated[
    str, typer.Option("--address", help="gRPC address of the running service. Default: grpc.listen.")
]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most so many, the newest.")]


def labels_of(texts: Sequence[str] | None) -> dict[str, str]:
    """Read name=value. Raises BadParameter."""
    labels = {}
    for text in texts or ():
        name, separator, value = text.partition("=")
        if not separator or not name:
            raise typer.BadParameter(f"{text[:80]!r} is not name=value", param_hint="--label")
        labels[name] = value
    return labels

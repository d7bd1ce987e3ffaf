"""Options that several commands share."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from adapter.domain.job import State, Verdict

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
RecordOption = Annotated[
    Path | None,
    typer.Option("--record", help="Write every model call into this folder, personal data replaced.", file_okay=False),
]
ReplayOption = Annotated[
    Path | None,
    typer.Option("--replay", help="Call no model: repeat what was recorded in this folder.", file_okay=False),
]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most so many, the newest.")]
TaskOption = Annotated[str, typer.Option("--task", help="Only of this task.")]
StateOption = Annotated[
    list[State] | None, typer.Option("--state", case_sensitive=False, help="Only in this state; may repeat.")
]
VerdictOption = Annotated[
    Verdict | None, typer.Option("--verdict", case_sensitive=False, help="Only with this verdict.")
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Only with this reason of a failure or remark.")]
ClientOption = Annotated[str, typer.Option("--client", help="Only of this client.")]
LabelOption = Annotated[list[str] | None, typer.Option("--label", help="Only with name=value; may repeat.")]
SinceOption = Annotated[datetime | None, typer.Option("--since", help="Only created at or after this local time.")]
UntilOption = Annotated[datetime | None, typer.Option("--until", help="Only created before this local time.")]


def labels_of(texts: Sequence[str] | None) -> dict[str, str]:
    """Read name=value. Raises BadParameter."""
    labels = {}
    for text in texts or ():
        name, separator, value = text.partition("=")
        if not separator or not name:
            raise typer.BadParameter(f"{text[:80]!r} is not name=value", param_hint="--label")
        labels[name] = value
    return labels

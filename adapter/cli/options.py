"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from adapter.cli.logs import configure_logs
from adapter.settings import Settings
from adapter.settings_file import load_settings

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


def settings_of(config: Path | None, *, quiet: bool = False) -> Settings:
    """Load the configuration and set up the logs. Quiet: only warnings and worse."""
    settings = load_settings(config)
    log = settings.log
    configure_logs(log.model_copy(update={"level": "warning"}) if quiet and log.level == "info" else log)
    return settings

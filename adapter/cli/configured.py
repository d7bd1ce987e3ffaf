"""The configuration of a command, and its logs."""

from pathlib import Path

from adapter.cli.logs import configure_logs
from adapter.settings import Settings
from adapter.settings_file import load_settings


def settings_of(config: Path | None, *, quiet: bool = False) -> Settings:
    """Load the configuration and set up the logs. Quiet: errors only, the command itself says the rest.

    Raises ConfigurationProblems.
    """
    settings = load_settings(config)
    log = settings.log
    configure_logs(log.model_copy(update={"level": "error"}) if quiet and log.level == "info" else log)
    return settings

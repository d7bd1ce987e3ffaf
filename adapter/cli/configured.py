"""The configuration of a command, and its logs."""

from pathlib import Path

from adapter.cli.exits import Exit, fail
from adapter.cli.logs import configure_logs
from adapter.settings import Settings
from adapter.settings_cassettes import Cassettes
from adapter.settings_file import load_settings


def settings_of(config: Path | None, *, quiet: bool = False) -> Settings:
    """Load the configuration and set up the logs. Quiet: errors only, the command itself says the rest.

    Raises ConfigurationProblems.
    """
    settings = load_settings(config)
    log = settings.log
    configure_logs(log.model_copy(update={"level": "error"}) if quiet and log.level == "info" else log)
    return settings


def with_cassettes(settings: Settings, record: Path | None, replay: Path | None) -> Settings:
    """Lay --record or --replay over the configuration."""
    if record is not None and replay is not None:
        fail("--record and --replay: choose one.", Exit.WRONG_USAGE)
    if record is None and replay is None:
        return settings
    cassettes = Cassettes(record=record, replay=replay, redact=settings.cassettes.redact)
    return settings.model_copy(update={"cassettes": cassettes})

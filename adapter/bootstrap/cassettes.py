"""Models that are recorded or replayed, as the configuration says."""

from collections.abc import Callable
from pathlib import Path

import structlog

from adapter.outbound.cassettes.asked import ModelNames
from adapter.outbound.cassettes.folder import CassetteFolder
from adapter.outbound.cassettes.recorded_model import RecordedModel, Recorder
from adapter.outbound.cassettes.replayed_model import Player, ReplayedModel
from adapter.ports import Model
from adapter.settings import ModelSection
from adapter.settings_cassettes import Cassettes
from adapter.settings_file import ConfigurationProblems
from adapter.tasks.problem import Problem

log = structlog.get_logger()

BuildModel = Callable[[], Model]
MakeModel = Callable[[str, ModelSection, BuildModel], Model]


def model_maker(cassettes: Cassettes) -> MakeModel:
    """Return what makes a model from its name, its section and the way to build it, which a replay never goes.

    Raises ConfigurationProblems for a folder that cannot be used.
    """
    patterns = tuple(cassettes.redact)
    if cassettes.replay is not None:
        player = Player(_existing(cassettes.replay))
        log.info("cassettes_replayed", folder=str(cassettes.replay))
        return lambda name, section, _build: ReplayedModel(_names(name, section), player, patterns)
    if cassettes.record is not None:
        recorder = Recorder(_made(cassettes.record))
        log.info("cassettes_recorded", folder=str(cassettes.record))
        return lambda name, section, build: RecordedModel(build(), _names(name, section), recorder, patterns)
    return lambda _name, _section, build: build()


def _names(name: str, section: ModelSection) -> ModelNames:
    return ModelNames(name, section.model or section.deployment)


def _existing(path: Path) -> CassetteFolder:
    if not path.is_dir():
        problem = Problem("cassettes.replay", 0, f"{path} is not a folder; record first, with --record {path}")
        raise ConfigurationProblems((problem,))
    return CassetteFolder(path)


def _made(path: Path) -> CassetteFolder:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        problem = Problem("cassettes.record", 0, f"{path} cannot be made: {exc.strerror}; name another folder")
        raise ConfigurationProblems((problem,)) from exc
    return CassetteFolder(path)

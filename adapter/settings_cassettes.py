"""Recording and replay of model calls: the section `cassettes` of the configuration."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, model_validator

from adapter.settings_section import STRICT


def _pattern(value: str) -> str:
    try:
        matches_nothing = re.compile(f"(?:{value})").search("") is not None
    except re.error as exc:
        raise ValueError(f"is not a regular expression: {exc}") from exc
    if matches_nothing:
        raise ValueError("matches nothing at all, and so everywhere; let it ask for at least one character")
    return value


class Cassettes(BaseModel):
    """Where calls are recorded, or replayed from; neither = models are called, and nothing is kept of it."""

    model_config = STRICT

    record: Path | None = None
    replay: Path | None = None
    redact: list[Annotated[str, AfterValidator(_pattern)]] = []
    """Regular expressions of what else is personal; the same when it is replayed."""

    @model_validator(mode="after")
    def _is_one(self) -> "Cassettes":
        if self.record is not None and self.replay is not None:
            raise ValueError("record and replay: choose one")
        return self

"""Steps of a running job, for watchers; never a token of a reply."""

from dataclasses import dataclass
from enum import StrEnum


class ProgressKind(StrEnum):
    """What a progress event tells."""

    CALL_STARTED = "CALL_STARTED"
    WAITING = "WAITING"
    REPAIR = "REPAIR"


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of a running job."""

    job_id: str
    kind: ProgressKind
    model: str = ""
    detail: str = ""

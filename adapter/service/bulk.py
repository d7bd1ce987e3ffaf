"""What operators ask to be done to many finished jobs, and what they are told of each."""

from collections.abc import Sequence
from dataclasses import dataclass

from adapter.domain.client import DEFAULT_CLIENT
from adapter.ports.operators import Obstacle, PickedJob, Selection


@dataclass(frozen=True, slots=True)
class Bulk:
    """Which jobs, and how fast."""

    selection: Selection
    operator: str = DEFAULT_CLIENT
    """Who asked, for the log."""
    dry_run: bool = False
    """Only say what would be done."""
    jobs_per_second: float = 0.0
    """0 = as fast as the database takes it."""
    resume_token: str = ""
    """Of the last batch of a call that was cut off."""


@dataclass(frozen=True, slots=True)
class ChangedJob:
    """One job and what became of it; obstacle None = done, or in a dry run: would be."""

    job: PickedJob
    revision: int
    """Its newest, after this."""
    obstacle: Obstacle | None


@dataclass(frozen=True, slots=True)
class Batch:
    """Some jobs, and where to go on; "" = these were the last."""

    jobs: Sequence[ChangedJob]
    resume_token: str

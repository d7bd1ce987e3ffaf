"""Queue jobs that nobody works on, and the look at the queues that tells whether their messages are gone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from adapter.domain.job import Route


@dataclass(frozen=True, slots=True)
class UnclaimedJob:
    """A job that came by queue, was begun and given back. The token grows when it is claimed."""

    job_id: str
    task: str
    token: int


class UnclaimedJobs(Protocol):
    """The part of the memory that knows them. Raises StoreUnavailable."""

    async def unclaimed(self, begun_seconds_ago: float) -> Sequence[UnclaimedJob]:
        """Jobs whose message must come again, since nothing else stands for them; the oldest first, some of them."""

    async def routes_of(self, job_id: str) -> Sequence[Route]:
        """Where their requests wanted the answer."""


class RequestQueues(Protocol):
    """The queues in which a request can be."""

    async def are_empty(self, task: str) -> bool:
        """True when no message waits in any queue from which a request of this task could come; False: not known."""

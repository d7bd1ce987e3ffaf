"""A client: who asks, which tasks it may use, how often, and whether it sees what is others'."""

from dataclasses import dataclass
from enum import StrEnum

DEFAULT_CLIENT = "default"
"""Everybody who shows nothing, where that is allowed, and broker users that belong to no client."""
CLIENT_NAME = r"[a-z0-9-]{1,64}"
"""Of routing keys, too: the last part of a result's is the client."""


class Role(StrEnum):
    """What a client may do beside its own jobs: an operator sees all jobs, and does what AdminService offers."""

    CLIENT = "client"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Rate:
    """At most so many requests in so many seconds."""

    requests: int
    per_seconds: float


@dataclass(frozen=True, slots=True)
class Client:
    """One of those who ask."""

    name: str = DEFAULT_CLIENT
    tasks: frozenset[str] | None = None
    """Names of the tasks it may use; None = every task."""
    rate: Rate | None = None
    role: Role = Role.CLIENT

    def may_use(self, task_name: str) -> bool:
        """Return whether it may use a task, named without version."""
        return self.tasks is None or task_name in self.tasks

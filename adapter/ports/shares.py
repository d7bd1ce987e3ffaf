"""Where replicas meet to share limits."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from adapter.domain.shares import ShareClaim


class ShareStore(Protocol):
    """What each replica holds of each limit, by the database's clock. Raises StoreUnavailable."""

    async def exchange(self, claims: Sequence[ShareClaim]) -> Mapping[str, int]:
        """Say what this replica uses and wants; returns what it holds from now on, by limit, until its lease ends.

        The sum of what all hold, the dead included until the window has forgotten their calls, is at most the total.
        """

    async def leave(self, claims: Sequence[ShareClaim]) -> None:
        """Give back all but what was used, for a replica that sends nothing more."""

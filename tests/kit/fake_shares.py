"""Where replicas meet, in memory: the same promises as the SQL one, on any clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from adapter.domain.shares import HeldShare, ShareClaim, granted_share
from adapter.errors import StoreUnavailable
from adapter.ports import Clock


@dataclass(frozen=True, slots=True)
class _Row:
    claim: ShareClaim
    held: int
    live_until: float
    keep_until: float


@dataclass(slots=True)
class ShareTable:
    """What all replicas hold."""

    clock: Clock
    lease_seconds: float
    rows: dict[tuple[str, str], _Row] = field(default_factory=dict)

    def held(self, limit: str) -> int:
        """What all hold of a limit now, the dead included."""
        now = self.clock.monotonic()
        return sum(row.held for (name, _), row in self.rows.items() if name == limit and row.keep_until > now)

    def others(self, limit: str, replica_id: str) -> list[HeldShare]:
        now = self.clock.monotonic()
        return [
            HeldShare(
                replica,
                row.held,
                row.claim.used,
                row.claim.wanted,
                row.claim.next_amount,
                row.claim.waiting_since,
                is_live=row.live_until > now,
            )
            for (name, replica), row in self.rows.items()
            if name == limit and replica != replica_id and row.keep_until > now
        ]

    def put(self, replica_id: str, claim: ShareClaim, granted: int, lease_seconds: float) -> None:
        live_until = self.clock.monotonic() + lease_seconds
        held = max(granted, claim.used)
        self.rows[claim.limit, replica_id] = _Row(claim, held, live_until, live_until + claim.keep_seconds)


@dataclass(slots=True)
class FakeShares:
    """Implements ports.ShareStore for one replica."""

    table: ShareTable
    replica_id: str
    is_away: bool = False
    exchanges: int = 0

    async def exchange(self, claims: Sequence[ShareClaim]) -> Mapping[str, int]:
        if self.is_away:
            raise StoreUnavailable
        self.exchanges += 1
        granted = {}
        for claim in claims:
            granted[claim.limit] = granted_share(
                claim, self.replica_id, self.table.others(claim.limit, self.replica_id)
            )
            self.table.put(self.replica_id, claim, granted[claim.limit], self.table.lease_seconds)
        return granted

    async def leave(self, claims: Sequence[ShareClaim]) -> None:
        if self.is_away:
            raise StoreUnavailable
        for claim in claims:
            self.table.put(self.replica_id, claim, 0, 0.0)

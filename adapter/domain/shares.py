"""How replicas share a limit: each holds a part of the total, and takes only what all the others have let go."""

from collections.abc import Sequence
from dataclasses import dataclass

# What a replica keeps beyond its needs, so that work which comes now can begin now: this part of an equal share.
SPARE_FRACTION = 4


@dataclass(frozen=True, slots=True)
class ShareClaim:
    """What one replica says of one limit when shares are exchanged. Amounts are requests, tokens or calls."""

    limit: str
    """Name of the limit, the same on all replicas."""
    total: int
    used: int
    """Spent or reserved in the window: cannot be given away."""
    wanted: int
    """Used, and all that waits here."""
    next_amount: int = 0
    """What the first in line needs; 0 = nobody waits."""
    waiting_since: float = 0.0
    """When the first in line came, in seconds since 1970."""
    keep_seconds: float = 0.0
    """What a dead replica held still counts for so long: the endpoint's own window remembers its calls."""


@dataclass(frozen=True, slots=True)
class HeldShare:
    """What another replica said last, and what it holds: the most that its calls of the window come to."""

    replica_id: str
    held: int
    used: int
    wanted: int
    next_amount: int
    waiting_since: float
    is_live: bool
    """False: it lapsed or stopped; what it holds is nobody's until the window has passed."""


def granted_share(claim: ShareClaim, replica_id: str, others: Sequence[HeldShare]) -> int:
    """How much this replica may hold from now on; the caller sees to it that no other exchanges meanwhile.

    Whatever the others said, the sum of what all hold stays within the total.
    """
    mine = HeldShare(replica_id, 0, claim.used, claim.wanted, claim.next_amount, claim.waiting_since, is_live=True)
    lapsed = sum(other.held for other in others if not other.is_live)
    fair = _divided(max(0, claim.total - lapsed), [mine, *(other for other in others if other.is_live)])
    free = claim.total - sum(other.held for other in others)
    return max(0, min(fair[replica_id], free))


def _divided(pool: int, shares: Sequence[HeldShare]) -> dict[str, int]:
    """Divide: first what those need who wait longest, then evenly up to what each wants.

    Who has used more than its part keeps that until the window has passed, and then takes no more than the part again.
    """
    floors = dict.fromkeys((share.replica_id for share in shares), 0)
    left = pool
    for share in sorted((one for one in shares if one.next_amount), key=_by_age):
        floors[share.replica_id] = min(share.next_amount, left)
        left -= floors[share.replica_id]
    spare = max(1, pool // (SPARE_FRACTION * len(shares)))
    wants = {share.replica_id: max(floors[share.replica_id], share.wanted + spare) for share in shares}
    return _levelled(pool, floors, wants)


def _by_age(share: HeldShare) -> tuple[float, str]:
    return share.waiting_since, share.replica_id


def _levelled(pool: int, floors: dict[str, int], wants: dict[str, int]) -> dict[str, int]:
    """Raise the smallest parts first, none above what it wants; what is left over goes by name, one each."""

    def at(level: int) -> dict[str, int]:
        return {name: max(floor, min(wants[name], level)) for name, floor in floors.items()}

    low, high = 0, pool
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if sum(at(middle).values()) <= pool else (low, middle - 1)
    parts = at(low)
    left = pool - sum(parts.values())
    for name in sorted(parts):
        if left > 0 and parts[name] == max(low, floors[name]) and parts[name] < wants[name]:
            parts[name] += 1
            left -= 1
    return parts

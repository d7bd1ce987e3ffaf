"""Shares of limits: one row for each limit and replica, exchanged by one replica at a time."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Insert, Row, bindparam, delete, select, text, update

from adapter.domain.shares import HeldShare, ShareClaim, granted_share
from adapter.outbound.sql import tables
from adapter.outbound.sql.dialect import insert_into, now_us
from adapter.outbound.sql.times import seconds_to_us, us_to_seconds
from adapter.outbound.sql.write_lanes import WriteLanes

_SHARES = tables.shares
# Any number that nobody else takes for an advisory lock of this database.
_LOCK = text("SELECT pg_advisory_xact_lock(7231906114508233)")
_FORGET = delete(_SHARES).where(_SHARES.c.keep_until <= now_us())
_OTHERS = select(_SHARES, (_SHARES.c.live_until > now_us()).label("is_live")).where(
    _SHARES.c.limit_name.in_(bindparam("limits", expanding=True)), _SHARES.c.replica_id != bindparam("this_id")
)
_END_ALL = (
    update(_SHARES)
    .where(_SHARES.c.live_until > now_us())
    .values(live_until=0, keep_until=_SHARES.c.keep_until - _SHARES.c.live_until + now_us())
)


@cache
def _put(dialect_name: str) -> Insert:
    statement = insert_into(_SHARES, dialect_name).values(
        live_until=now_us() + bindparam("live_us"), keep_until=now_us() + bindparam("live_us") + bindparam("keep_us")
    )
    changes = {column.name: statement.excluded[column.name] for column in _SHARES.c if not column.primary_key}
    return statement.on_conflict_do_update(index_elements=["limit_name", "replica_id"], set_=changes)


def exchange(connection: Connection, claims: Sequence[ShareClaim], replica_id: str, lease_us: int) -> Mapping[str, int]:
    """Grant this replica what it may hold of each limit."""
    if connection.dialect.name == "postgresql":  # SQLite has one writer at a time
        connection.execute(_LOCK)
    connection.execute(_FORGET)
    others: dict[str, list[HeldShare]] = {claim.limit: [] for claim in claims}
    for row in connection.execute(_OTHERS, {"limits": list(others), "this_id": replica_id}):
        others[row.limit_name].append(_held_share(row))
    granted = {claim.limit: granted_share(claim, replica_id, others[claim.limit]) for claim in claims}
    _store(connection, claims, granted, replica_id, lease_us)
    return granted


def leave(connection: Connection, claims: Sequence[ShareClaim], replica_id: str) -> None:
    """Hold what was used, until the window has passed, and nothing else."""
    _store(connection, claims, {claim.limit: 0 for claim in claims}, replica_id, 0)


def end_all(connection: Connection) -> None:
    """Let every lease lapse: for a process that knows to be the only one alive."""
    connection.execute(_END_ALL)


def _store(
    connection: Connection, claims: Sequence[ShareClaim], granted: Mapping[str, int], replica_id: str, lease_us: int
) -> None:
    rows = [
        {
            "limit_name": claim.limit,
            "replica_id": replica_id,
            "held": max(granted[claim.limit], claim.used),
            "used": claim.used,
            "wanted": claim.wanted,
            "next_amount": claim.next_amount,
            "waiting_since": seconds_to_us(claim.waiting_since),
            "live_us": lease_us,
            "keep_us": seconds_to_us(claim.keep_seconds),
        }
        for claim in claims
    ]
    connection.execute(_put(connection.dialect.name), rows)


def _held_share(row: Row[Any]) -> HeldShare:
    return HeldShare(
        replica_id=row.replica_id,
        held=row.held,
        used=row.used,
        wanted=row.wanted,
        next_amount=row.next_amount,
        waiting_since=us_to_seconds(row.waiting_since),
        is_live=bool(row.is_live),
    )


class SqlShares:
    """Implements ports.ShareStore with the writer of a store."""

    def __init__(self, writer: WriteLanes, replica_id: str, lease_us: int) -> None:
        self._writer = writer
        self._replica_id = replica_id
        self._lease_us = lease_us

    async def exchange(self, claims: Sequence[ShareClaim]) -> Mapping[str, int]:
        """See ports.ShareStore."""
        # The key sorts before all others: who locks the shares holds no other lock yet, and so nobody deadlocks.
        return await self._writer.submit(
            lambda connection: exchange(connection, claims, self._replica_id, self._lease_us), "", is_urgent=True
        )

    async def leave(self, claims: Sequence[ShareClaim]) -> None:
        """See ports.ShareStore."""
        await self._writer.submit(lambda connection: leave(connection, claims, self._replica_id), "", is_urgent=True)

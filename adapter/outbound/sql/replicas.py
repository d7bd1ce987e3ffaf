"""Heartbeats: one row per replica, whose lease covers every job and publication that it owns."""

from functools import cache

from sqlalchemy import Connection, Insert, bindparam, delete, exists, func, select, update

from adapter.outbound.sql import claims, shares, tables
from adapter.outbound.sql.dialect import insert_into, now_us
from adapter.outbound.sql.lease import Lease
from adapter.outbound.sql.statements import RUNNING

_REPLICAS = tables.replicas
_RETIRE = delete(_REPLICAS).where(_REPLICAS.c.replica_id == bindparam("this_id"))
_EXPIRE_ALL = update(_REPLICAS).values(lease_until=0)
_OWNS_RUNNING = exists().where(tables.jobs.c.owner == _REPLICAS.c.replica_id, tables.jobs.c.state == RUNNING)
_FORGET_LAPSED = delete(_REPLICAS).where(_REPLICAS.c.lease_until <= now_us(), ~_OWNS_RUNNING)
_COUNT_LIVE = select(func.count()).select_from(_REPLICAS).where(_REPLICAS.c.lease_until > now_us())
_PROBE_ID = "probe"


@cache
def _beat(dialect_name: str) -> Insert:
    lease_until = now_us() + bindparam("lease_us")
    statement = insert_into(_REPLICAS, dialect_name).values(beat_time=now_us(), lease_until=lease_until)
    newer = {"beat_time": statement.excluded.beat_time, "lease_until": statement.excluded.lease_until}
    return statement.on_conflict_do_update(index_elements=["replica_id"], set_=newer)


def beat(connection: Connection, replica_id: str, lease_us: int) -> None:
    """Renew a replica's lease."""
    connection.execute(_beat(connection.dialect.name), {"replica_id": replica_id, "lease_us": lease_us})


def retire(connection: Connection, replica_id: str) -> None:
    """Forget a replica that stops."""
    connection.execute(_RETIRE, {"this_id": replica_id})


def count_live(connection: Connection) -> int:
    """Count the replicas whose lease runs."""
    return connection.execute(_COUNT_LIVE).scalar_one()


def expire_all(connection: Connection) -> None:
    """Let every lease lapse: for a process that knows to be the only one alive."""
    connection.execute(_EXPIRE_ALL)
    shares.end_all(connection)


def reap(connection: Connection, replica_id: str, lease: Lease) -> int:
    """Give back the jobs of lapsed replicas, then forget those replicas; returns how many jobs.

    Who reaps is alive, however late its heartbeat, and must not reap itself.
    """
    beat(connection, replica_id, lease.us)
    count = claims.give_back_lost(connection, lease)
    connection.execute(_FORGET_LAPSED)
    return count


def probe(connection: Connection) -> None:
    """Write a row and take it away again; it never counts as alive."""
    beat(connection, _PROBE_ID, 0)
    retire(connection, _PROBE_ID)

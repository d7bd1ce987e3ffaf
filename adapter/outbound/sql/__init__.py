"""The memory in SQL, through SQLAlchemy Core."""

from adapter.outbound.sql.errors import StoreLocked, StoreOutdated
from adapter.outbound.sql.presence import StoreTaken
from adapter.outbound.sql.store import SqlJobStore

__all__ = ["SqlJobStore", "StoreLocked", "StoreOutdated", "StoreTaken"]

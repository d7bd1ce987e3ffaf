"""All that SQLite and PostgreSQL say differently: the database's clock, and inserts that meet an existing row."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class DatabaseNow(FunctionElement[int]):
    """Microseconds since 1970 by the database's own clock, computed in the statement."""

    inherit_cache = True
    type = BigInteger()


@compiles(DatabaseNow, "sqlite")
def _now_in_sqlite(_element: DatabaseNow, _compiler: SQLCompiler, **_options: Any) -> str:
    # unixepoch('subsec') needs SQLite 3.42; julianday is exact to the millisecond in all versions.
    return "CAST(ROUND((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER) * 1000"


@compiles(DatabaseNow, "postgresql")
def _now_in_postgresql(_element: DatabaseNow, _compiler: SQLCompiler, **_options: Any) -> str:
    # A bare clock_timestamp() is volatile and keeps the planner from using indexes; a subquery is computed once.
    return "(SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT))"


def now_us() -> ColumnElement[int]:
    """Return the database's time in microseconds, as an expression."""
    return DatabaseNow()


def insert_into(table: Table, dialect_name: str) -> sqlite.Insert | postgresql.Insert:
    """Return an insert that has on_conflict_do_nothing and on_conflict_do_update."""
    if dialect_name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)

"""Engines: how a database is opened, and how its transactions begin."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url

_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # a delivery is acknowledged after the commit: it must survive a power cut
    "PRAGMA foreign_keys=ON",
)


def parse_url(url: str) -> URL:
    """Return the URL with our driver. Raises ValueError for a database that we cannot use."""
    parsed = make_url(url)
    backend = parsed.get_backend_name()
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if backend == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return parsed
    msg = f"database.url: {backend} is not supported so. Use sqlite:///FILE or postgresql://HOST/NAME."
    raise ValueError(msg)


def sqlite_path(url: URL) -> Path | None:
    """Return the file of a SQLite database, None for other databases."""
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


def open_engine(url: URL, *, connections: int, busy_seconds: float) -> Engine:
    """Create an engine; nothing is connected yet. Values never show in its errors."""
    if sqlite_path(url) is None:
        return create_engine(url, pool_size=connections, max_overflow=0, hide_parameters=True)
    engine = create_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        hide_parameters=True,
        connect_args={"timeout": busy_seconds},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Give a transaction that may write; SQLite takes its write lock at the beginning."""
    # A transaction that begins by reading and then writes gets SQLITE_BUSY at once, whatever the timeout.
    with engine.begin() as connection:
        _begin(connection, "BEGIN IMMEDIATE")
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a transaction that sees one state of the database and writes nothing."""
    with engine.connect() as connection:
        _begin(connection, "BEGIN")
        yield connection


def _begin(connection: Connection, statement: str) -> None:
    # Not by an event listener: with any on the engine, SQLAlchemy goes through all its hooks at each statement.
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(statement)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own: _begin does
    for pragma in _SQLITE_PRAGMAS:
        connection.execute(pragma)

"""Engines: how a database is opened, and how its transactions begin. Every wait for it has an end."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, make_url

from adapter.outbound.sql.errors import StoreUrlInvalid
from adapter.outbound.sql.stalls import Guard, unguarded

_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # a delivery is acknowledged after the commit: it must survive a power cut
    "PRAGMA foreign_keys=ON",
)
_CONNECT_SECONDS = 5
# Both ends find out about a peer that vanished without a word, before leases lapse unnoticed.
_CLIENT_KEEPALIVE = {"keepalives_idle": 5, "keepalives_interval": 3, "keepalives_count": 3, "tcp_user_timeout": 15_000}
_SERVER_KEEPALIVE = {"tcp_keepalives_idle": 5, "tcp_keepalives_interval": 3, "tcp_keepalives_count": 3}


def parse_url(url: str) -> URL:
    """Return the URL with our driver. Raises StoreUrlInvalid for a database that we cannot use."""
    try:
        parsed = make_url(url)
    except (exc.ArgumentError, ValueError):
        # Without its cause: that may quote a part of the password.
        raise StoreUrlInvalid("cannot be read. Percent-encode special characters of the password") from None
    backend = parsed.get_backend_name()
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if backend == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return parsed
    raise StoreUrlInvalid(f"{backend} is not supported so")


def sqlite_path(url: URL) -> Path | None:
    """Return the file of a SQLite database, None for other databases."""
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


def is_sqlite(url: str) -> bool:
    """Tell whether a URL is of a SQLite file, which one process serves. Raises StoreUrlInvalid."""
    return sqlite_path(parse_url(url)) is not None


def open_engine(url: URL, *, connections: int, busy_seconds: float) -> Engine:
    """Create an engine; nothing is connected yet. Values never show in its errors.

    busy_seconds bounds the wait for a lock, and on PostgreSQL each statement. Raises StoreUrlInvalid.
    """
    if sqlite_path(url) is None:
        return _open_postgresql(url, connections, busy_seconds)
    engine = create_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        hide_parameters=True,
        connect_args={"timeout": busy_seconds},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _open_postgresql(url: URL, connections: int, statement_seconds: float) -> Engine:
    statement_ms = round(statement_seconds * 1000)
    limits = {
        "statement_timeout": statement_ms,
        "lock_timeout": statement_ms,
        "idle_in_transaction_session_timeout": 3 * statement_ms,
        **_SERVER_KEEPALIVE,
    }
    given = url.query.get("options", "")
    options = " ".join([*([given] if isinstance(given, str) else given), *(f"-c {k}={v}" for k, v in limits.items())])
    try:
        return create_engine(
            url,
            pool_size=connections,
            max_overflow=0,
            hide_parameters=True,
            connect_args={"connect_timeout": _CONNECT_SECONDS, "options": options.strip(), **_CLIENT_KEEPALIVE},
        )
    except ModuleNotFoundError as error:
        raise StoreUrlInvalid(
            "PostgreSQL needs psycopg. In the repository: pip install ./clients/python '.[postgres]'"
        ) from error


@contextmanager
def writing(engine: Engine, guard: Guard = unguarded) -> Iterator[Connection]:
    """Give a transaction that may write; SQLite takes its write lock at the beginning."""
    # A transaction that begins by reading and then writes gets SQLITE_BUSY at once, whatever the timeout.
    with engine.connect() as connection, guard(connection), connection.begin():
        _begin(connection, "BEGIN IMMEDIATE")
        yield connection


@contextmanager
def reading(engine: Engine, guard: Guard = unguarded) -> Iterator[Connection]:
    """Give a transaction that sees one state of the database and writes nothing."""
    with engine.connect() as connection, guard(connection):
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

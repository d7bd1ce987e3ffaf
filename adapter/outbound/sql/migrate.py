"""Bringing a database to the schema of this version, and telling when it is not there.

Migrations only expand, so that a version works on the schema of any later one, beside it or after a rollback.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, exc, text

from adapter.outbound.sql.engine import open_engine, parse_url, reading, sqlite_path, writing
from adapter.outbound.sql.errors import StoreOutdated, translate

_MIGRATIONS = Path(__file__).with_name("migrations")
_ADVISORY_LOCK = 0x6C6C6D61  # "llma"
_BUSY_SECONDS = 30.0
_REVISION = re.compile(r"\d{4}\Z")


def upgrade(url: str) -> None:
    """Bring the database to the newest revision, under a lock; one of a newer version stays as it is.

    Raises StoreUnavailable, StoreOutdated for a database that is not ours, ValueError for a bad URL.
    """
    engine = _engine(parse_url(url))
    try:
        with writing(engine) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ADVISORY_LOCK})
            revision = _revision(connection)
            if revision is None or _is_ours(revision):
                command.upgrade(_config(connection), "head")
            elif not _is_newer(revision):
                raise StoreOutdated(_problems(revision))
    except exc.SQLAlchemyError as error:
        raise translate(error) from error
    finally:
        engine.dispose()


def check(url: str) -> Sequence[str]:
    """Return what is wrong with the database's schema, and what to do; empty = nothing. Raises as upgrade does."""
    parsed = parse_url(url)
    path = sqlite_path(parsed)
    if path is not None and not path.exists():
        return [f"There is no database {path}. Start `adapter serve` or run `adapter db upgrade` to create it."]
    engine = _engine(parsed)
    try:
        with reading(engine) as connection:
            return _problems(_revision(connection))
    except exc.SQLAlchemyError as error:
        raise translate(error) from error
    finally:
        engine.dispose()


def require(url: str) -> None:
    """Raise StoreOutdated unless the schema is this version's, or a newer one's."""
    if problems := check(url):
        raise StoreOutdated(problems)


def _problems(revision: str | None) -> Sequence[str]:
    if revision == _head() or _is_newer(revision):
        return []
    if revision is None:
        return ["The database has no tables of llm-adapter. Run `adapter db upgrade`."]
    if _is_ours(revision):
        return [f"The database is at revision {revision}, this version needs {_head()}. Run `adapter db upgrade`."]
    return [f"The database is at revision {revision}, which is none of llm-adapter. Check database.url."]


def _is_ours(revision: str | None) -> bool:
    return revision in {script.revision for script in _scripts().walk_revisions()}


def _is_newer(revision: str | None) -> bool:
    """Tell by its number: revisions of ours are numbered in their order."""
    head = _head()
    return bool(revision and head and _REVISION.match(revision)) and int(revision or 0) > int(head or 0)


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _head() -> str | None:
    return _scripts().get_current_head()


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config(None))


def _config(connection: Connection | None) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _engine(url: URL) -> Engine:
    return open_engine(url, connections=1, busy_seconds=_BUSY_SECONDS)

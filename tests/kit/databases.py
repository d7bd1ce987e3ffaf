"""Databases of the kind that this run is about (`--database sqlite|postgresql`): empty, or with this version's schema.

PostgreSQL is a private server for the whole run; each database is a clone of a template that is migrated once.
"""

import atexit
import functools
import importlib.util
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql

from adapter.outbound.sql import migrate
from tests.kit.ports import lasting_port

if TYPE_CHECKING:
    from deploy.postgres.private_postgres import PrivatePostgres

SQLITE, POSTGRESQL = "sqlite", "postgresql"
_MODULE = Path(__file__).parents[2] / "deploy" / "postgres" / "private_postgres.py"


class Choice:
    """What the options of this run say; set once, by pytest."""

    kind = SQLITE
    replicas = 1


def is_postgresql() -> bool:
    """Tell what this run is about."""
    return Choice.kind == POSTGRESQL


def url_at(path: Path, *, is_empty: bool = False) -> str:
    """Return the URL of the database that stands for a file: the same for the same path; is_empty: without tables."""
    if is_postgresql():
        return _clone_for(path, is_empty=is_empty)
    if not is_empty and not path.exists():
        shutil.copy(_migrated_file(), path)
    return f"sqlite:///{path}"


def drop_below(folder: Path) -> None:
    """Drop the databases that stand for files in a folder."""
    for path in [path for path in _clones if path.is_relative_to(folder)]:
        drop(_clones.pop(path))


def private_postgres_module() -> Any:
    """Load the program that starts private servers; it is not part of any package."""
    name = "private_postgres"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, _MODULE)
        assert spec is not None
        assert spec.loader is not None
        module: Any = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        module.free_port = lasting_port  # which no other test process draws meanwhile
    return sys.modules[name]


@functools.cache
def shared_postgres() -> "PrivatePostgres":
    """Start the server of this run, once; it ends with the process. Missing: a loud skip at a desk, a failure in CI."""
    module = private_postgres_module()
    try:
        module.find_programs()
    except module.PostgresError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(f"LOUD: no test on PostgreSQL ran. {error}")
    # Each test clones and drops a database, which waits for the disk many times.
    server: PrivatePostgres = module.PrivatePostgres(is_durable=False)
    server.start()
    atexit.register(server.stop)
    return server


def clone(*, is_empty: bool = False) -> str:
    """Make a PostgreSQL database of its own and return its URL; drop() takes it away."""
    name = f"t{os.urandom(6).hex()}"
    template = "template1" if is_empty else _migrated_template()
    _administer(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
    return shared_postgres().url_of(name)


def drop(url: str) -> None:
    """Drop a database, also under the hands of who uses it."""
    name = url.rpartition("/")[2]
    _administer(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep everybody else from writing to the database that stands for a file."""
    if is_postgresql():
        with psycopg.connect(url_at(path)) as connection:
            connection.execute("LOCK TABLE jobs, replicas IN EXCLUSIVE MODE")
            yield
        return
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.rollback()


def execute(url: str, statement: str) -> None:
    """Do something to a PostgreSQL database past the adapter."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def value_in(url: str, question: str, *values: object) -> Any:
    """Return the one value that a question to a PostgreSQL database has, past the adapter."""
    with psycopg.connect(url) as connection:
        row = connection.execute(question.encode(), values).fetchone()
        assert row is not None
        return row[0]


_clones: dict[Path, str] = {}


def _clone_for(path: Path, *, is_empty: bool) -> str:
    if path not in _clones:
        _clones[path] = clone(is_empty=is_empty)
    return _clones[path]


def _administer(statement: sql.Composed) -> None:
    with psycopg.connect(shared_postgres().url, autocommit=True) as connection:
        connection.execute(statement)


@functools.cache
def _migrated_template() -> str:
    url = clone(is_empty=True)
    migrate.upgrade(url)
    return url.rpartition("/")[2]


@functools.cache
def _migrated_file() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="migrated-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    migrate.upgrade(f"sqlite:///{folder}/adapter.db")
    return folder / "adapter.db"

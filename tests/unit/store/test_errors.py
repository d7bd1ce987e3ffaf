"""Every exception of SQLAlchemy has its fate: the database is unavailable, or we made a mistake."""

import sqlite3
from collections.abc import Iterator

import pytest
from sqlalchemy import exc

from adapter.errors import StoreUnavailable
from adapter.outbound.sql.errors import StoreLocked, StoreOutdated, translate

UNAVAILABLE: set[type[BaseException]] = {
    exc.DatabaseError,
    exc.OperationalError,
    exc.InternalError,
    exc.InterfaceError,
    exc.DisconnectionError,
    exc.InvalidatePoolError,
    exc.TimeoutError,
}
OUR_MISTAKE: set[type[BaseException]] = {
    exc.SQLAlchemyError,
    exc.ArgumentError,
    exc.DuplicateColumnError,
    exc.ObjectNotExecutableError,
    exc.NoSuchModuleError,
    exc.NoForeignKeysError,
    exc.AmbiguousForeignKeysError,
    exc.ConstraintColumnNotFoundError,
    exc.CircularDependencyError,
    exc.CompileError,
    exc.UnsupportedCompilationError,
    exc.IdentifierError,
    exc.InvalidRequestError,
    exc.IllegalStateChangeError,
    exc.NoInspectionAvailable,
    exc.NoDBAPILoaded,
    exc.PendingRollbackError,
    exc.ResourceClosedError,
    exc.NoSuchColumnError,
    exc.AmbiguousColumnError,
    exc.NoResultFound,
    exc.MultipleResultsFound,
    exc.NoReferenceError,
    exc.NoReferencedTableError,
    exc.NoReferencedColumnError,
    exc.AwaitRequired,
    exc.MissingGreenlet,
    exc.NoSuchTableError,
    exc.UnreflectableTableError,
    exc.UnboundExecutionError,
    exc.StatementError,
    exc.DBAPIError,
    exc.DataError,
    exc.IntegrityError,
    exc.ProgrammingError,
    exc.NotSupportedError,
}
SECRET = "payload-of-a-customer"


def subclasses(cls: type[BaseException]) -> Iterator[type[BaseException]]:
    """Yield a class and everything below it that sqlalchemy.exc defines."""
    if cls.__module__ == exc.__name__:
        yield cls
    for sub in cls.__subclasses__():
        yield from subclasses(sub)


def made(cls: type[BaseException], cause: Exception | None = None) -> Exception:
    """Make an exception as SQLAlchemy would."""
    if issubclass(cls, exc.DBAPIError):
        return cls("INSERT", {"body": SECRET}, cause or sqlite3.Error("it went wrong\nDETAIL: " + SECRET))
    error = cls.__new__(cls)
    assert isinstance(error, Exception)
    error.args = ("it went wrong",)
    return error


def test_every_exception_of_sqlalchemy_is_judged() -> None:
    assert set(subclasses(exc.SQLAlchemyError)) == UNAVAILABLE | OUR_MISTAKE


@pytest.mark.parametrize("cls", sorted(UNAVAILABLE, key=str))
def test_a_database_in_trouble_is_store_unavailable(cls: type[BaseException]) -> None:
    original = made(cls)
    error = translate(original)
    assert isinstance(error, StoreUnavailable)
    assert error.__cause__ is original
    assert "it went wrong" in error.message
    assert SECRET not in error.message


@pytest.mark.parametrize("cls", sorted(OUR_MISTAKE, key=str))
def test_our_own_mistake_stays_what_it_is(cls: type[BaseException]) -> None:
    original = made(cls)
    assert translate(original) is original


def test_a_lost_connection_is_unavailable_whatever_the_driver_calls_it() -> None:
    error = exc.ProgrammingError("SELECT", {}, sqlite3.ProgrammingError("closed"), connection_invalidated=True)
    assert isinstance(translate(error), StoreUnavailable)


def test_errors_of_opening_say_what_to_do() -> None:
    assert "process 42" in str(StoreLocked("/db.lock", "42"))
    assert "PostgreSQL" in str(StoreLocked("/db.lock", ""))
    assert str(StoreOutdated(["One.", "Two."])) == "One. Two."

"""What SQLAlchemy raises, in our words; and why a store cannot be opened."""

from collections.abc import Sequence

from sqlalchemy import exc

from adapter.errors import StoreUnavailable
from adapter.operator_errors import ConfigurationError, UnreachableError

# A driver raises these when a statement or its values are wrong: a bug of ours, the database is well.
_BUGS = (exc.DataError, exc.IntegrityError, exc.ProgrammingError, exc.NotSupportedError)
_UNAVAILABLE = (exc.DatabaseError, exc.InterfaceError, exc.DisconnectionError, exc.TimeoutError)
_CAUSE_LENGTH = 200
_GAVE_WAY = frozenset({"40001", "40P01", "57P01"})  # serialization failure, deadlock, the server restarts


class StoreLocked(ConfigurationError):
    """Another process serves this SQLite database."""

    def __init__(self, path: str, holder: str) -> None:
        """Path is the lock file, holder the process id written in it ("" = unknown)."""
        self.path = path
        who = f"process {holder}" if holder else "another process"
        super().__init__(
            f"{who} already serves this SQLite database (lock {path}). "
            "Stop it first, or use a database.url of PostgreSQL for more than one serving process."
        )


class StoreUrlInvalid(ConfigurationError, ValueError):
    """The URL of the database cannot be used. Never says the URL, which may hold a password."""

    def __init__(self, problem: str) -> None:
        """Problem: what is wrong with it."""
        super().__init__(f"database.url: {problem}. Use sqlite:///FILE or postgresql://USER@HOST:PORT/NAME.")


class StoreOutdated(UnreachableError):
    """The database's schema is not the one this version works with."""

    def __init__(self, problems: Sequence[str]) -> None:
        """Problems are sentences with what to do."""
        self.problems = tuple(problems)
        super().__init__(" ".join(problems))


def is_worth_another_try(error: Exception) -> bool:
    """Tell whether a transaction that did not happen may do so now: its connection was lost, or it met a deadlock."""
    if not isinstance(error, exc.DBAPIError):
        return False
    return error.connection_invalidated or getattr(error.orig, "sqlstate", None) in _GAVE_WAY


def translate(error: Exception) -> Exception:
    """StoreUnavailable for a database that is down, locked, full or broken; any other error is returned as it is."""
    lost = isinstance(error, exc.DBAPIError) and error.connection_invalidated
    if lost or (isinstance(error, _UNAVAILABLE) and not isinstance(error, _BUGS)):
        message = f"The database cannot be used: {_cause(error)}. Send the same request again later."
        unavailable = StoreUnavailable(message)
        unavailable.__cause__ = error
        return unavailable
    return error


def _cause(error: Exception) -> str:
    original = error.orig if isinstance(error, exc.DBAPIError) and error.orig is not None else error
    lines = str(original).splitlines() or [type(original).__name__]
    return lines[0][:_CAUSE_LENGTH].rstrip(".")

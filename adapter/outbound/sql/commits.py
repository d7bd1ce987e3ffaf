"""Transactions whose COMMIT was sent and not answered: did they happen? PostgreSQL remembers, by their number."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from sqlalchemy import Connection, Engine, exc, text

from adapter.errors import StoreUnavailable
from adapter.outbound.sql.engine import reading, writing
from adapter.outbound.sql.stalls import Guard
from adapter.ports import ClaimLostError

_NUMBER = text("SELECT CAST(pg_current_xact_id() AS text)")
_STATUS = text("SELECT pg_xact_status(CAST(:number AS xid8))")
_TRIES = 5
_PAUSE_SECONDS = 0.1


class Fate(Enum):
    """What became of a transaction."""

    COMMITTED = "committed"
    ABORTED = "aborted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Doubt:
    """A transaction that nobody knows the end of, and how to take it back."""

    number: str
    undo: tuple[Callable[[Connection], object], ...]


def transaction_number(connection: Connection) -> str:
    """Number of the transaction that runs; "" on SQLite, whose COMMIT cannot get lost."""
    return "" if connection.dialect.name == "sqlite" else str(connection.execute(_NUMBER).scalar_one())


class Doubts:
    """Finds out about lost commits: at once if the database is there, else before anything else is written."""

    def __init__(self, engine: Engine, guard: Guard) -> None:
        self._engine = engine
        self._guard = guard
        self._open: deque[Doubt] = deque()

    def fate_of(self, number: str) -> Fate:
        """Ask what became of a transaction."""
        for _ in range(_TRIES):
            try:
                with reading(self._engine, self._guard) as connection:
                    status = connection.execute(_STATUS, {"number": number}).scalar_one_or_none()
            except (exc.DataError, exc.ProgrammingError):
                return Fate.ABORTED  # a database that took over, and has not come as far as this number
            except exc.SQLAlchemyError:
                return Fate.UNKNOWN
            if status in {Fate.COMMITTED.value, Fate.ABORTED.value}:
                return Fate(status)
            time.sleep(_PAUSE_SECONDS)  # its server process has not noticed yet that we are gone
        return Fate.UNKNOWN

    def add(self, doubt: Doubt) -> None:
        """Remember one whose writers were told that the store is unavailable; nothing waits for it any more."""
        self._open.append(doubt)

    def settle(self) -> None:
        """Take back what was committed all the same: its writers may come again. Raises StoreUnavailable until then."""
        while self._open:
            doubt = self._open[0]
            fate = self.fate_of(doubt.number)
            if fate is Fate.UNKNOWN:
                raise StoreUnavailable("The database cannot be used: it does not say yet what it has stored.")
            if fate is Fate.COMMITTED:
                self._take_back(doubt)
            self._open.popleft()

    def _take_back(self, doubt: Doubt) -> None:
        for undo in doubt.undo:
            try:
                with writing(self._engine, self._guard) as connection:
                    undo(connection)
            except ClaimLostError:
                continue  # somebody has taken it over already

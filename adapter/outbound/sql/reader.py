"""Questions to the database, on threads of their own; they never wait for writes."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection, Engine, exc

from adapter.errors import StoreUnavailable
from adapter.outbound.sql.engine import reading
from adapter.outbound.sql.errors import is_worth_another_try, translate
from adapter.outbound.sql.stalls import Guard, unguarded

T = TypeVar("T")


class Reader:
    """Runs one question per transaction."""

    def __init__(self, engine: Engine, threads: int, guard: Guard = unguarded) -> None:
        self._engine = engine
        self._guard = guard
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="store-reader")
        self._is_closed = False

    async def ask(self, question: Callable[[Connection], T]) -> T:
        """Return the answer. Raises what the question raises, and StoreUnavailable."""
        if self._is_closed:
            raise StoreUnavailable("The store is closed. Send the same request again later.")
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._ask, question)

    def close(self) -> None:
        """Finish what was asked, then stop."""
        self._is_closed = True
        self._threads.shutdown()

    def _ask(self, question: Callable[[Connection], T]) -> T:
        try:
            return self._asked(question)
        except exc.SQLAlchemyError as error:
            if not is_worth_another_try(error):
                raise translate(error) from error
        try:  # the connection was lost, perhaps long ago; there may be another by now
            return self._asked(question)
        except exc.SQLAlchemyError as error:
            raise translate(error) from error

    def _asked(self, question: Callable[[Connection], T]) -> T:
        with reading(self._engine, self._guard) as connection:
            return question(connection)

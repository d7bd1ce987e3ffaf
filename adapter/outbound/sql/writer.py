"""Group commit: writes of concurrent jobs share a transaction, because a commit costs more than the rows in it.

Each write gets its own result or its own error; a write that fails never takes another with it.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine, exc

from adapter.errors import StoreUnavailable
from adapter.outbound.sql.commits import Doubt, Doubts, Fate, transaction_number
from adapter.outbound.sql.engine import writing
from adapter.outbound.sql.errors import is_worth_another_try, translate
from adapter.outbound.sql.stalls import Guard, unguarded
from adapter.ports import ClaimLostError

T = TypeVar("T")
U_contra = TypeVar("U_contra", contravariant=True)

Operation = Callable[[Connection], T]


class Undo(Protocol[U_contra]):
    """Takes back a write whose caller went away before it learned the result."""

    def __call__(self, connection: Connection, result: U_contra, /) -> None:
        """Run in a later transaction."""


@dataclass(frozen=True, slots=True)
class GroupSettings:
    """Bounds of a group, and how long a group waits for more when others already wait."""

    linger_seconds: float = 0.003
    max_group: int = 200
    max_waiting: int = 20_000


@dataclass(slots=True, eq=False)
class _Write:
    """One write that waits. The operation may run twice (in a group, then alone), so it keeps nothing."""

    key: str
    operation: Operation[Any]
    answer: asyncio.Future[Any] | None
    undo: Undo[Any] | None


@dataclass(frozen=True, slots=True)
class _Done:
    result: Any = None
    error: Exception | None = None


class GroupWriter:
    """One thread that writes, one task that feeds it. Operations must raise ClaimLostError before their first write."""

    def __init__(self, engine: Engine, settings: GroupSettings, guard: Guard = unguarded) -> None:
        self._engine = engine
        self._settings = settings
        self._guard = guard
        self._doubts = Doubts(engine, guard)
        self._waiting: deque[_Write] = deque()
        self._wake = asyncio.Event()
        self._closing = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store-writer")
        self._feeder: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write."""
        self._feeder = asyncio.create_task(self._feed(), name="store-writer")

    async def close(self) -> None:
        """Write what waits, then stop; later writes are refused."""
        self._closing = True
        self._wake.set()
        if self._feeder is not None:
            await self._feeder
        self._thread.shutdown()

    async def submit(
        self, operation: Operation[T], key: str, *, undo: Undo[T] | None = None, is_urgent: bool = False
    ) -> T:
        """Run an operation in the next group and return its result once it is committed.

        A caller that is cancelled may or may not have written; with `undo` it has not. Raises what the operation
        raises, and StoreUnavailable when the database is, or when too many writes wait already.
        """
        if self._closing or self._feeder is None:
            raise StoreUnavailable("The store is not open for writing. Send the same request again later.")
        if len(self._waiting) >= self._settings.max_waiting and not is_urgent:
            raise StoreUnavailable("Too many writes wait for the database. Send the same request again later.")
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        write = _Write(key, operation, answer, undo)
        if is_urgent:
            self._waiting.appendleft(write)
        else:
            self._waiting.append(write)
        self._wake.set()
        try:
            return await answer
        except asyncio.CancelledError:
            if undo is not None and answer.done() and not answer.cancelled() and answer.exception() is None:
                self._undo(write, answer.result())  # the result came, and the cancellation with it
            raise

    async def _feed(self) -> None:
        try:
            await self._write_until_closed()
        finally:
            self._closing = True
            for write in self._waiting:
                if write.answer is not None and not write.answer.done():
                    write.answer.set_exception(StoreUnavailable("The store is closed."))

    async def _write_until_closed(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            if 1 < len(self._waiting) < self._settings.max_group and not self._closing:
                await asyncio.sleep(self._settings.linger_seconds)
            group = self._take_group()
            if group:
                done = await loop.run_in_executor(self._thread, self._write_group, group)
                self._answer(group, done)
            if not self._waiting:
                if self._closing:
                    return
                self._wake.clear()

    def _take_group(self) -> list[_Write]:
        group: list[_Write] = []
        while self._waiting and len(group) < self._settings.max_group:
            write = self._waiting.popleft()
            if write.answer is None or not write.answer.done():
                group.append(write)
        group.sort(key=_key)  # replicas that lock rows in one order do not deadlock
        return group

    def _answer(self, group: Sequence[_Write], done: Sequence[_Done]) -> None:
        for write, outcome in zip(group, done, strict=True):
            if write.answer is not None and not write.answer.done():
                if outcome.error is None:
                    write.answer.set_result(outcome.result)
                else:
                    write.answer.set_exception(outcome.error)
            elif write.undo is not None and outcome.error is None:
                self._undo(write, outcome.result)

    def _undo(self, write: _Write, result: object) -> None:
        if write.undo is not None:
            self._waiting.append(_Write(write.key, _undoing(write.undo, result), None, None))
            self._wake.set()

    # In the writer's thread from here on.

    def _write_group(self, group: Sequence[_Write]) -> list[_Done]:
        try:
            self._doubts.settle()
            return self._transaction(group)
        except Exception as error:  # noqa: BLE001 - each write gets its own error below
            if isinstance(error, StoreUnavailable) or (len(group) == 1 and not is_worth_another_try(error)):
                return _unavailable(group, translate(error))
        return self._write_alone(group)

    def _write_alone(self, group: Sequence[_Write]) -> list[_Done]:
        done: list[_Done] = []
        unavailable: StoreUnavailable | None = None
        for write in group:
            if unavailable is not None:  # a database that is down is not asked once per waiting write
                done.append(_Done(error=StoreUnavailable(unavailable.message)))
                continue
            try:
                done += self._transaction([write])
            except Exception as error:  # noqa: BLE001 - goes to the one who waits for this write
                cause = translate(error)
                unavailable = cause if isinstance(cause, StoreUnavailable) else None
                done.append(_Done(error=cause))
        return done

    def _transaction(self, group: Sequence[_Write]) -> list[_Done]:
        """Write them together. Raises what kept that from happening, StoreUnavailable when nobody knows if it did."""
        number = ""
        try:
            with writing(self._engine, self._guard) as connection:
                done = [_attempt(write, connection) for write in group]
                number = transaction_number(connection)
        except exc.DBAPIError as error:
            if not number:
                raise
            fate = self._doubts.fate_of(number)
            if fate is Fate.UNKNOWN:
                self._doubts.add(Doubt(number, _undoings(group, done)))
                raise _unsure(error) from error
            if fate is Fate.ABORTED:
                raise
        return done


def _attempt(write: _Write, connection: Connection) -> _Done:
    try:
        return _Done(write.operation(connection))
    except ClaimLostError as error:  # nothing was written, so the group can go on
        return _Done(error=error)


def _unavailable(group: Sequence[_Write], error: Exception) -> list[_Done]:
    if len(group) == 1 or not isinstance(error, StoreUnavailable):
        return [_Done(error=error) for _ in group]
    return [_Done(error=StoreUnavailable(error.message)) for _ in group]


def _unsure(error: exc.DBAPIError) -> StoreUnavailable:
    cause = translate(error)
    said = cause.message if isinstance(cause, StoreUnavailable) else "The database cannot be used."
    return StoreUnavailable(f"{said} It may have stored this one already; a repeat finds out.")


def _undoings(group: Sequence[_Write], done: Sequence[_Done]) -> tuple[Operation[None], ...]:
    return tuple(
        _undoing(write.undo, outcome.result)
        for write, outcome in zip(group, done, strict=True)
        if write.undo is not None and outcome.error is None
    )


def _undoing(undo: Undo[T], result: T) -> Operation[None]:
    return lambda connection: undo(connection, result)


def _key(write: _Write) -> str:
    return write.key

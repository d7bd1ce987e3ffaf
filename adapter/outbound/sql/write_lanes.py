"""Group writers beside each other: where a statement is a way to a server and back, one alone mostly waits."""

import asyncio

from sqlalchemy import Engine

from adapter.domain.message import Publication
from adapter.outbound.sql.stalls import Guard
from adapter.outbound.sql.writer import GroupSettings, GroupWriter, Operation, T, Undo
from adapter.ports import NewJob


def request_key(new: NewJob) -> str:
    """Return the key of what comes with a request: two of one request must not meet in two lanes."""
    return f"{new.client}\n{new.request_id}" if new.request_id else new.job_id


def publication_key(publication: Publication) -> str:
    """Return the key of a message: next to its job's, as replicas lock rows in the order of keys."""
    return f"{publication.job_id}\n{publication.publication_id}"


class WriteLanes:
    """Writes of one key are made one after the other, in the order they came; those of others may overtake them."""

    def __init__(self, engine: Engine, settings: GroupSettings, guard: Guard, *, lanes: int) -> None:
        """Lanes: 1 for a database with one writer at a time; the bounds of the settings are each lane's.

        Several have one more for what is urgent: a lease must not lapse because the work of jobs takes long to write.
        """
        self._lanes = tuple(GroupWriter(engine, settings, guard) for _ in range(lanes))
        self._urgent = self._lanes[0] if lanes == 1 else GroupWriter(engine, settings, guard)

    @staticmethod
    def writers(lanes: int) -> int:
        """How many connections so many lanes write with."""
        return lanes if lanes == 1 else lanes + 1

    def start(self) -> None:
        """Begin to write."""
        for lane in self._all():
            lane.start()

    async def close(self) -> None:
        """Write what waits, then stop; later writes are refused."""
        await asyncio.gather(*(lane.close() for lane in self._all()))

    def _all(self) -> set[GroupWriter]:
        return {*self._lanes, self._urgent}

    async def submit(
        self, operation: Operation[T], key: str, *, undo: Undo[T] | None = None, is_urgent: bool = False
    ) -> T:
        """See GroupWriter.submit."""
        lane = self._urgent if is_urgent else self._lanes[hash(key) % len(self._lanes)]
        return await lane.submit(operation, key, undo=undo, is_urgent=is_urgent)

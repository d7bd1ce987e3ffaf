"""The model, the store and the outbox of a service under test, with switches for what goes wrong."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, text

from adapter.domain.message import Publication
from adapter.domain.model import ModelRequest, Reply
from adapter.errors import StoreUnavailable
from adapter.outbound.sql.message_rows import publication_of_row
from adapter.outbound.sql.store import SqlJobStore
from adapter.outbound.sql.tables import publications
from adapter.ports import Claim, ClaimLostError
from adapter.service.routing import TICKET_HEADER
from adapter.simulator.model import SimulatedModel


class SwitchedModel:
    """The simulated model; calls can be held in flight."""

    def __init__(self, name: str = "default") -> None:
        self.name = name
        self.simulated = SimulatedModel(name)
        self.in_flight = 0
        self._open = asyncio.Event()
        self._open.set()

    async def call(self, request: ModelRequest, *, timeout_seconds: float) -> Reply:
        self.in_flight += 1
        try:
            await self._open.wait()
            return await self.simulated.call(request, timeout_seconds=timeout_seconds)
        finally:
            self.in_flight -= 1

    def hold(self) -> None:
        """Let calls hang from now on."""
        self._open.clear()

    def let_go(self) -> None:
        """Let them go on."""
        self._open.set()

    def down(self, *, is_down: bool = True) -> None:
        """Reset every call, or none."""
        self.simulated.controls.down = is_down

    def calls(self, request_id: str = "r-1") -> int:
        """Calls that reached the simulated model for a request."""
        return self.simulated.log.counts.get(request_id, 0)


class SwitchedStore:
    """Decorates the real store: methods can fail, or wait, and are counted. Everything else is the store's own."""

    def __init__(self, store: SqlJobStore) -> None:
        self.real = store
        self.counts: Counter[str] = Counter()
        self.claimed: list[str] = []
        """Ids of the jobs that were claimed."""
        self._failures: dict[str, list[Exception]] = {}
        self._held: dict[str, asyncio.Event] = {}
        self._afterwards: set[str] = set()
        self.waiting: Counter[str] = Counter()
        """Calls that wait, by method."""
        self._is_dead = False

    def die(self) -> None:
        """Write nothing from now on, as a process that is no more."""
        self._is_dead = True
        for held in self._held.values():
            held.set()

    def fail(self, method: str, *errors: Exception) -> None:
        """Let the next calls of a method raise these, one each, and write nothing."""
        self._failures.setdefault(method, []).extend(errors)

    def goes_away(self, method: str, times: int = 3) -> None:
        """Let the store be unavailable to a method so many times."""
        self.fail(method, *[StoreUnavailable() for _ in range(times)])

    def comes_back(self, method: str) -> None:
        """End what fail or goes_away began."""
        self._failures.pop(method)

    async def take_over(self, job_id: str) -> None:
        """Do what another replica does once this one lapsed: claim the job, so that our claim is lost; give it back."""
        with self.real.engine.begin() as connection:
            connection.execute(
                text("UPDATE jobs SET token = token + 1, owner = NULL, state = 'PENDING' WHERE job_id = :job_id"),
                {"job_id": job_id},
            )

    async def unsent_tickets(self) -> list[Publication]:
        """Return every ticket that is stored and was not sent, as the relay finds them."""

        def ask() -> list[Publication]:
            with self.real.engine.connect() as connection:
                rows = connection.execute(select(publications)).all()
            return [publication_of_row(row) for row in rows if not row.body and "llm-job-id" in row.envelope]

        return await asyncio.to_thread(ask)

    def lose_claim(self, method: str) -> None:
        """Let the next call of a method find its claim lost."""
        self.fail(method, ClaimLostError())

    def hold(self, method: str) -> None:
        """Let calls of a method wait before they write."""
        self._held[method] = asyncio.Event()

    def hold_after(self, method: str) -> None:
        """Let calls of a method wait once they have written."""
        self.hold(method)
        self._afterwards.add(method)

    def let_go(self, method: str) -> None:
        """Let them go on."""
        self._afterwards.discard(method)
        self._held.pop(method).set()

    def __getattr__(self, name: str) -> Any:
        """Wrap a method."""
        method = getattr(self.real, name)
        if not asyncio.iscoroutinefunction(method):
            return method

        async def switched(*args: Any, **kwargs: Any) -> Any:
            self.counts[name] += 1
            held, is_afterwards = self._held.get(name), name in self._afterwards
            if held is not None and not is_afterwards:
                await self._wait(name, held)
            if self._is_dead:
                raise asyncio.CancelledError
            if self._failures.get(name):
                raise self._failures[name].pop(0)
            result = await method(*args, **kwargs)
            if isinstance(result, Claim):
                self.claimed.append(result.job.job_id)
            if held is not None and is_afterwards:
                await self._wait(name, held)
            return result

        return switched

    async def _wait(self, name: str, held: asyncio.Event) -> None:
        self.waiting[name] += 1
        try:
            await held.wait()
        finally:
            self.waiting[name] -= 1


class RecordingOutbox:
    """Remembers what it was offered to send."""

    def __init__(self) -> None:
        self.offered: list[Publication] = []

    def offer(self, publications: Sequence[Publication]) -> None:
        self.offered.extend(publications)

    def addresses(self) -> list[tuple[str, str]]:
        """Routing key and type of each message."""
        return [(one.message.routing_key, one.message.properties.type) for one in self.offered]

    def tickets(self) -> list[Publication]:
        """Those that are tickets."""
        return [one for one in self.offered if TICKET_HEADER in one.message.properties.headers and not one.message.body]

    def answers(self) -> list[Publication]:
        """Those that are not."""
        return [one for one in self.offered if one.message.body]

"""A store of publications and a broker, in memory, as a relay sees them."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from adapter.domain.message import OutgoingMessage, Properties, Publication, PublishOutcome, PublishStatus
from adapter.errors import StoreUnavailable
from adapter.outbound.amqp.lanes import Backoff
from adapter.outbound.amqp.relay import Relay, RelaySettings
from adapter.outbound.system_clock import SystemClock

DEADLINE_SECONDS = 5.0
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
QUICK = RelaySettings(
    poll_seconds=0.01,
    link_pause_seconds=0.01,
    store_retry_seconds=0.01,
    backoff=Backoff(first_seconds=0.01, most_seconds=0.05),
)


def publication(
    number: int = 1,
    *,
    to: str = "crm.replies",
    exchange: str = "",
    body: bytes = b"{}",
    headers: Mapping[str, object] | None = None,
    create_time: datetime | None = None,
) -> Publication:
    """A publication of its own id."""
    name = f"{exchange}/{to}/{number}"
    message = OutgoingMessage(exchange, to, body, Properties(message_id=name, headers=headers or {}))
    return Publication(name, f"job-{number}", message, create_time or datetime.now(UTC))


class FakeStore:
    """Holds publications; what fails comes back when it is due."""

    def __init__(self) -> None:
        self.pending: dict[str, Publication] = {}
        self.owned: set[str] = set()
        self.due_at: dict[str, float] = {}
        self.sent: list[str] = []
        self.failed: list[tuple[str, str, float]] = []
        self.undeliverable: dict[str, tuple[str, str]] = {}
        self.is_down = False

    def stored(self, *publications: Publication, owned: bool = True) -> Sequence[Publication]:
        """Store what this replica is to send itself, or (owned=False) what somebody left."""
        for each in publications:
            self.pending[each.publication_id] = each
            if owned:
                self.owned.add(each.publication_id)
        return publications

    def _check(self) -> None:
        if self.is_down:
            raise StoreUnavailable

    async def due_publications(self, limit: int) -> Sequence[Publication]:
        await asyncio.sleep(0)
        self._check()
        now = asyncio.get_running_loop().time()
        ids = [each for each in self.pending if each not in self.owned and self.due_at.get(each, 0) <= now][:limit]
        self.owned.update(ids)
        return [self.pending[each] for each in ids]

    async def publication_sent(self, publication: Publication) -> None:
        await asyncio.sleep(0)
        self._check()
        publication_id = publication.publication_id
        self.sent.append(publication_id)
        del self.pending[publication_id]

    async def publication_failed(self, publication: Publication, detail: str, retry_in_seconds: float) -> None:
        await asyncio.sleep(0)
        self._check()
        publication_id = publication.publication_id
        self.failed.append((publication_id, detail, retry_in_seconds))
        self.pending[publication_id] = replace(
            self.pending[publication_id], tries=self.pending[publication_id].tries + 1
        )
        self.due_at[publication_id] = asyncio.get_running_loop().time() + retry_in_seconds
        self.owned.discard(publication_id)

    async def publication_undeliverable(self, publication: Publication, remark_reason: str, detail: str) -> None:
        await asyncio.sleep(0)
        self._check()
        publication_id = publication.publication_id
        self.undeliverable[publication_id] = (remark_reason, detail)
        del self.pending[publication_id]


class FakeBroker:
    """Answers publishes by destination: a status, or whatever a function says; and counts what is under way."""

    def __init__(self) -> None:
        self.answers: dict[str, PublishStatus | Callable[[], PublishStatus]] = {}
        self.details: dict[str, str] = {}
        self.published: list[str] = []
        self.under_way: Counter[str] = Counter()
        self.most_under_way: Counter[str] = Counter()
        self.gates: dict[str, asyncio.Event] = defaultdict(_open)
        self.is_down = False

    async def publish(self, message: OutgoingMessage) -> PublishOutcome:
        key = message.routing_key
        if self.is_down:
            return PublishOutcome(PublishStatus.NOT_SENT, "link down")
        self.published.append(message.properties.message_id)
        self.under_way[key] += 1
        self.most_under_way[key] = max(self.most_under_way[key], self.under_way[key])
        try:
            await self.gates[key].wait()
            await asyncio.sleep(0)
        finally:
            self.under_way[key] -= 1
        answer = self.answers.get(key, PublishStatus.CONFIRMED)
        return PublishOutcome(answer() if callable(answer) else answer, self.details.get(key, ""))


def _open() -> asyncio.Event:
    gate = asyncio.Event()
    gate.set()
    return gate


class CountingObserver:
    """Counts publish statuses."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def publication(self, status: str) -> None:
        self.counts[status] += 1


@asynccontextmanager
async def relaying(
    store: FakeStore, broker: FakeBroker, observer: CountingObserver | None = None, **changes: Any
) -> AsyncIterator[Relay]:
    """A running relay with quick settings."""
    relay = Relay(store, broker, observer or CountingObserver(), SystemClock(), replace(QUICK, **changes))
    run = asyncio.create_task(relay.run())
    await asyncio.sleep(0)
    try:
        yield relay
    finally:
        await relay.drain(0)
        async with asyncio.timeout(DEADLINE_SECONDS):
            await run


async def until(condition: Callable[[], object]) -> None:
    """Wait for a condition, at most DEADLINE_SECONDS."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not condition():  # noqa: ASYNC110 - any condition can be waited for, also one without an event
            await asyncio.sleep(0.001)

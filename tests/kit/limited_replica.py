"""One replica in virtual time: the limiter of a model, and the exchange that keeps its share."""

import asyncio
from dataclasses import dataclass, field

from adapter.pipeline.availability.limiter import Limiter
from adapter.pipeline.availability.limits import Limits
from adapter.service.share_exchange import ExchangeSettings, ShareExchange
from tests.kit.fake_shares import FakeShares, ShareTable
from tests.kit.limited_calls import Call, Seen, make

LEASE = 15.0
SETTINGS = ExchangeSettings(lease_seconds=LEASE, interval_seconds=3.0)


@dataclass(slots=True)
class Replica:
    """One process: its limiter, and what keeps its share."""

    table: ShareTable
    name: str
    limits: Limits
    store: FakeShares = field(init=False)
    limiter: Limiter = field(init=False)
    exchange: ShareExchange = field(init=False)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Wire it."""
        self.store = FakeShares(self.table, self.name)
        self.limiter = Limiter("model/cloud", self.limits, self.table.clock, is_shared=True)
        self.exchange = ShareExchange([self.limiter], self.store, self.table.clock, SETTINGS)

    async def start(self) -> None:
        await self.exchange.exchange()
        self.tasks.append(asyncio.create_task(self.exchange.run()))

    def work(self, call: Call, seen: list[Seen]) -> asyncio.Task[None]:
        self.tasks.append(asyncio.create_task(make(self.limiter, call, seen)))
        return self.tasks[-1]

    async def die(self) -> None:
        """Stop at once. What was in flight is not seen to end; its endpoint saw it come."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

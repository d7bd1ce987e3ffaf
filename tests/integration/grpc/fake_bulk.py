"""The bulk operations of operators, written by hand."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace

from adapter.domain.job import State
from adapter.ports.operators import Obstacle, PickedJob
from adapter.service.bulk import Batch, Bulk, ChangedJob

PICKED = PickedJob("job-1", "r-1", "crm", "classify-ticket", State.FAILED, 1, has_payload=True, has_unsent_result=False)


@dataclass
class FakeBulkService:
    """Does nothing to two batches of jobs, and remembers what was asked for."""

    asked: list[tuple[str, Bulk]] = field(default_factory=list)
    error: Exception | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    goes_on: bool = False

    def retry(self, bulk: Bulk) -> AsyncGenerator[Batch, None]:
        """Retry nothing."""
        return self._batches("retry", bulk)

    def republish(self, bulk: Bulk) -> AsyncGenerator[Batch, None]:
        """Publish nothing."""
        return self._batches("republish", bulk)

    def purge(self, bulk: Bulk) -> AsyncGenerator[Batch, None]:
        """Erase nothing."""
        return self._batches("purge", bulk)

    async def _batches(self, name: str, bulk: Bulk) -> AsyncGenerator[Batch, None]:
        self.asked.append((name, bulk))
        try:
            yield Batch([ChangedJob(PICKED, 2, None)], "behind-job-1")
            if self.error is not None:
                raise self.error
            if self.goes_on:
                await asyncio.Event().wait()
            yield Batch([ChangedJob(replace(PICKED, job_id="job-2"), 1, Obstacle.PAYLOAD_NOT_KEPT)], "")
        finally:
            self.ended.set()

"""What the tests of operators share: a job that failed, and what a bulk operation says."""

from collections.abc import AsyncIterator

from adapter.domain.job import Job
from adapter.domain.message import Publication
from adapter.ports.operators import Obstacle
from adapter.service.api import Disposition
from adapter.service.bulk import Batch
from adapter.simulator.faults import FaultRule
from tests.integration.service.asking import a_message, request_by_queue
from tests.integration.service.bench import Service


async def told(batches: AsyncIterator[Batch]) -> dict[str, Obstacle | None]:
    """Run a bulk operation to its end; returns what became of each request."""
    return {one.job.request_id: one.obstacle async for batch in batches for one in batch.jobs}


async def failed_by_queue(service: Service, request_id: str = "r-1") -> Job:
    """End a request that came by queue with a refusal of the model, which passes."""
    service.model.simulated.controls.faults = (FaultRule.parse("refusal"),)
    request = request_by_queue(request_id)
    assert await service.deliver(a_message(request_id), request) is Disposition.ACK
    service.model.simulated.controls.faults = ()
    return await service.job(request_id)


def results(service: Service) -> list[Publication]:
    """Return the answers that were offered, oldest first."""
    return [one for one in service.outbox.offered if one.message.body]

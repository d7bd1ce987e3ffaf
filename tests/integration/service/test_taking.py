"""When a process takes messages, and what becomes of those it took when it stops."""

import asyncio

import pytest

from adapter.domain.job import State
from adapter.errors import ModelUnavailable
from adapter.service.api import Disposition
from tests.integration.service.asking import TASK, a_message, a_request, request_by_queue
from tests.integration.service.bench import Service, until
from tests.integration.service.conftest import OpenService
from tests.integration.service.delivering import held


async def test_while_the_model_is_down_one_message_is_taken_to_find_out(service: Service) -> None:
    service.model.down()
    for number in range(2):
        with pytest.raises(ModelUnavailable):
            await service.jobs.run(a_request(f"r-{number}"), timeout_seconds=60)
    await until(lambda: not len(service.runs))

    await asyncio.wait_for(service.deliveries.wait_until_takable(TASK), 60)
    service.model.hold()
    service.deliver(a_message("probe"), request_by_queue("probe"))
    await service.until_calling()
    waiting = service.beside(service.deliveries.wait_until_takable(TASK))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(waiting), 0.05)
    service.model.down(is_down=False)
    service.model.let_go()

    await asyncio.wait_for(waiting, 60)


async def test_a_full_process_takes_nothing(open_service: OpenService) -> None:
    service = await open_service(in_flight=1)
    service.model.hold()
    running = service.deliver(a_message())
    await service.until_calling()

    waiting = service.beside(service.deliveries.wait_until_takable(TASK))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(waiting), 0.05)
    service.model.let_go()

    await asyncio.wait_for(waiting, 60)
    await running


async def test_at_a_drain_what_waits_goes_back_uncounted(service: Service) -> None:
    (delivered,) = await held(service, (a_message(), "crm.replies"))

    await service.runs.drain(30)

    assert await delivered is Disposition.RELEASE
    assert (await service.job()).state is State.PENDING
    claimed = await service.store.real.claim_stored((await service.job()).job_id)
    assert getattr(claimed, "claims", None) == 1


async def test_at_a_drain_what_works_is_finished(service: Service) -> None:
    service.model.hold()
    delivered = service.deliver(a_message())
    await service.until_calling()
    draining = service.beside(service.runs.drain(30))
    service.model.let_go()
    await draining

    assert await delivered is Disposition.ACK
    assert (await service.job()).state is State.SUCCEEDED

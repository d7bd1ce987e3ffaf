"""A replay of a parked message whose job has its outcome makes a revision of it."""

import pytest
from sqlalchemy import delete

from adapter.domain.job import State
from adapter.domain.message import ParkedMessage
from adapter.errors import InvalidRequest
from adapter.outbound.sql.tables import payloads
from adapter.service.api import Disposition
from tests.integration.service.asking import REPLIES, TASK, a_message, a_request, as_received, request_by_queue
from tests.integration.service.bench import Service
from tests.integration.service.delivering import work_off_tickets
from tests.integration.service.operating import results


async def parked(service: Service) -> ParkedMessage:
    (one,), _ = await service.store.real.list_parked(page_size=10)
    return one


@pytest.mark.parametrize("expired", [True, False])
async def test_a_replay_of_a_dead_letter_makes_a_revision_of_its_job(
    service: Service,
    expired: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    await service.deliveries.dead_letter(a_message(), request_by_queue(), expired=expired, detail="")
    first = await service.job()

    replayed = await service.parked.replay((await parked(service)).parked_id)
    await work_off_tickets(service)

    job = await service.job()
    assert replayed.replay_time is not None
    assert replayed.job_id == first.job_id
    assert service.publisher.published == []
    assert (job.job_id, job.revision, job.state) == (first.job_id, 2, State.SUCCEEDED)
    assert [kind for _, kind in service.outbox.addresses()] == [f"{TASK}.v1.failed", f"{TASK}.v1.succeeded"]


async def test_a_replay_of_a_message_that_met_a_bug_makes_a_revision(service: Service) -> None:
    service.store.fail("call_started", TypeError("a bug"))
    await service.deliver(a_message())

    await service.parked.replay((await parked(service)).parked_id)
    await work_off_tickets(service)

    assert ((await service.job()).revision, (await service.job()).state) == (2, State.SUCCEEDED)


async def test_replaying_twice_does_no_harm(service: Service) -> None:
    await service.deliveries.dead_letter(a_message(), request_by_queue(), expired=False, detail="")
    parked_id = (await parked(service)).parked_id

    await service.parked.replay(parked_id)
    await service.parked.replay(parked_id)
    await work_off_tickets(service)
    published = len(service.publisher.published)
    await service.parked.replay(parked_id)
    repeat = service.publisher.published[-1]
    answered = await service.deliver(a_message(properties=repeat.properties), request_by_queue())

    assert published == 0
    assert (await service.job()).revision == 2
    assert service.model.calls() == 1
    assert answered is Disposition.ACK
    assert results(service)[-1].publication_id == results(service)[-2].publication_id


async def test_a_replay_of_a_ticket_whose_payload_is_gone_says_so(service: Service) -> None:
    await service.jobs.submit(a_request(reply_to=REPLIES))
    (ticket,) = await service.store.unsent_tickets()
    await service.deliveries.dead_letter(as_received(ticket), None, expired=False, detail="")
    job = await service.job()
    with service.store.real.engine.begin() as connection:
        connection.execute(delete(payloads))

    with pytest.raises(InvalidRequest, match=f"{job.job_id}.*retention.payloads"):
        await service.parked.replay((await parked(service)).parked_id)

    assert (await service.job()).error == job.error


async def test_a_replay_of_a_dead_ticket_runs_its_stored_payload(service: Service) -> None:
    await service.jobs.submit(a_request(reply_to=REPLIES))
    (ticket,) = await service.store.unsent_tickets()
    await service.deliveries.dead_letter(as_received(ticket), None, expired=False, detail="")

    await service.parked.replay((await parked(service)).parked_id)
    await work_off_tickets(service)

    assert ((await service.job()).revision, (await service.job()).state) == (2, State.SUCCEEDED)

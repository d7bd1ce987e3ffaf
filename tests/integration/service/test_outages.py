"""The store, the model or the claim goes away in the middle of a job: nothing is lost, nothing hangs."""

import asyncio

import pytest

from adapter.domain.job import State
from adapter.errors import InternalError, Interrupted, ModelFailed, ModelRejected, StoreUnavailable
from adapter.service.api import Disposition
from tests.integration.service.asking import OPERATOR, a_message, a_request, request_by_queue
from tests.integration.service.bench import Service, until
from tests.integration.service.conftest import OpenService

WRITES = ["call_started", "call_ended", "finish"]


@pytest.mark.parametrize("method", WRITES)
async def test_a_run_outlasts_an_outage_of_the_store_at_each_write(service: Service, method: str) -> None:
    service.store.goes_away(method)

    job = await service.jobs.run(a_request(), timeout_seconds=60)

    assert service.store.counts[method] == 4
    assert (job.state, job.usage.model_calls, len(job.attempts)) == (State.SUCCEEDED, 1, 1)
    assert service.model.calls() == 1


@pytest.mark.parametrize("method", ["claim", *WRITES])
async def test_a_delivery_outlasts_an_outage_of_the_store_at_each_write(service: Service, method: str) -> None:
    service.store.goes_away(method)

    assert await service.deliver(a_message()) is Disposition.ACK

    assert [key for key, _ in service.outbox.addresses()] == ["crm.replies"]
    assert service.model.calls() == 1
    assert "STORE_UNAVAILABLE" in service.observer.held_ever
    assert set(service.observer.held_now.values()) == {0}


async def test_a_caller_is_told_at_once_that_nothing_can_be_claimed(service: Service) -> None:
    service.store.goes_away("claim", 1)

    with pytest.raises(StoreUnavailable):
        await service.jobs.run(a_request(), timeout_seconds=60)

    assert (await service.jobs.run(a_request(), timeout_seconds=60)).state is State.SUCCEEDED


async def test_a_caller_waits_its_time_for_the_store_and_a_repeat_gets_the_outcome_unpaid(service: Service) -> None:
    service.store.goes_away("finish", 1000)
    with pytest.raises(StoreUnavailable) as failure:
        await service.jobs.run(a_request(), timeout_seconds=60)
    job_id = service.run_of().job_id

    service.store.comes_back("finish")
    job = await service.jobs.run(a_request(), timeout_seconds=60)

    assert failure.value.metadata["job_id"] == job.job_id == job_id
    assert service.model.calls() == 1


@pytest.mark.parametrize("method", WRITES)
async def test_a_run_that_lost_its_claim_ends_and_its_caller_looks_again(service: Service, method: str) -> None:
    service.store.lose_claim(method)
    waiting = service.beside(service.jobs.run(a_request(), timeout_seconds=60))
    await until(lambda: service.store.counts[method] == 1 and service.store.counts["claim"] >= 2)
    assert not waiting.done()
    assert len(service.runs) == 0

    # The replica that took it over gives it up.
    await service.store.take_over((await service.job()).job_id)

    job = await waiting
    assert job.state is State.SUCCEEDED


@pytest.mark.parametrize("method", WRITES)
async def test_cancelling_a_run_that_lost_its_claim_does_not_hang(service: Service, method: str) -> None:
    service.store.hold(method)
    waiting = service.beside(service.jobs.run(a_request(), timeout_seconds=60))
    await until(lambda: service.store.counts[method] == 1)
    job_id = service.run_of().job_id
    await service.store.take_over(job_id)

    cancelling = service.beside(service.jobs.cancel(OPERATOR, job_id=job_id))
    service.store.let_go(method)

    async with asyncio.timeout(60):
        assert (await cancelling).state in {State.CANCELLED, State.SUCCEEDED}
        await asyncio.gather(waiting, return_exceptions=True)
    assert len(service.runs) == 0


async def test_a_job_whose_outcome_cannot_be_stored_is_given_back_counted_and_ends_interrupted(
    service: Service,
) -> None:
    for _ in range(3):
        service.store.fail("finish", TypeError("a bug"))
        with pytest.raises(InternalError, match="Error id"):
            await service.jobs.run(a_request(), timeout_seconds=60)

    with pytest.raises(Interrupted):
        await service.jobs.run(a_request(), timeout_seconds=60)

    assert service.model.calls() == 1


async def test_a_bug_while_working_is_recorded_and_its_message_parked(service: Service) -> None:
    service.store.fail("call_started", TypeError("a bug"))

    disposition = await service.deliver(a_message())

    job = await service.job()
    (parked,), _ = await service.store.real.list_parked(page_size=10)
    assert disposition is Disposition.ACK
    assert job.error is not None
    assert job.error.reason == parked.reason == "INTERNAL"
    assert parked.message == a_message()
    assert parked.job_id == job.job_id
    assert service.observer.parked_reasons == ["INTERNAL"]
    assert [kind for _, kind in service.outbox.addresses()] == ["classify-ticket.v1.failed"]


async def test_a_model_outage_holds_every_delivery_and_costs_none_an_attempt(service: Service) -> None:
    service.model.down()
    requests = [f"r-{number}" for number in range(20)]
    begun = asyncio.get_running_loop().time()
    deliveries = [service.deliver(a_message(name), request_by_queue(name)) for name in requests]
    await until(lambda: service.observer.held_now.get("MODEL_UNAVAILABLE") == 20)
    during = service.model.simulated.log.total
    seconds = asyncio.get_running_loop().time() - begun

    service.model.down(is_down=False)
    dispositions = await asyncio.gather(*deliveries)

    jobs = [await service.job(name) for name in requests]
    assert set(dispositions) == {Disposition.ACK}
    assert {(job.state, len(job.attempts)) for job in jobs} == {(State.SUCCEEDED, 1)}
    assert during <= 20 + seconds / 0.01, "one call for each at first, then one at a time"
    assert set(service.observer.held_now.values()) == {0}
    assert len(service.outbox.answers()) == 20


@pytest.mark.parametrize("status", [401, 404, 503])
async def test_a_model_that_refuses_everybody_fails_nobody(service: Service, status: int) -> None:
    service.model.simulated.controls.status = status
    deliveries = [service.deliver(a_message(f"r-{n}"), request_by_queue(f"r-{n}")) for n in range(5)]
    await until(lambda: service.gate.state != "up" and service.gate.waiting >= 4)

    service.model.simulated.controls.status = None

    assert set(await asyncio.gather(*deliveries)) == {Disposition.ACK}
    assert len(service.observer.finished) == 5
    assert {job.state for job in service.observer.finished} == {State.SUCCEEDED}


async def test_a_request_that_alone_gets_no_reply_fails_while_others_succeed(service: Service) -> None:
    poison = service.beside(service.jobs.run(a_request("poison", labels={"simulate": "500"}), timeout_seconds=60))
    number = 0
    while not poison.done():
        number += 1
        await service.jobs.run(a_request(f"r-{number}"), timeout_seconds=60)

    with pytest.raises(ModelFailed):
        await poison
    assert service.gate.state == "up"


async def test_a_poison_message_alone_does_not_stop_the_queue(open_service: OpenService) -> None:
    service = await open_service(model_wait_seconds=60)
    poison = request_by_queue("poison", labels={"simulate": "500"})
    held = service.deliver(a_message("poison"), poison)
    await until(lambda: service.model.calls("poison") >= 10)

    async with asyncio.timeout(60):
        await service.deliveries.wait_until_takable("classify-ticket")
        await service.deliver(a_message(), request_by_queue())

    assert (await service.job()).state is State.SUCCEEDED
    assert not held.done() or (await service.job("poison")).error is not None


async def test_a_call_that_the_endpoint_refuses_ends_only_its_job(service: Service) -> None:
    with pytest.raises(ModelRejected):
        await service.jobs.run(a_request(labels={"simulate": "400"}), timeout_seconds=60)

    assert service.gate.state == "up"
    assert (await service.job()).usage.model_calls == 1

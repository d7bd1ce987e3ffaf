"""What a crash leaves, and what the next process makes of it: nothing is lost, nothing is paid twice."""

from dataclasses import replace
from typing import Any

import pytest

from adapter.domain.job import State
from adapter.errors import BudgetExhausted, Interrupted, ModelUnavailable, RequestExpired
from adapter.service.api import Disposition
from adapter.tasks.catalogue import Catalogue
from tests.integration.service.asking import (
    OPERATOR,
    REPLIES,
    TASK,
    a_message,
    a_request,
    as_received,
    request_by_queue,
)
from tests.integration.service.bench import Service, until
from tests.integration.service.conftest import OpenService


async def crash_during_a_call(service: Service, **changes: Any) -> None:
    """Leave a call open: sent, without an end."""
    service.model.hold()
    service.beside(service.jobs.run(a_request(**changes), timeout_seconds=60))
    await service.until_calling()
    await service.crash()


async def crash_before_the_outcome_is_stored(service: Service, **changes: Any) -> None:
    """Leave a reply that is stored and judged, and no outcome."""
    service.store.hold("finish")
    service.beside(service.jobs.run(a_request(**changes), timeout_seconds=60))
    await until(lambda: service.store.counts["finish"] == 1)
    await service.crash()


async def crash_before_the_repair(service: Service) -> None:
    """Leave one reply that has to be repaired."""
    service.store.hold("call_ended")
    service.beside(service.jobs.run(a_request(labels={"simulate": "invalid-once"}), timeout_seconds=60))
    await until(lambda: service.store.counts["call_ended"] == 1)
    service.store.hold("call_started")
    service.store.let_go("call_ended")
    await until(lambda: service.store.counts["call_started"] == 2)
    await service.crash()


def with_policy(catalogue: Catalogue, **policy: float) -> Catalogue:
    """Give the tasks another policy."""
    tasks = []
    for task in catalogue.all():
        changed = task.definition.policy.model_copy(update=policy)
        tasks.append(replace(task, definition=task.definition.model_copy(update={"policy": changed})))
    return Catalogue(tasks)


async def test_a_submitted_job_survives_a_crash_without_a_broker(open_service: OpenService) -> None:
    first = await open_service(has_broker=False)
    submitted = [await first.jobs.submit(a_request(f"r-{number}")) for number in range(5)]
    await first.crash()

    second = await open_service(has_broker=False, name="replica-b")
    second.run_stored()
    await until(lambda: len(second.observer.finished) == 5)

    assert {job.job_id for job in second.observer.finished} == {job.job_id for job in submitted}
    assert {job.state for job in second.observer.finished} == {State.SUCCEEDED}


async def test_a_submitted_job_that_was_running_is_run_again(open_service: OpenService) -> None:
    first = await open_service(has_broker=False)
    first.model.hold()
    first.run_stored()
    await first.jobs.submit(a_request())
    await first.until_calling()
    await first.crash()

    second = await open_service(has_broker=False, name="replica-b")
    second.run_stored()
    await until(lambda: second.observer.finished)

    (job,) = second.observer.finished
    assert job.state is State.SUCCEEDED
    assert [attempt.finish_reason for attempt in job.attempts] == ["lost", "stop"]


async def test_a_reply_that_was_stored_is_not_paid_for_again(open_service: OpenService) -> None:
    first = await open_service()
    await crash_before_the_outcome_is_stored(first)

    second = await open_service(name="replica-b")
    job = await second.jobs.run(a_request(), timeout_seconds=60)

    assert (first.model.calls(), second.model.calls()) == (1, 0)
    assert job.state is State.SUCCEEDED
    assert (job.usage.model_calls, len(job.attempts)) == (1, 1)
    assert job.usage.output_tokens > 0


async def test_a_repair_goes_on_where_the_crash_left_it(open_service: OpenService) -> None:
    first = await open_service()
    await crash_before_the_repair(first)

    second = await open_service(name="replica-b")
    job = await second.jobs.run(a_request(), timeout_seconds=60)

    assert [attempt.reason for attempt in job.attempts] == ["OUTPUT_INVALID", ""]
    assert (first.model.calls(), second.model.calls()) == (1, 1)
    assert job.usage.model_calls == 2


async def test_a_call_whose_worker_died_is_an_attempt_of_its_own(open_service: OpenService) -> None:
    await crash_during_a_call(await open_service())

    second = await open_service(name="replica-b")
    job = await second.jobs.run(a_request(), timeout_seconds=60)

    assert [(attempt.finish_reason, attempt.reason) for attempt in job.attempts] == [
        ("lost", "INTERRUPTED"),
        ("stop", ""),
    ]
    assert job.usage.model_calls == 2
    assert second.model.calls() == 1


async def test_lost_calls_use_the_attempts_up(open_service: OpenService, catalogue: Catalogue) -> None:
    first = await open_service()
    first.worker.catalogue = with_policy(catalogue, attempts=1)
    await crash_during_a_call(first)

    second = await open_service(name="replica-b")
    second.worker.catalogue = with_policy(catalogue, attempts=1)
    with pytest.raises(BudgetExhausted, match="attempts"):
        await second.jobs.run(a_request(), timeout_seconds=60)

    job = await second.job()
    assert second.model.calls() == 0
    assert (job.usage.model_calls, len(job.attempts)) == (1, 1)


async def test_tokens_of_an_earlier_process_count(open_service: OpenService, catalogue: Catalogue) -> None:
    await crash_before_the_repair(await open_service())

    second = await open_service(name="replica-b")
    job_before = await second.job()
    used = sum(attempt.usage.total_tokens for attempt in job_before.attempts)
    second.worker.catalogue = with_policy(catalogue, tokens=used + 500)
    with pytest.raises(BudgetExhausted, match="tokens"):
        await second.jobs.run(a_request(), timeout_seconds=60)

    job = await second.job()
    assert second.model.calls() == 0
    assert job.usage.input_tokens + job.usage.output_tokens == used > 0


async def test_what_earlier_runs_paid_for_is_on_the_outcome_whatever_ends_it(open_service: OpenService) -> None:
    first = await open_service()
    deadline = first.clock.now()
    await crash_before_the_outcome_is_stored(first)

    second = await open_service(name="replica-b")
    with pytest.raises(RequestExpired):
        await second.jobs.run(a_request(deadline=deadline), timeout_seconds=60)

    job = await second.job()
    assert (job.usage.model_calls, len(job.attempts)) == (1, 1)
    assert job.usage.output_tokens > 0
    assert job.task_version == "1.0.0"


async def test_a_job_that_ended_its_worker_three_times_is_interrupted_without_being_decoded(
    open_service: OpenService,
) -> None:
    for number in range(3):
        service = await open_service(name=f"replica-{number}")
        await crash_during_a_call(service)

    last = await open_service(name="replica-last")
    with pytest.raises(Interrupted):
        await last.jobs.run(a_request(), timeout_seconds=60)

    job = await last.job()
    assert last.model.calls() == 0
    assert (job.usage.model_calls, len(job.attempts)) == (3, 3)
    assert job.task_version == "1.0.0"


async def test_being_given_back_is_no_crash(open_service: OpenService) -> None:
    service = await open_service()
    service.model.down()
    for _ in range(6):
        with pytest.raises(ModelUnavailable):
            await service.jobs.run(a_request(), timeout_seconds=60)
        await until(lambda: not len(service.runs))

    service.model.down(is_down=False)
    disposition = await service.deliver(a_message())

    assert disposition is Disposition.ACK
    assert (await service.job()).state is State.SUCCEEDED


async def test_a_delivery_that_was_held_at_the_crash_is_answered_when_it_comes_again(open_service: OpenService) -> None:
    first = await open_service()
    first.model.hold()
    first.deliver(a_message())
    await first.until_calling()
    await first.crash()

    second = await open_service(name="replica-b")
    disposition = await second.deliver(a_message(redelivered=True, delivery_count=1))

    assert disposition is Disposition.ACK
    assert second.outbox.addresses() == [("crm.replies", f"{TASK}.v1.succeeded")]


async def test_a_crash_between_the_outcome_and_its_acknowledgement_answers_again_with_the_same_message_id(
    open_service: OpenService,
) -> None:
    first = await open_service()
    await first.deliver(a_message())
    await first.crash()

    second = await open_service(name="replica-b")
    await second.deliver(a_message(redelivered=True, delivery_count=1))

    (before,), (after,) = first.outbox.offered, second.outbox.offered
    assert after.publication_id == before.publication_id
    assert after.message.body == before.message.body
    assert second.model.calls() == 0


async def test_a_ticket_that_comes_again_after_a_crash_is_worked_on(open_service: OpenService) -> None:
    first = await open_service()
    await first.jobs.submit(a_request(reply_to=REPLIES))
    (ticket,) = first.outbox.tickets()
    first.model.hold()
    first.deliver(as_received(ticket))
    await first.until_calling()
    await first.crash()

    second = await open_service(name="replica-b")
    disposition = await second.deliver(as_received(ticket, redelivered=True))

    assert disposition is Disposition.ACK
    assert [key for key, _ in second.outbox.addresses()] == ["crm.replies"]


async def test_a_ticket_is_kept_while_another_replica_may_still_work_on_its_job(open_service: OpenService) -> None:
    service = await open_service()
    await service.jobs.submit(a_request(reply_to=REPLIES))
    (ticket,) = service.outbox.tickets()
    # The job is claimed, but this process has no run of it: as if another replica had it.
    claimed = await service.store.real.claim_stored(ticket.job_id)
    delivered = service.deliver(as_received(ticket))
    await until(lambda: service.store.counts["claim_stored"] >= 3)
    assert not delivered.done()

    await service.store.real.release(claimed)  # type: ignore[arg-type]  # nobody else could have it

    assert await delivered is Disposition.ACK
    assert [key for key, _ in service.outbox.addresses()][-1] == "crm.replies"


async def test_a_request_of_a_crashed_caller_is_given_back_unrecorded(open_service: OpenService) -> None:
    await crash_during_a_call(await open_service())

    second = await open_service(name="replica-b")
    job = await second.jobs.get(OPERATOR, request_id="r-1")

    assert job.state is State.PENDING
    disposition = await second.deliver(a_message(), request_by_queue())
    assert disposition is Disposition.ACK


async def test_after_a_crash_deliveries_are_claimed_one_by_one_at_first(open_service: OpenService) -> None:
    service = await open_service()
    service.runs.start_slowly()
    service.model.hold()
    deliveries = [service.deliver(a_message(f"r-{n}"), request_by_queue(f"r-{n}")) for n in range(8)]
    await service.until_calling(1)
    assert len(service.store.claimed) == 1

    service.model.let_go()

    assert [await one for one in deliveries] == [Disposition.ACK] * 8
    assert "OVERLOADED" in service.observer.held_ever

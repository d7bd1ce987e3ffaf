"""The use cases of the gRPC face: run, submit, get, watch, cancel."""

import asyncio
from datetime import timedelta

import pytest

from adapter.domain.job import Job, State, Verdict
from adapter.domain.payload import Payload
from adapter.domain.progress import Progress, ProgressKind
from adapter.errors import (
    CallerDeadlineExceeded,
    Cancelled,
    InputInvalid,
    InvalidRequest,
    JobNotFound,
    ModelRefused,
    ModelUnavailable,
    Overloaded,
    RequestIdReused,
    ReviewNeeded,
    TaskNotFound,
)
from adapter.service.api import Caller
from tests.integration.service.bench import OPERATOR, REPLIES, TICKET, Service, a_request, until
from tests.integration.service.conftest import OpenService


async def test_a_request_is_run_and_its_outcome_recorded(service: Service) -> None:
    job = await service.jobs.run(a_request(), timeout_seconds=10)

    assert job.state is State.SUCCEEDED
    assert (job.task_version, job.usage.model_calls, len(job.attempts)) == ("1.0.0", 1, 1)
    assert job.usage.input_tokens > 0
    assert await service.job() == job
    assert len(service.runs) == 0
    assert service.observer.running == 0
    assert service.observer.finished == [job]


async def test_a_repeat_gets_the_outcome_unpaid(service: Service) -> None:
    first = await service.jobs.run(a_request(), timeout_seconds=10)

    again = await service.jobs.run(a_request(), timeout_seconds=10)

    assert again == first
    assert service.model.calls() == 1


async def test_repeats_at_the_same_time_share_one_run(service: Service) -> None:
    jobs = await asyncio.gather(*(service.jobs.run(a_request(), timeout_seconds=10) for _ in range(20)))

    assert len({job.job_id for job in jobs}) == 1
    assert service.model.calls() == 1


async def test_requests_without_an_id_are_each_worked_on(service: Service) -> None:
    jobs = await asyncio.gather(*(service.jobs.run(a_request(""), timeout_seconds=10) for _ in range(5)))

    assert len({job.job_id for job in jobs}) == 5


async def test_the_same_id_with_other_content_is_refused_whatever_became_of_the_first(service: Service) -> None:
    service.model.hold()
    running = service.beside(service.jobs.run(a_request(), timeout_seconds=10))
    await service.until_calling()
    other = a_request(payload=Payload(b"{}", "application/json"))

    with pytest.raises(RequestIdReused) as while_running:
        await service.jobs.run(other, timeout_seconds=10)
    service.model.let_go()
    job = await running
    with pytest.raises(RequestIdReused):
        await service.jobs.run(other, timeout_seconds=10)

    assert while_running.value.metadata == {"job_id": job.job_id}


async def test_a_request_that_was_refused_may_come_again_with_other_content(service: Service) -> None:
    with pytest.raises(InputInvalid) as failure:
        await service.jobs.run(a_request(payload=Payload(b"{}", "application/json")), timeout_seconds=10)

    job = await service.jobs.run(a_request(), timeout_seconds=10)

    assert len(failure.value.violations) > 1
    assert job.state is State.SUCCEEDED


@pytest.mark.parametrize(
    ("changes", "error"),
    [({"task": "nonesuch"}, TaskNotFound), ({"model": "nonesuch"}, InvalidRequest)],
)
async def test_what_names_nothing_is_refused_before_anything_is_stored(
    service: Service, changes: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await service.jobs.run(a_request(**changes), timeout_seconds=10)

    assert service.store.counts["claim"] == 0


async def test_a_failed_job_is_an_error_with_its_id_and_a_repeat_gets_it_again(service: Service) -> None:
    request = a_request(labels={"simulate": "refusal"})
    with pytest.raises(ModelRefused) as first:
        await service.jobs.run(request, timeout_seconds=10)
    with pytest.raises(ModelRefused) as again:
        await service.jobs.run(request, timeout_seconds=10)

    job = await service.job()
    assert job.attempts[0].reason == "MODEL_REFUSED"
    assert first.value.metadata == again.value.metadata == {"job_id": job.job_id}
    assert service.model.calls() == 1


async def test_a_review_is_an_error_unless_it_is_asked_for(service: Service) -> None:
    labels = {"simulate": "review"}
    with pytest.raises(ReviewNeeded):
        await service.jobs.run(a_request(labels=labels), timeout_seconds=10)

    job = await service.jobs.run(a_request(labels=labels, accept_review=True), timeout_seconds=10)

    assert job.result is not None
    assert job.result.verdict is Verdict.NEEDS_REVIEW


async def test_a_repaired_reply_counts_both_calls_and_says_why_the_first_was_not_enough(service: Service) -> None:
    job = await service.jobs.run(a_request(labels={"simulate": "invalid-once"}), timeout_seconds=10)

    assert [attempt.reason for attempt in job.attempts] == ["OUTPUT_INVALID", ""]
    assert job.usage.model_calls == 2
    assert job.usage.input_tokens == sum(attempt.usage.input_tokens for attempt in job.attempts)


async def test_calls_without_a_reply_count_as_calls_but_not_as_attempts(service: Service) -> None:
    job = await service.jobs.run(a_request(labels={"simulate": "500-twice"}), timeout_seconds=10)

    assert job.usage.model_calls == 3
    assert len(job.attempts) == 1


# --- waiting -------------------------------------------------------------------------------------------


async def test_a_deadline_ends_only_the_wait_and_a_repeat_gets_the_outcome_of_the_call_in_flight(
    service: Service,
) -> None:
    service.model.hold()
    with pytest.raises(CallerDeadlineExceeded) as failure:
        await service.jobs.run(a_request(), timeout_seconds=0.1)
    assert service.model.in_flight == 1

    service.model.let_go()
    await until(lambda: not len(service.runs))
    job = await service.jobs.run(a_request(), timeout_seconds=10)

    assert failure.value.metadata == {"job_id": job.job_id}
    assert service.model.calls() == 1


async def test_no_new_attempt_starts_for_nobody(service: Service) -> None:
    service.model.hold()
    request = a_request(labels={"simulate": "invalid-once"})
    with pytest.raises(CallerDeadlineExceeded):
        await service.jobs.run(request, timeout_seconds=0.1)
    service.model.let_go()
    await until(lambda: not len(service.runs))

    assert (await service.job()).state is State.PENDING
    assert service.model.calls() == 1

    job = await service.jobs.run(request, timeout_seconds=10)
    assert [attempt.reason for attempt in job.attempts] == ["OUTPUT_INVALID", ""]
    assert service.model.calls() == 2


async def test_a_call_without_a_reply_is_not_made_again_for_nobody(service: Service) -> None:
    service.model.hold()
    request = a_request(labels={"simulate": "500"})
    with pytest.raises(CallerDeadlineExceeded):
        await service.jobs.run(request, timeout_seconds=0.1)

    service.model.let_go()
    await until(lambda: not len(service.runs))

    assert service.model.calls() == 1
    assert (await service.job()).attempts == ()


async def test_the_deadline_of_one_caller_is_not_that_of_another(service: Service) -> None:
    service.model.hold()
    patient = service.beside(service.jobs.run(a_request(), timeout_seconds=10))
    with pytest.raises(CallerDeadlineExceeded):
        await service.jobs.run(a_request(), timeout_seconds=0.1)

    service.model.let_go()

    assert (await patient).state is State.SUCCEEDED


async def test_a_caller_that_leaves_while_its_claim_is_being_stored_starts_nothing(service: Service) -> None:
    service.store.hold_after("claim")
    with pytest.raises(CallerDeadlineExceeded):
        await service.jobs.run(a_request(), timeout_seconds=0.1)
    service.store.let_go("claim")

    await until(lambda: service.store.counts["release"] == 1 and not len(service.runs))

    assert service.model.calls() == 0
    assert (await service.job()).state is State.PENDING


async def test_a_caller_that_leaves_while_a_call_is_written_down_pays_for_nothing(service: Service) -> None:
    service.store.hold_after("call_started")
    with pytest.raises(CallerDeadlineExceeded):
        await service.jobs.run(a_request(), timeout_seconds=0.1)
    service.store.let_go("call_started")
    await until(lambda: not len(service.runs))

    job = await service.jobs.run(a_request(), timeout_seconds=10)

    assert service.model.calls() == 1
    assert [attempt.finish_reason for attempt in job.attempts] == ["stop"], "the call that was never sent is not lost"
    assert job.usage.model_calls == 1


async def test_a_reply_is_recorded_also_when_the_caller_leaves_while_it_is_stored(service: Service) -> None:
    service.store.hold("call_ended")
    with pytest.raises(CallerDeadlineExceeded):
        await service.jobs.run(a_request(), timeout_seconds=0.1)
    service.store.let_go("call_ended")

    await until(lambda: not len(service.runs))

    assert (await service.job()).state is State.SUCCEEDED


async def test_behind_an_open_breaker_the_answer_comes_at_once(open_service: OpenService) -> None:
    service = await open_service(model_wait_seconds=60)
    service.model.down()
    held = service.beside(service.jobs.run(a_request("r-0"), timeout_seconds=60))
    other = service.beside(service.jobs.run(a_request("r-9"), timeout_seconds=60))
    for task in (held, other):
        with pytest.raises(ModelUnavailable):
            await task

    before = service.model.simulated.log.total
    with pytest.raises(ModelUnavailable) as failure:
        await asyncio.wait_for(service.jobs.run(a_request(), timeout_seconds=60), timeout=5)

    assert failure.value.metadata["model"] == "default"
    assert failure.value.metadata["job_id"] == (await service.job()).job_id
    assert service.model.simulated.log.total - before <= 1, "it may have been the probe"


async def test_the_next_caller_after_an_outage_is_the_probe(service: Service) -> None:
    service.model.down()
    for number in range(2):
        with pytest.raises(ModelUnavailable):
            await service.jobs.run(a_request(f"r-{number}"), timeout_seconds=10)
    service.model.down(is_down=False)

    async def ask() -> Job:
        while True:
            try:
                return await service.jobs.run(a_request(), timeout_seconds=10)
            except ModelUnavailable:
                await asyncio.sleep(0.01)

    async with asyncio.timeout(5):
        assert (await ask()).state is State.SUCCEEDED


async def test_without_a_breaker_a_caller_waits_its_time_for_the_model(service: Service) -> None:
    service.model.down()

    begun = asyncio.get_running_loop().time()
    with pytest.raises(ModelUnavailable):
        await service.jobs.run(a_request(), timeout_seconds=10)

    assert asyncio.get_running_loop().time() - begun >= 0.2
    await until(lambda: not len(service.runs))
    assert (await service.job()).state is State.PENDING


async def test_a_caller_does_not_give_up_while_a_call_is_in_flight(service: Service) -> None:
    request = a_request(labels={"simulate": "500-once"})
    running = service.beside(service.jobs.run(request, timeout_seconds=10))
    await until(lambda: service.model.calls() == 1)
    service.model.hold()
    await service.until_calling()

    await asyncio.sleep(0.3)
    assert not running.done()
    service.model.let_go()

    assert (await running).state is State.SUCCEEDED


async def test_more_than_fits_is_overloaded(open_service: OpenService) -> None:
    service = await open_service(in_flight=3)
    service.model.hold()
    asked = [service.beside(service.jobs.run(a_request(f"r-{n}"), timeout_seconds=10)) for n in range(10)]
    await service.until_calling(3)
    await until(lambda: sum(task.done() for task in asked) == 7)
    service.model.let_go()

    outcomes = await asyncio.gather(*asked, return_exceptions=True)

    assert sum(isinstance(one, Overloaded) for one in outcomes) == 7
    assert sum(isinstance(one, Job) for one in outcomes) == 3


async def test_a_service_that_stops_gives_its_callers_back_to_themselves(service: Service) -> None:
    service.model.hold()
    running = service.beside(service.jobs.run(a_request(), timeout_seconds=10))
    await service.until_calling()

    await service.runs.drain(0)

    with pytest.raises(Overloaded):
        await running
    with pytest.raises(Overloaded):
        await service.jobs.run(a_request("r-2"), timeout_seconds=10)
    job = await service.job()
    assert job.state is State.PENDING
    assert job.attempts == ()


# --- submitting ----------------------------------------------------------------------------------------


async def test_a_submitted_job_is_stored_with_a_ticket_and_its_routes(service: Service) -> None:
    job = await service.jobs.submit(a_request(reply_to=REPLIES))

    (ticket,) = service.outbox.tickets()
    assert job.state is State.PENDING
    assert ticket.job_id == job.job_id
    assert (ticket.message.exchange, ticket.message.routing_key) == ("adapter.requests", "classify-ticket")


async def test_bad_input_of_a_submission_is_refused_and_nothing_stored(service: Service) -> None:
    with pytest.raises(InputInvalid):
        await service.jobs.submit(a_request(payload=Payload(b"{}", "application/json")))
    with pytest.raises(InvalidRequest):
        await service.jobs.submit(a_request(deadline=service.clock.now() - timedelta(seconds=1)))

    with pytest.raises(JobNotFound):
        await service.job()


async def test_without_a_broker_a_reply_address_is_refused(open_service: OpenService) -> None:
    service = await open_service(has_broker=False)

    with pytest.raises(InvalidRequest, match="broker"):
        await service.jobs.submit(a_request(reply_to=REPLIES))


async def test_without_a_broker_submitted_jobs_are_run_in_the_process(open_service: OpenService) -> None:
    service = await open_service(has_broker=False, in_flight=4)
    service.run_stored()
    for number in range(20):
        await service.jobs.submit(a_request(f"r-{number}"))

    await until(lambda: len(service.observer.finished) == 20)

    assert {job.state for job in service.observer.finished} == {State.SUCCEEDED}
    assert service.model.simulated.log.total == 20


async def test_a_repeated_submission_is_the_same_job(service: Service) -> None:
    first = await service.jobs.submit(a_request())
    again = await service.jobs.submit(a_request())

    assert again.job_id == first.job_id
    assert len(service.outbox.tickets()) == 1
    with pytest.raises(RequestIdReused):
        await service.jobs.submit(a_request(payload=Payload(TICKET + b" ", "application/json")))


async def test_a_submission_takes_a_running_job_along_when_its_callers_leave(service: Service) -> None:
    service.model.hold()
    waiting = service.beside(service.jobs.run(a_request(labels={"simulate": "invalid-once"}), timeout_seconds=10))
    await service.until_calling()
    submitted = await service.jobs.submit(a_request(labels={"simulate": "invalid-once"}))
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)

    service.model.let_go()
    await until(lambda: service.observer.finished)

    assert submitted.state is State.RUNNING
    assert service.observer.finished[0].state is State.SUCCEEDED
    assert service.outbox.addresses()[-1] == ("classify-ticket.v1.succeeded.crm", "classify-ticket.v1.succeeded")


# --- looking and cancelling ----------------------------------------------------------------------------


async def test_other_clients_see_nothing(service: Service) -> None:
    job = await service.jobs.run(a_request(), timeout_seconds=10)
    stranger = Caller("billing", is_operator=False)

    with pytest.raises(JobNotFound):
        await service.jobs.get(stranger, job_id=job.job_id)
    with pytest.raises(JobNotFound):
        await service.jobs.get(stranger, request_id="r-1")
    with pytest.raises(InvalidRequest):
        await service.jobs.get(OPERATOR)


async def test_a_watcher_sees_the_steps_and_the_final_job(service: Service) -> None:
    service.model.hold()
    service.beside(service.jobs.run(a_request(labels={"simulate": "invalid-once"}), timeout_seconds=10))
    await service.until_calling()
    seen: list[Job | Progress] = []

    async def watch() -> None:
        async for one in service.jobs.watch(OPERATOR, request_id="r-1"):
            seen.append(one)  # noqa: PERF401 - looked at before the end

    watching = service.beside(watch())
    await until(lambda: seen)
    service.model.let_go()
    await watching

    states = [one.state for one in seen if isinstance(one, Job)]
    steps = [(one.kind, one.detail) for one in seen if isinstance(one, Progress)]
    assert states == [State.RUNNING, State.SUCCEEDED]
    assert steps == [(ProgressKind.REPAIR, "OUTPUT_INVALID")]


async def test_a_watcher_of_a_waiting_job_sees_it_begin_and_end(service: Service) -> None:
    job = await service.jobs.submit(a_request(labels={"simulate": "refusal"}))
    states: list[State] = []

    async def watch() -> None:
        watched = service.jobs.watch(OPERATOR, job_id=job.job_id)
        states.extend([one.state async for one in watched if isinstance(one, Job)])

    watching = service.beside(watch())
    await until(lambda: service.store.counts["get"] >= 2)
    await service.submissions.find(job.job_id)
    await watching

    assert states[0] is State.PENDING
    assert states[-1] is State.FAILED


async def test_cancelling_stops_the_call_and_tells_all_who_wait(service: Service) -> None:
    service.model.hold()
    waiting = service.beside(service.jobs.run(a_request(), timeout_seconds=10))
    await service.until_calling()

    job = await service.jobs.cancel(OPERATOR, request_id="r-1")

    assert (job.state, job.usage.model_calls, job.attempts) == (State.CANCELLED, 1, ())
    assert service.model.in_flight == 0
    with pytest.raises(Cancelled):
        await waiting
    with pytest.raises(Cancelled):
        await service.jobs.run(a_request(), timeout_seconds=10)


async def test_a_waiting_job_is_cancelled_and_its_ticket_does_nothing(service: Service) -> None:
    job = await service.jobs.submit(a_request(reply_to=REPLIES))

    cancelled = await service.jobs.cancel(OPERATOR, job_id=job.job_id)
    found = await service.submissions.find(job.job_id)

    assert cancelled.state is State.CANCELLED
    assert isinstance(found, Job)
    assert [key for key, _ in service.outbox.addresses()] == ["classify-ticket", "crm.replies"]


async def test_a_stored_outcome_wins_over_a_cancellation(service: Service) -> None:
    await service.jobs.run(a_request(), timeout_seconds=10)

    job = await service.jobs.cancel(OPERATOR, request_id="r-1")

    assert job.state is State.SUCCEEDED


async def test_a_cancellation_that_meets_the_outcome_being_written_returns_it(service: Service) -> None:
    service.store.hold("finish")
    waiting = service.beside(service.jobs.run(a_request(), timeout_seconds=10))
    await until(lambda: service.store.counts["finish"] == 1)
    cancelling = service.beside(service.jobs.cancel(OPERATOR, request_id="r-1"))
    await until(lambda: service.store.counts["cancel"] == 1)
    service.store.let_go("finish")

    assert (await cancelling).state is State.SUCCEEDED
    assert (await waiting).state is State.SUCCEEDED


async def test_a_cancellation_that_meets_a_run_being_given_back_still_cancels(service: Service) -> None:
    service.model.down()
    service.store.hold("release")
    with pytest.raises((ModelUnavailable, CallerDeadlineExceeded)):
        await service.jobs.run(a_request(), timeout_seconds=5)
    await until(lambda: service.store.counts["release"] == 1)
    cancelling = service.beside(service.jobs.cancel(OPERATOR, request_id="r-1"))
    await until(lambda: service.store.counts["cancel"] == 1)
    service.store.let_go("release")

    assert (await cancelling).state is State.CANCELLED


async def test_a_request_is_cancelled_before_it_arrives(service: Service) -> None:
    await service.jobs.cancel(OPERATOR, request_id="r-1", allow_missing=True)

    with pytest.raises(Cancelled):
        await service.jobs.run(a_request(), timeout_seconds=10)
    with pytest.raises(JobNotFound):
        await service.jobs.cancel(OPERATOR, request_id="r-2")
    assert service.model.calls() == 0


async def test_a_reply_that_came_before_the_cancellation_is_counted(service: Service) -> None:
    service.store.hold("call_ended")
    waiting = service.beside(service.jobs.run(a_request(), timeout_seconds=10))
    await until(lambda: service.store.counts["call_ended"] == 1)
    cancelling = service.beside(service.jobs.cancel(OPERATOR, request_id="r-1"))
    await until(lambda: service.run_of().intent is not None)
    service.store.let_go("call_ended")

    job = await cancelling

    assert job.state is State.CANCELLED
    assert job.usage.output_tokens > 0
    assert len(job.attempts) == 1
    with pytest.raises(Cancelled):
        await waiting

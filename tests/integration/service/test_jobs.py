"""Run of the gRPC face: what is worked on, shared, repeated or refused, and what is recorded."""

import asyncio

import pytest

from adapter.domain.job import State, Verdict
from adapter.domain.payload import Payload
from adapter.errors import InputInvalid, InvalidRequest, ModelRefused, RequestIdReused, ReviewNeeded, TaskNotFound
from tests.integration.service.asking import a_request
from tests.integration.service.bench import Service


async def test_a_request_is_run_and_its_outcome_recorded(service: Service) -> None:
    job = await service.jobs.run(a_request(), timeout_seconds=60)

    assert job.state is State.SUCCEEDED
    assert (job.task_version, job.usage.model_calls, len(job.attempts)) == ("1.0.0", 1, 1)
    assert job.usage.input_tokens > 0
    assert await service.job() == job
    assert len(service.runs) == 0
    assert service.observer.running == 0
    assert service.observer.finished == [job]


async def test_a_repeat_gets_the_outcome_unpaid(service: Service) -> None:
    first = await service.jobs.run(a_request(), timeout_seconds=60)

    again = await service.jobs.run(a_request(), timeout_seconds=60)

    assert again == first
    assert service.model.calls() == 1


async def test_repeats_at_the_same_time_share_one_run(service: Service) -> None:
    jobs = await asyncio.gather(*(service.jobs.run(a_request(), timeout_seconds=60) for _ in range(20)))

    assert len({job.job_id for job in jobs}) == 1
    assert service.model.calls() == 1


async def test_requests_without_an_id_are_each_worked_on(service: Service) -> None:
    jobs = await asyncio.gather(*(service.jobs.run(a_request(""), timeout_seconds=60) for _ in range(5)))

    assert len({job.job_id for job in jobs}) == 5


async def test_the_same_id_with_other_content_is_refused_whatever_became_of_the_first(service: Service) -> None:
    service.model.hold()
    running = service.beside(service.jobs.run(a_request(), timeout_seconds=60))
    await service.until_calling()
    other = a_request(payload=Payload(b"{}", "application/json"))

    with pytest.raises(RequestIdReused) as while_running:
        await service.jobs.run(other, timeout_seconds=60)
    service.model.let_go()
    job = await running
    with pytest.raises(RequestIdReused):
        await service.jobs.run(other, timeout_seconds=60)

    assert while_running.value.metadata == {"job_id": job.job_id}


async def test_a_request_that_was_refused_may_come_again_with_other_content(service: Service) -> None:
    with pytest.raises(InputInvalid) as failure:
        await service.jobs.run(a_request(payload=Payload(b"{}", "application/json")), timeout_seconds=60)

    job = await service.jobs.run(a_request(), timeout_seconds=60)

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
        await service.jobs.run(a_request(**changes), timeout_seconds=60)

    assert service.store.counts["claim"] == 0


async def test_a_failed_job_is_an_error_with_its_id_and_a_repeat_gets_it_again(service: Service) -> None:
    request = a_request(labels={"simulate": "refusal"})
    with pytest.raises(ModelRefused) as first:
        await service.jobs.run(request, timeout_seconds=60)
    with pytest.raises(ModelRefused) as again:
        await service.jobs.run(request, timeout_seconds=60)

    job = await service.job()
    assert job.attempts[0].reason == "MODEL_REFUSED"
    assert first.value.metadata == again.value.metadata == {"job_id": job.job_id}
    assert service.model.calls() == 1


async def test_a_review_is_an_error_unless_it_is_asked_for(service: Service) -> None:
    labels = {"simulate": "review"}
    with pytest.raises(ReviewNeeded):
        await service.jobs.run(a_request(labels=labels), timeout_seconds=60)

    job = await service.jobs.run(a_request(labels=labels, accept_review=True), timeout_seconds=60)

    assert job.result is not None
    assert job.result.verdict is Verdict.NEEDS_REVIEW


async def test_a_repaired_reply_counts_both_calls_and_says_why_the_first_was_not_enough(service: Service) -> None:
    job = await service.jobs.run(a_request(labels={"simulate": "invalid-once"}), timeout_seconds=60)

    assert [attempt.reason for attempt in job.attempts] == ["OUTPUT_INVALID", ""]
    assert job.usage.model_calls == 2
    assert job.usage.input_tokens == sum(attempt.usage.input_tokens for attempt in job.attempts)


async def test_calls_without_a_reply_count_as_calls_but_not_as_attempts(service: Service) -> None:
    job = await service.jobs.run(a_request(labels={"simulate": "500-twice"}), timeout_seconds=60)

    assert job.usage.model_calls == 3
    assert len(job.attempts) == 1

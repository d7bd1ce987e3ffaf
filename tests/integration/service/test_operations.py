"""What operators do with finished jobs: run them again as revisions, send their results again, erase them."""

import asyncio

import pytest

from adapter.domain.job import State
from adapter.domain.publication_id import publication_id
from adapter.errors import InvalidRequest, JobNotFound
from adapter.ports import JobFilter
from adapter.ports.operators import Obstacle, Selection
from adapter.service.api import Disposition
from adapter.service.bulk import Bulk
from adapter.simulator.faults import FaultRule
from tests.integration.service.asking import (
    OTHER_REPLIES,
    TASK,
    a_message,
    a_request,
    as_received,
    request_by_queue,
)
from tests.integration.service.bench import DEADLINE_SECONDS, ROUTING, Service, until
from tests.integration.service.conftest import OpenService
from tests.integration.service.delivering import work_off_tickets
from tests.integration.service.operating import failed_by_queue, results, told

FAILED = Bulk(Selection(JobFilter(task=TASK)))


def of(request_id: str = "r-1") -> Bulk:
    return Bulk(Selection(JobFilter(client="crm"), request_ids=[request_id]))


async def test_a_failed_job_is_retried_for_the_same_request_and_answered_at_the_same_address(service: Service) -> None:
    first = await failed_by_queue(service)

    assert await told(service.operations.retry(FAILED)) == {"r-1": None}
    await work_off_tickets(service)

    job = await service.job()
    assert (job.job_id, job.revision, job.state) == (first.job_id, 2, State.SUCCEEDED)
    before, after = results(service)
    assert (after.message.exchange, after.message.routing_key) == ("", "crm.replies")
    assert after.message.properties.correlation_id == "corr-1"
    assert after.message.properties.headers["llm-revision"] == 2
    assert after.publication_id == publication_id(job.job_id, 2, ROUTING.taken_by(before.message))
    assert after.publication_id != before.publication_id


async def test_a_repeat_during_a_retry_gets_the_recorded_outcome_unpaid(service: Service) -> None:
    await failed_by_queue(service)
    await told(service.operations.retry(FAILED))
    calls = service.model.calls()

    repeat = request_by_queue(reply_to=OTHER_REPLIES)
    assert await service.deliver(a_message(), repeat) is Disposition.ACK
    during = results(service)[-1]
    await work_off_tickets(service)
    await service.deliver(a_message(), repeat)

    assert during.message.properties.headers["llm-revision"] == 1
    assert during.message.properties.headers["llm-outcome"] == "failed"
    assert results(service)[-1].message.properties.headers["llm-revision"] == 2
    assert service.model.calls() == calls + 1


async def test_without_a_broker_retried_jobs_are_run_in_the_process(open_service: OpenService) -> None:
    service = await open_service(has_broker=False)
    service.model.simulated.controls.faults = (FaultRule.parse("refusal"),)
    await service.jobs.submit(a_request())
    service.run_stored()
    await until(lambda: service.observer.finished)
    service.model.simulated.controls.faults = ()

    assert await told(service.operations.retry(FAILED)) == {"r-1": None}
    await until(lambda: len(service.observer.finished) == 2)

    assert (await service.job()).revision == 2
    assert (await service.job()).state is State.SUCCEEDED


async def test_a_replica_that_crashes_with_a_retry_leaves_it_to_the_next(open_service: OpenService) -> None:
    dying = await open_service()
    await failed_by_queue(dying)
    dying.model.hold()
    await told(dying.operations.retry(FAILED))
    (ticket,) = await dying.store.unsent_tickets()
    dying.deliver(as_received(ticket))
    await dying.until_calling()
    await dying.crash()

    service = await open_service(name="replica-b")
    await work_off_tickets(service)

    job = await service.job()
    history = await service.store.real.operators.history(job.job_id)
    assert (job.revision, job.state) == (2, State.SUCCEEDED)
    assert history is not None
    assert [past.job.state for past in history.past] == [State.FAILED]


async def test_what_cannot_be_retried_is_left_and_said(service: Service) -> None:
    assert await service.deliver(a_message("r-good"), request_by_queue("r-good")) is Disposition.ACK
    await failed_by_queue(service)

    by_id = await told(service.operations.retry(of("r-good")))
    by_filter = await told(service.operations.retry(FAILED))

    assert by_id == {"r-good": Obstacle.PAYLOAD_NOT_KEPT}
    assert by_filter == {"r-1": None}


async def test_a_dry_run_changes_nothing_and_says_what_would_be(service: Service) -> None:
    await failed_by_queue(service)
    await service.deliver(a_message("r-good"), request_by_queue("r-good"))
    everything = Bulk(Selection(JobFilter(client="crm", states=(State.FAILED, State.SUCCEEDED))), dry_run=True)

    retried = await told(service.operations.retry(everything))
    republished = await told(service.operations.republish(everything))
    purged = await told(service.operations.purge(everything))

    assert retried == {"r-1": None, "r-good": Obstacle.PAYLOAD_NOT_KEPT}
    assert republished == {"r-1": None, "r-good": None}
    assert purged == {"r-1": Obstacle.RESULT_NOT_SENT, "r-good": Obstacle.RESULT_NOT_SENT}
    assert (await service.job()).revision == 1
    assert await service.store.unsent_tickets() == []


async def test_a_selection_of_nothing_is_refused(service: Service) -> None:
    for use_case in (service.operations.retry, service.operations.republish, service.operations.purge):
        with pytest.raises(InvalidRequest, match="selection is empty"):
            await told(use_case(Bulk(Selection())))


async def test_many_jobs_go_in_batches_that_can_be_resumed(service: Service) -> None:
    for number in range(5):
        await failed_by_queue(service, f"r-{number}")
    slow = Bulk(FAILED.selection, jobs_per_second=2.0)

    batches = service.operations.retry(slow)
    first = await anext(batches)
    await batches.aclose()
    rest = await told(service.operations.retry(Bulk(FAILED.selection, resume_token=first.resume_token)))

    assert [one.job.request_id for one in first.jobs] == ["r-0", "r-1"]
    assert list(rest) == ["r-2", "r-3", "r-4"]
    assert {(await service.job(f"r-{number}")).revision for number in range(5)} == {2}


async def test_results_are_sent_again_with_the_same_ids_and_say_so(service: Service) -> None:
    await service.deliver(a_message(), request_by_queue())
    (sent,) = results(service)
    await service.store.publication_sent(sent)

    assert await told(service.operations.republish(of())) == {"r-1": None}

    (again,) = await service.store.due_publications(10)
    assert again.publication_id == again.message.properties.message_id == sent.publication_id
    assert again.message.body == sent.message.body
    assert again.message.routing_key == sent.message.routing_key
    assert again.message.properties.headers == {**sent.message.properties.headers, "llm-republished": True}


async def test_a_result_that_was_too_large_is_sent_once_it_may_be(service: Service) -> None:
    service.max_body_bytes = 10
    request = request_by_queue(reply_to=None)
    await service.deliver(a_message(), request)
    (told_too_large,) = results(service)
    before = await service.job()
    service.max_body_bytes = 1_000_000

    assert await told(service.operations.republish(Bulk(Selection(JobFilter(reason="RESULT_TOO_LARGE"))))) == {
        "r-1": None
    }

    (again,) = await service.store.due_publications(10)
    job = await service.job()
    assert before.remark is not None
    assert job.remark is None
    assert told_too_large.message.routing_key.endswith(".failed.crm")
    assert again.message.routing_key.endswith(".succeeded.crm")
    assert again.message.body == job.result.content if job.result else False
    assert again.publication_id == told_too_large.publication_id


async def test_what_was_never_published_is_left_and_said(service: Service) -> None:
    await service.jobs.run(a_request(), timeout_seconds=60)

    assert await told(service.operations.republish(of())) == {"r-1": Obstacle.NEVER_PUBLISHED}


async def test_without_a_broker_nothing_is_sent_again(open_service: OpenService) -> None:
    service = await open_service(has_broker=False)

    with pytest.raises(InvalidRequest, match=r"amqp\.urls"):
        service.operations.republish(of())


async def test_an_erased_request_is_new_when_it_comes_again(service: Service) -> None:
    await service.jobs.run(a_request(), timeout_seconds=60)
    old = await service.job()

    assert await told(service.operations.purge(of())) == {"r-1": None}
    with pytest.raises(JobNotFound):
        await service.job()
    await service.jobs.run(a_request(), timeout_seconds=60)

    assert (await service.job()).job_id != old.job_id
    assert service.model.calls() == 2


async def test_a_job_that_waits_says_for_what_while_it_waits(service: Service) -> None:
    service.model.down()
    service.deliver(a_message(), request_by_queue())
    await service.until_waiting()
    job = await service.job()

    async def waits(*, are_over: bool) -> list[str]:
        """Look until there are some, and all of them over or not."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while True:
                history = await service.store.real.operators.history(job.job_id)
                assert history is not None
                found = history.waits.get(1, ())
                if found and are_over is all(one.until is not None for one in found):
                    return [one.reason for one in found]

    during = await waits(are_over=False)
    service.model.down(is_down=False)
    after = await waits(are_over=True)

    assert during[0] == after[0] == "MODEL_UNAVAILABLE (default)"

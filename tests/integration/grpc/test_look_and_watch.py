"""GetJob, WatchJob, ListJobs, CancelJob, the catalogue and parked messages over a real channel."""

import asyncio
import contextlib
from dataclasses import replace

import grpc
import pytest
from llm_adapter.v1 import job_pb2
from llm_adapter.v1.admin_service_pb2 import (
    DiscardParkedRequest,
    GetParkedRequest,
    ListParkedRequest,
    ReplayParkedRequest,
)
from llm_adapter.v1.job_service_pb2 import CancelJobRequest, GetJobRequest, ListJobsRequest, WatchJobRequest
from llm_adapter.v1.task_service_pb2 import GetTaskRequest, ListTasksRequest

from adapter.domain.job import Result, State, Verdict
from adapter.domain.progress import Progress, ProgressKind
from adapter.errors import JobNotFound
from adapter.inbound.grpc.jobs import PAGE_BYTES
from adapter.ports import JobFilter
from adapter.service.api import Caller
from tests.integration.grpc.fakes import (
    DEADLINE_SECONDS,
    JOB,
    NOON,
    TRIES,
    FakeJobService,
    serving,
    status_of,
    told,
    trailers_of,
)
from tests.unit.inbound_grpc.details import info_of

RUNNING = replace(JOB, state=State.RUNNING, result=None)
CALL_STARTED = Progress("j-1", ProgressKind.CALL_STARTED, "cloud")


async def test_a_job_is_found_by_either_id() -> None:
    async with serving() as client:
        by_job_id = await client.jobs.GetJob(GetJobRequest(job_id="j-1"))
        by_request_id = await client.jobs.GetJob(GetJobRequest(request_id="r-1"))
    assert by_job_id.job == by_request_id.job
    assert by_job_id.job.create_time.ToDatetime() == NOON.replace(tzinfo=None)


async def test_a_job_that_is_not_there_is_not_found() -> None:
    async with serving() as client:
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await client.jobs.GetJob(GetJobRequest(job_id="j-2"))
    assert refusal.value.code() is grpc.StatusCode.NOT_FOUND
    assert info_of(status_of(refusal.value)).reason == "JOB_NOT_FOUND"


async def test_a_look_up_with_little_time_is_still_answered() -> None:
    async with serving() as client:
        await client.channel.channel_ready()
        found = []
        for _ in range(TRIES):
            with contextlib.suppress(grpc.aio.AioRpcError):  # a slow machine may miss so short a deadline
                found.append((await client.jobs.GetJob(GetJobRequest(job_id="j-1"), timeout=0.25)).job.job_id)
                break
    assert found == ["j-1"]


async def test_watching_streams_states_and_progress_and_ends_with_the_job() -> None:
    async with serving(FakeJobService(events=[RUNNING, CALL_STARTED, JOB])) as client:
        call = client.jobs.WatchJob(WatchJobRequest(request_id="r-1"))
        events = [event async for event in call]
        code, trailers = await call.code(), dict(await call.trailing_metadata())
    assert [event.WhichOneof("event") for event in events] == ["job", "progress", "job"]
    assert events[1].progress.kind == job_pb2.PROGRESS_KIND_CALL_STARTED
    assert events[2].job.state == job_pb2.STATE_SUCCEEDED
    assert (code, trailers["llm-job-id"]) == (grpc.StatusCode.OK, "j-1")


async def test_an_error_while_watching_follows_the_events() -> None:
    async with serving(FakeJobService(events=[RUNNING, JobNotFound(metadata={"job_id": "j-1"})])) as client:
        events = aiter(client.jobs.WatchJob(WatchJobRequest(job_id="j-1")))
        first = await anext(events)
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await anext(events)
    assert first.job.state == job_pb2.STATE_RUNNING
    assert info_of(status_of(refusal.value)).reason == "JOB_NOT_FOUND"


async def test_a_watch_ends_before_its_callers_deadline_with_the_job_id() -> None:
    service = FakeJobService(events=[RUNNING], watch_goes_on=True)
    async with serving(service) as client, asyncio.timeout(DEADLINE_SECONDS):

        async def watch() -> None:
            async for event in client.jobs.WatchJob(WatchJobRequest(job_id="j-1"), timeout=2.0):
                assert event.job.state == job_pb2.STATE_RUNNING

        refusal = await told(watch)
        await service.watch_ended.wait()
    assert info_of(status_of(refusal)).reason == "DEADLINE_EXCEEDED"
    assert trailers_of(refusal)["llm-job-id"] == "j-1"


async def test_a_watcher_that_goes_away_ends_the_watch() -> None:
    service = FakeJobService(events=[RUNNING], watch_goes_on=True)
    async with serving(service) as client, asyncio.timeout(DEADLINE_SECONDS):
        call = client.jobs.WatchJob(WatchJobRequest(job_id="j-1"))
        await service.watching.wait()
        call.cancel()
        await service.watch_ended.wait()


async def test_jobs_are_listed_by_page() -> None:
    service = FakeJobService(stored=[replace(JOB, job_id=f"j-{n}") for n in range(3)])
    async with serving(service) as client:
        first = await client.jobs.ListJobs(ListJobsRequest(task="classify-ticket", page_size=2))
        second = await client.jobs.ListJobs(
            ListJobsRequest(task="classify-ticket", page_size=2, page_token=first.next_page_token)
        )
    assert [job.job_id for job in (*first.jobs, *second.jobs)] == ["j-0", "j-1", "j-2"]
    assert second.next_page_token == ""
    assert service.asked[0] == (Caller(), JobFilter(task="classify-ticket"), 2, "")


async def test_a_page_of_large_jobs_is_shorter_and_nothing_is_skipped() -> None:
    large = Result(b'"' + b"x" * (PAGE_BYTES // 3) + b'"', Verdict.ACCEPTED)
    stored = [replace(JOB, job_id=f"j-{n}", result=large) for n in range(9)]
    async with serving(FakeJobService(stored=stored)) as client:
        seen, token = [], ""
        while True:
            page = await client.jobs.ListJobs(ListJobsRequest(page_size=8, page_token=token))
            assert page.ByteSize() <= PAGE_BYTES
            seen += [job.job_id for job in page.jobs]
            token = page.next_page_token
            if not token:
                break
    assert seen == [f"j-{n}" for n in range(9)]


async def test_a_job_is_cancelled_before_it_arrives_when_asked_so() -> None:
    service = FakeJobService()
    async with serving(service) as client:
        answer = await client.jobs.CancelJob(CancelJobRequest(request_id="r-9", allow_missing=True))
    assert answer.job.state == job_pb2.STATE_CANCELLED
    assert service.asked == [(Caller(), "", "r-9", True)]


async def test_tasks_are_listed_with_versions_but_without_schemas() -> None:
    async with serving() as client:
        (task,) = (await client.tasks.ListTasks(ListTasksRequest())).tasks
    assert (task.name, task.default_version) == ("classify-ticket", "1.0.0")
    assert [version.version for version in task.versions] == ["1.0.0", "2.0.0"]
    assert task.versions[0].summary == "Routes a support ticket."
    assert not task.versions[0].output_schema


async def test_a_task_is_shown_with_schemas_policy_and_hash() -> None:
    async with serving() as client:
        task = (await client.tasks.GetTask(GetTaskRequest(task="classify-ticket@2.0.0"))).task
    (version,) = task.versions
    assert version.output_schema == b'{"type":"object","properties":{"b":{"const":"2.0.0"},"a":{}}}'
    assert (version.task_hash, task.default_version) == ("hash-of-2.0.0", "1.0.0")
    assert (list(version.models), list(version.allowed_models)) == (["default"], ["cloud"])
    policy = version.policy
    assert (policy.attempts, policy.repairs, policy.tokens, policy.seconds) == (5, 2, 12000, 60)


@pytest.mark.parametrize(
    ("ref", "reason"), [("nobody", "TASK_NOT_FOUND"), ("classify-ticket@9", "TASK_NOT_FOUND"), ("", "INVALID_REQUEST")]
)
async def test_a_task_that_is_not_there_is_not_found(ref: str, reason: str) -> None:
    async with serving() as client:
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await client.tasks.GetTask(GetTaskRequest(task=ref))
    assert info_of(status_of(refusal.value)).reason == reason


async def test_a_parked_message_is_listed_shown_replayed_and_discarded() -> None:
    async with serving() as client:
        (listed,) = (await client.admin.ListParked(ListParkedRequest())).parked
        shown = (await client.admin.GetParked(GetParkedRequest(parked_id="p-1"))).parked
        replayed = (await client.admin.ReplayParked(ReplayParkedRequest(parked_id="p-1"))).parked
        await client.admin.DiscardParked(DiscardParkedRequest(parked_id="p-1"))
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await client.admin.GetParked(GetParkedRequest(parked_id="p-1"))
    assert (listed.body, listed.body_size, shown.body) == (b"", 4, b"<x/>")
    assert replayed.HasField("replay_time")
    assert refusal.value.code() is grpc.StatusCode.NOT_FOUND

"""RetryJobs, RepublishJobs and PurgeJobs: for operators only, streamed in batches, ended with the call."""

import asyncio
from datetime import UTC, datetime

import grpc.aio
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from llm_adapter.v1.admin_service_pb2 import (
    OBSTACLE_PAYLOAD_NOT_KEPT,
    OBSTACLE_UNSPECIFIED,
    JobSelection,
    PurgeJobsRequest,
    RepublishJobsRequest,
    RetryJobsRequest,
)
from llm_adapter.v1.job_pb2 import STATE_FAILED, VERDICT_NEEDS_REVIEW

from adapter.domain.job import State, Verdict
from adapter.errors import StoreUnavailable
from adapter.inbound.grpc.answering import Context
from adapter.ports import JobFilter
from adapter.ports.operators import Selection
from adapter.service.api import Caller
from tests.integration.grpc.fake_bulk import FakeBulkService
from tests.integration.grpc.fakes import DEADLINE_SECONDS, serving, status_of
from tests.unit.inbound_grpc.details import info_of

BY_TASK = JobSelection(task="classify-ticket")


async def test_all_that_is_asked_for_reaches_the_use_case() -> None:
    service = FakeBulkService()
    created = Timestamp(seconds=1_800_000_000)
    selection = JobSelection(
        job_ids=["j-1"],
        request_ids=["r-1"],
        task="classify-ticket",
        states=[STATE_FAILED],
        verdict=VERDICT_NEEDS_REVIEW,
        reason="OUTPUT_INVALID",
        client="crm",
        labels={"tenant": "a"},
        created_from=created,
        created_before=created,
    )
    async with serving(bulk_service=service) as client:
        request = RetryJobsRequest(selection=selection, dry_run=True, jobs_per_second=2.5, resume_token="t")
        async for _ in client.admin.RetryJobs(request):
            pass
    ((name, bulk),) = service.asked
    at = datetime.fromtimestamp(1_800_000_000, UTC)
    expected = JobFilter(
        "classify-ticket", (State.FAILED,), Verdict.NEEDS_REVIEW, "OUTPUT_INVALID", "crm", {"tenant": "a"}, at, at
    )
    assert name == "retry"
    assert bulk.selection == Selection(expected, ("j-1",), ("r-1",))
    assert (bulk.dry_run, bulk.jobs_per_second, bulk.resume_token) == (True, 2.5, "t")


async def test_each_batch_comes_with_what_became_of_its_jobs_and_where_to_go_on() -> None:
    service = FakeBulkService()
    async with serving(bulk_service=service) as client:
        retried = [one async for one in client.admin.RetryJobs(RetryJobsRequest(selection=BY_TASK))]
        republished = [one async for one in client.admin.RepublishJobs(RepublishJobsRequest(selection=BY_TASK))]
        purged = [one async for one in client.admin.PurgeJobs(PurgeJobsRequest(selection=BY_TASK))]
    for batches in (retried, republished, purged):
        assert [one.resume_token for one in batches] == ["behind-job-1", ""]
        changes = [change for one in batches for change in one.changes]
        assert [(one.job_id, one.revision) for one in changes] == [("job-1", 2), ("job-2", 1)]
        assert [one.obstacle for one in changes] == [OBSTACLE_UNSPECIFIED, OBSTACLE_PAYLOAD_NOT_KEPT]
    assert [name for name, _ in service.asked] == ["retry", "republish", "purge"]


@pytest.mark.parametrize("rpc", ["RetryJobs", "RepublishJobs", "PurgeJobs"])
async def test_whoever_is_no_operator_is_refused(rpc: str) -> None:
    async def client_of(_: Context) -> Caller:
        return Caller("crm", is_operator=False)

    service = FakeBulkService()
    async with serving(bulk_service=service, caller_of=client_of) as client:
        call = getattr(client.admin, rpc)
        request = {"RetryJobs": RetryJobsRequest, "RepublishJobs": RepublishJobsRequest, "PurgeJobs": PurgeJobsRequest}
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await call(request[rpc](selection=BY_TASK)).read()
    assert refusal.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert service.asked == []


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (RetryJobsRequest(selection=JobSelection(job_ids=["\u00e4"])), "selection.job_ids"),
        (RetryJobsRequest(selection=JobSelection(request_ids=["r"] * 1001)), "selection.request_ids"),
        (RetryJobsRequest(selection=BY_TASK, jobs_per_second=-1), "jobs_per_second"),
        (RetryJobsRequest(selection=BY_TASK, jobs_per_second=float("nan")), "jobs_per_second"),
        (RetryJobsRequest(selection=BY_TASK, resume_token="t" * 2000), "resume_token"),
    ],
)
async def test_bad_fields_are_named(request_: RetryJobsRequest, field: str) -> None:
    async with serving() as client:
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await client.admin.RetryJobs(request_).read()
    assert info_of(status_of(refusal.value)).metadata["field"] == field


async def test_a_call_that_is_cancelled_ends_the_work() -> None:
    service = FakeBulkService(goes_on=True)
    async with serving(bulk_service=service) as client:
        call = client.admin.PurgeJobs(PurgeJobsRequest(selection=BY_TASK))
        first = await anext(aiter(call))
        call.cancel()
        await asyncio.wait_for(service.ended.wait(), DEADLINE_SECONDS)
    assert first.resume_token == "behind-job-1"


async def test_a_store_that_goes_away_is_said_after_what_was_done() -> None:
    service = FakeBulkService(error=StoreUnavailable())
    async with serving(bulk_service=service) as client:
        call = client.admin.RetryJobs(RetryJobsRequest(selection=BY_TASK))
        batches = aiter(call)
        first = await anext(batches)
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await anext(batches)
    assert first.resume_token == "behind-job-1"
    assert info_of(status_of(refusal.value)).reason == "STORE_UNAVAILABLE"

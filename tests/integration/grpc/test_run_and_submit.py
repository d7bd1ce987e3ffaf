"""RunJob and SubmitJob over a real channel: requests arrive whole, and errors arrive readable and in time."""

import asyncio
import contextlib

import grpc
import pytest
from llm_adapter.v1 import job_pb2
from llm_adapter.v1.job_service_pb2 import RunJobRequest, SubmitJobRequest
from structlog.testing import capture_logs

from adapter.domain.job import Job
from adapter.errors import (
    AdapterError,
    CallerDeadlineExceeded,
    InputInvalid,
    ModelUnavailable,
    OutputInvalid,
    Violation,
)
from adapter.inbound.grpc.answering import Context
from adapter.inbound.grpc.callers import metadata_of
from adapter.inbound.grpc.server import GrpcServerSettings
from adapter.outbound.metrics import Metrics
from adapter.service.api import Caller
from tests.integration.grpc.fakes import (
    DEADLINE_SECONDS,
    JOB,
    RUN,
    FakeJobService,
    serving,
    status_of,
    told,
    trailers_of,
)
from tests.unit.inbound_grpc.details import info_of, read


def raising(error: Exception) -> FakeJobService:
    async def fail(_: object) -> Job:
        raise error

    return FakeJobService(fail)


async def test_a_run_returns_the_job_and_says_its_id_in_the_trailers() -> None:
    service = FakeJobService()
    async with serving(service) as client:
        call = client.jobs.RunJob(RUN)
        job = (await call).job
        trailers = dict(await call.trailing_metadata())
    assert (job.job_id, job.result.content) == ("j-1", b'{"category":"BILLING"}')
    assert trailers["llm-job-id"] == "j-1"
    assert [request.request_id for request, _ in service.ran] == ["r-1"]


async def by_key(context: Context) -> Caller:
    return Caller(metadata_of(context)["x-api-key"])


async def test_the_client_is_named_by_the_metadata() -> None:
    service = FakeJobService()
    async with serving(service, caller_of=by_key) as client:
        await client.jobs.RunJob(RUN, metadata=(("x-api-key", "crm"),))
    assert [request.client for request, _ in service.ran] == ["crm"]


async def test_a_failed_run_is_an_error_with_readable_details() -> None:
    failure = OutputInvalid(violations=[Violation("/category", "enum", "must be known")], metadata={"job_id": "j-1"})
    async with serving(raising(failure)) as client:
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await client.jobs.RunJob(RUN)
    assert refusal.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    status = status_of(refusal.value)
    assert status.message == failure.message
    assert info_of(status).reason == "OUTPUT_INVALID"
    bad_request = read(status).bad_request
    assert bad_request is not None
    assert [violation.field for violation in bad_request.field_violations] == ["/category"]
    assert trailers_of(refusal.value)["llm-job-id"] == "j-1"


async def test_details_of_very_many_violations_still_arrive() -> None:
    violations = [Violation(f"/lines/{n}/betrag", "type", "must be a number, ä" * 5) for n in range(5000)]
    async with serving(raising(InputInvalid(violations=violations))) as client:
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await client.jobs.RunJob(RUN)
    assert info_of(status_of(refusal.value)).reason == "INPUT_INVALID"


async def test_a_retry_is_pushed_back() -> None:
    async with serving(raising(ModelUnavailable(retry_after_seconds=7))) as client:
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await client.jobs.RunJob(RUN)
    assert refusal.value.code() is grpc.StatusCode.UNAVAILABLE
    assert trailers_of(refusal.value)["grpc-retry-pushback-ms"] == "7000"


async def test_a_bad_request_never_reaches_the_service() -> None:
    service = FakeJobService()
    async with serving(service) as client:
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await client.jobs.RunJob(RunJobRequest(request_id="ü", payload=job_pb2.Payload()))
    bad_request = read(status_of(refusal.value)).bad_request
    assert bad_request is not None
    assert [violation.field for violation in bad_request.field_violations] == ["task", "request_id"]
    assert service.ran == []


async def test_a_bug_of_ours_is_internal_with_an_id_that_the_log_has() -> None:
    with capture_logs() as logs:
        async with serving(raising(KeyError("secret of the record"))) as client:
            with pytest.raises(grpc.aio.AioRpcError) as refusal:
                await client.jobs.RunJob(RUN)
    assert refusal.value.code() is grpc.StatusCode.INTERNAL
    assert "secret" not in repr(status_of(refusal.value))
    (event,) = [entry for entry in logs if entry["event"] == "internal_error"]
    assert info_of(status_of(refusal.value)).metadata["error_id"] == event["error_id"]
    assert str(event["error_id"]) in (refusal.value.details() or "")
    assert event["rpc"] == "RunJob"


async def test_the_answer_comes_before_the_callers_deadline() -> None:
    async def take_all_the_time(timeout_seconds: float) -> Job:
        try:
            async with asyncio.timeout(timeout_seconds):
                await asyncio.Event().wait()
        except TimeoutError:
            raise CallerDeadlineExceeded(metadata={"job_id": "j-1"}) from None
        return JOB

    service = FakeJobService(take_all_the_time)
    async with serving(service) as client:
        await client.channel.channel_ready()
        refusal = await told(lambda: client.jobs.RunJob(RUN, timeout=3.0))
    given = service.ran[-1][1]
    assert given is not None
    assert 0.6 < given < 2.8, "all the time but a margin"
    assert refusal.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert info_of(status_of(refusal)).metadata["job_id"] == "j-1"


@pytest.mark.parametrize("default", [None, 90.0])
async def test_a_run_without_a_deadline_waits_the_default(default: float | None) -> None:
    service = FakeJobService()
    settings = GrpcServerSettings(listen="127.0.0.1:0", default_timeout_seconds=default)
    async with serving(service, settings=settings) as client:
        await client.jobs.RunJob(RUN)
    assert [timeout for _, timeout in service.ran] == [default]


async def test_a_deadline_that_leaves_no_time_is_zero_and_not_less() -> None:
    service = FakeJobService()
    async with serving(service) as client, asyncio.timeout(DEADLINE_SECONDS):
        while not service.ran:
            with contextlib.suppress(grpc.aio.AioRpcError):  # a slow machine may not get it there in time
                await client.jobs.RunJob(RUN, timeout=0.25)
    assert {timeout for _, timeout in service.ran} == {0.0}


async def test_a_caller_that_goes_away_cancels_its_wait() -> None:
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def wait_for_ever(_: object) -> Job:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return JOB

    async with serving(FakeJobService(wait_for_ever)) as client, asyncio.timeout(DEADLINE_SECONDS):
        call = client.jobs.RunJob(RUN)
        await begun.wait()
        call.cancel()
        await cancelled.wait()


async def test_a_submit_that_hangs_is_answered_in_time_as_well() -> None:
    async def hang(_: object) -> Job:
        await asyncio.Event().wait()
        return JOB

    async with serving(FakeJobService(hang)) as client:
        message = SubmitJobRequest(task="t", payload=job_pb2.Payload(content=b"{}"))
        refusal = await told(lambda: client.jobs.SubmitJob(message, timeout=0.6))
    assert info_of(status_of(refusal)).reason == "DEADLINE_EXCEEDED"


async def test_a_submit_returns_the_stored_job() -> None:
    service = FakeJobService()
    async with serving(service) as client:
        reply_to = job_pb2.ReplyTo(routing_key="crm.replies")
        message = SubmitJobRequest(task="t", payload=job_pb2.Payload(content=b"{}"), reply_to=reply_to)
        assert (await client.jobs.SubmitJob(message)).job.job_id == "j-1"
    ((request, _),) = service.ran
    assert request.reply_to is not None
    assert request.reply_to.routing_key == "crm.replies"


async def test_a_burst_of_calls_is_served_and_none_is_cancelled() -> None:
    everybody = asyncio.Event()
    count = 3000
    arrived = 0

    async def wait_for_everybody(_: object) -> Job:
        nonlocal arrived
        arrived += 1
        if arrived == count:
            everybody.set()
        await everybody.wait()
        return JOB

    async with serving(FakeJobService(wait_for_everybody)) as client:
        answers = await asyncio.gather(*(client.jobs.RunJob(RUN, timeout=90) for _ in range(count)))
    assert len(answers) == count


@pytest.mark.parametrize(("error", "count"), [(ModelUnavailable(), 1.0), (OutputInvalid(), None)])
async def test_only_what_records_nothing_counts_as_refused(error: AdapterError, count: float | None) -> None:
    metrics = Metrics()
    async with serving(raising(error), observer=metrics) as client:
        with pytest.raises(grpc.aio.AioRpcError):
            await client.jobs.RunJob(RUN)
    labels = {"reason": error.reason, "face": "grpc"}
    assert metrics.registry.get_sample_value("adapter_requests_refused_total", labels) == count

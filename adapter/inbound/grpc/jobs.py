"""JobService: running, submitting, watching and finding jobs."""

from collections.abc import AsyncIterator

from llm_adapter.v1 import job_pb2, job_service_pb2, job_service_pb2_grpc

from adapter.domain.job import Job
from adapter.inbound.grpc import from_proto
from adapter.inbound.grpc.answering import Answering, Context, each_in_time, in_time, seconds_left
from adapter.inbound.grpc.callers import CallerOf, anonymous, metadata_of
from adapter.inbound.grpc.errors import job_id_trailer
from adapter.inbound.grpc.to_proto import job_message, progress_message
from adapter.ports import JobFilter, Observer
from adapter.service.api import Caller, JobService, Progress

# A page stays below the 4 MiB that clients receive by default.
PAGE_BYTES = 3 * 1024 * 1024


class JobServicer(job_service_pb2_grpc.JobServiceServicer):
    """Translates calls into use cases of the job service."""

    def __init__(
        self,
        service: JobService,
        *,
        caller_of: CallerOf = anonymous,
        default_timeout_seconds: float | None = None,
        observer: Observer | None = None,
    ) -> None:
        """A RunJob without a deadline waits at most default_timeout_seconds; None = as long as the job takes."""
        self._service = service
        self._caller_of = caller_of
        self._default_timeout_seconds = default_timeout_seconds
        self._observer = observer

    async def RunJob(self, request: job_service_pb2.RunJobRequest, context: Context) -> job_service_pb2.RunJobResponse:
        """Run and wait."""
        async with Answering(context, "RunJob", self._observer):
            caller = await self._caller_of(context)
            wanted = from_proto.run_request(request, caller.client, metadata_of(context))
            left = seconds_left(context)
            timeout_seconds = self._default_timeout_seconds if left is None else left
            job = await self._service.run(wanted, timeout_seconds=timeout_seconds)
            return job_service_pb2.RunJobResponse(job=_shown(context, job))

    async def SubmitJob(
        self, request: job_service_pb2.SubmitJobRequest, context: Context
    ) -> job_service_pb2.SubmitJobResponse:
        """Check and store."""
        async with Answering(context, "SubmitJob", self._observer):
            caller = await self._caller_of(context)
            wanted = from_proto.submit_request(request, caller.client, metadata_of(context))
            job = await in_time(context, self._service.submit(wanted))
            return job_service_pb2.SubmitJobResponse(job=_shown(context, job))

    async def GetJob(self, request: job_service_pb2.GetJobRequest, context: Context) -> job_service_pb2.GetJobResponse:
        """Look up."""
        async with Answering(context, "GetJob"):
            caller = await self._caller_of(context)
            job_id, request_id = from_proto.job_key(request)
            found = self._service.get(caller, job_id=job_id, request_id=request_id)
            return job_service_pb2.GetJobResponse(job=_shown(context, await in_time(context, found, job_id=job_id)))

    async def WatchJob(
        self, request: job_service_pb2.WatchJobRequest, context: Context
    ) -> AsyncIterator[job_service_pb2.WatchJobResponse]:
        """Stream until the outcome."""
        async with Answering(context, "WatchJob"):
            caller = await self._caller_of(context)
            job_id, request_id = from_proto.job_key(request)
            events = self._service.watch(caller, job_id=job_id, request_id=request_id)
            async for event in each_in_time(context, events):
                if isinstance(event, Progress):
                    yield job_service_pb2.WatchJobResponse(progress=progress_message(event))
                else:
                    yield job_service_pb2.WatchJobResponse(job=_shown(context, event))

    async def ListJobs(
        self, request: job_service_pb2.ListJobsRequest, context: Context
    ) -> job_service_pb2.ListJobsResponse:
        """List a page."""
        async with Answering(context, "ListJobs"):
            caller = await self._caller_of(context)
            selection = from_proto.job_filter(request)
            page_size, page_token = from_proto.page(request.page_size, request.page_token)
            return await in_time(context, self._page(caller, selection, page_size, page_token))

    async def CancelJob(
        self, request: job_service_pb2.CancelJobRequest, context: Context
    ) -> job_service_pb2.CancelJobResponse:
        """Stop."""
        async with Answering(context, "CancelJob"):
            caller = await self._caller_of(context)
            job_id, request_id = from_proto.job_key(request)
            ended = self._service.cancel(
                caller, job_id=job_id, request_id=request_id, allow_missing=request.allow_missing
            )
            return job_service_pb2.CancelJobResponse(job=_shown(context, await in_time(context, ended, job_id=job_id)))

    async def _page(
        self, caller: Caller, selection: JobFilter, page_size: int, page_token: str
    ) -> job_service_pb2.ListJobsResponse:
        """Return a page that is not too large to receive: while it is, half as many jobs."""
        while True:
            jobs, token = await self._service.list(caller, selection, page_size=page_size, page_token=page_token)
            answer = job_service_pb2.ListJobsResponse(jobs=[job_message(job) for job in jobs], next_page_token=token)
            if answer.ByteSize() <= PAGE_BYTES or page_size == 1:
                return answer
            page_size //= 2


def _shown(context: Context, job: Job) -> job_pb2.Job:
    """Return the job as a message, and say its id in the trailers."""
    context.set_trailing_metadata(job_id_trailer(job.job_id))
    return job_message(job)

"""A fake adapter on a real gRPC port: answers as the test says, and remembers what it was asked."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import TracebackType
from typing import Any, NoReturn, Self, cast

import grpc

from llm_adapter.errors import Violation
from llm_adapter.job import Verdict
from llm_adapter.reasons import Reason
from llm_adapter.testing.fake_jobs import EndedInError, FakeJob, FakeJobs, Received, outcome_of
from llm_adapter.testing.listing import page_of
from llm_adapter.testing.script import Failure, Step, content_of, findings_of
from llm_adapter.v1 import job_pb2, job_service_pb2, job_service_pb2_grpc

_THREADS = 16
# As the adapter, so that DEADLINE_EXCEEDED comes with its reason.
_MARGIN_SECONDS = 0.1


class FakeAdapter:
    """Scripted by task: each answer, review or fail adds a step; each new request takes the next, the last one stays.

    A request id that was seen before gets the outcome that it had, without a step.
    """

    def __init__(self, credentials: grpc.ServerCredentials | None = None) -> None:
        """Begin without a script: every task is TASK_NOT_FOUND. With credentials it speaks TLS."""
        self.received: list[Received] = []
        """Every call, in order."""
        self._jobs = FakeJobs()
        self._server = grpc.server(ThreadPoolExecutor(_THREADS))
        servicer = _JobServicer(self._jobs, self.received.append)
        job_service_pb2_grpc.add_JobServiceServicer_to_server(servicer, self._server)
        self._port = (
            self._server.add_insecure_port("127.0.0.1:0")
            if credentials is None
            else self._server.add_secure_port("127.0.0.1:0", credentials)
        )

    @property
    def address(self) -> str:
        """Where it listens, once it is started: host:port."""
        return f"127.0.0.1:{self._port}"

    @property
    def requests(self) -> Sequence[Received]:
        """Those calls that brought a record: RunJob and SubmitJob, retries and repeats included."""
        return [one for one in self.received if one.task]

    def answer(
        self, task: str, document: object, *, verdict: Verdict = Verdict.ACCEPTED, delay_seconds: float = 0.0
    ) -> None:
        """Let a request of the task succeed with a document: bytes as they are, anything else as JSON."""
        self._jobs.script(task, Step(content_of(document), verdict, delay_seconds=delay_seconds))

    def review(
        self, task: str, document: object, *, findings: Mapping[str, str] | None = None, delay_seconds: float = 0.0
    ) -> None:
        """Let a request succeed with a document that a person has to look at; findings: message by code."""
        found = findings_of({"FAKE_REVIEW": "The test asked for a review."} if findings is None else findings)
        step = Step(content_of(document), Verdict.NEEDS_REVIEW, found, delay_seconds=delay_seconds)
        self._jobs.script(task, step)

    def fail(
        self,
        task: str,
        reason: Reason,
        message: str = "The test asked for this failure.",
        *,
        violations: Sequence[Violation] = (),
        pushback_seconds: float | None = None,
        delay_seconds: float = 0.0,
    ) -> None:
        """Let a request end with a reason. One that the adapter does not record leaves no job, and may come again."""
        failure = Failure(reason, message, tuple(violations), pushback_seconds)
        self._jobs.script(task, Step(failure=failure, delay_seconds=delay_seconds))

    def start(self) -> None:
        """Take calls."""
        self._server.start()

    def stop(self) -> None:
        """End at once; calls that wait are cut off, as by a crash."""
        self._server.stop(None).wait()

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        self.stop()


class _JobServicer(job_service_pb2_grpc.JobServiceServicer):
    def __init__(self, jobs: FakeJobs, record: Callable[[Received], None]) -> None:
        self._jobs = jobs
        self._record = record

    def RunJob(self, request: job_service_pb2.RunJobRequest, context: Any) -> job_service_pb2.RunJobResponse:
        """Wait for the outcome."""
        with self._answering("RunJob", context, request):
            job = self._jobs.accept(request)
            self._jobs.wait_for_end(job, _seconds_left(context))
            done = outcome_of(job, accept_review=request.options.accept_review)
            return job_service_pb2.RunJobResponse(job=_shown(context, done))

    def SubmitJob(self, request: job_service_pb2.SubmitJobRequest, context: Any) -> job_service_pb2.SubmitJobResponse:
        """Store."""
        with self._answering("SubmitJob", context, request):
            job = self._jobs.accept(request)
            failure = job.step.failure
            if failure is not None and not failure.reason.is_recorded:
                raise EndedInError(failure)
            return job_service_pb2.SubmitJobResponse(job=_shown(context, job.as_it_stands()))

    def GetJob(self, request: job_service_pb2.GetJobRequest, context: Any) -> job_service_pb2.GetJobResponse:
        """Look up."""
        with self._answering("GetJob", context):
            return job_service_pb2.GetJobResponse(job=_shown(context, self._found(request).as_it_stands()))

    def WatchJob(
        self, request: job_service_pb2.WatchJobRequest, context: Any
    ) -> Iterator[job_service_pb2.WatchJobResponse]:
        """Tell that it runs, and how it ends."""
        with self._answering("WatchJob", context):
            job = self._found(request)
            if not job.has_ended:
                yield job_service_pb2.WatchJobResponse(job=job.as_it_stands())
                started = job_pb2.Progress(job_id=job.message.job_id, kind=job_pb2.PROGRESS_KIND_CALL_STARTED)
                yield job_service_pb2.WatchJobResponse(progress=started)
                self._jobs.wait_for_end(job, _seconds_left(context))
            yield job_service_pb2.WatchJobResponse(job=_shown(context, job.as_it_stands()))

    def ListJobs(self, request: job_service_pb2.ListJobsRequest, context: Any) -> job_service_pb2.ListJobsResponse:
        """List a page."""
        with self._answering("ListJobs", context):
            return page_of(self._jobs.newest_first(), request)

    def CancelJob(self, request: job_service_pb2.CancelJobRequest, context: Any) -> job_service_pb2.CancelJobResponse:
        """Stop."""
        with self._answering("CancelJob", context):
            may_be_missing = request.allow_missing and request.request_id
            job = self._jobs.cancel_unseen(request.request_id) if may_be_missing else self._found(request)
            self._jobs.cancel(job)
            return job_service_pb2.CancelJobResponse(job=_shown(context, job.as_it_stands()))

    def _found(self, request: Any) -> FakeJob:
        return self._jobs.find(request.job_id, request.request_id)

    @contextmanager
    def _answering(self, rpc: str, context: Any, request: Any = None) -> Iterator[None]:
        metadata = {key: value for key, value in context.invocation_metadata() if isinstance(value, str)}
        self._record(_received(rpc, metadata, request))
        try:
            yield
        except EndedInError as exc:
            _abort(context, exc)


def _received(rpc: str, metadata: Mapping[str, str], request: Any) -> Received:
    if request is None:
        return Received(rpc, metadata)
    payload = request.payload
    labels = dict(request.labels)
    return Received(rpc, metadata, request.task, request.request_id, payload.content, payload.content_type, labels)


def _abort(context: Any, error: EndedInError) -> NoReturn:
    # Not a grpc.Status by inheritance, which would ask for a class of its own: it has what is read of one.
    context.abort_with_status(cast("grpc.Status", error.ending))
    raise AssertionError("abort_with_status raises")


def _shown(context: Any, job: job_pb2.Job) -> job_pb2.Job:
    context.set_trailing_metadata((("llm-job-id", job.job_id),))
    return job


def _seconds_left(context: Any) -> float | None:
    remaining = context.time_remaining()
    return None if remaining is None else max(0.0, remaining - _MARGIN_SECONDS)

"""The jobs of a fake adapter: what came in, what the script says of it, and where each job stands by the clock."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import uuid4

from llm_adapter.job import Verdict
from llm_adapter.reasons import Reason
from llm_adapter.testing.script import Ending, Failure, Step, ending_of, job_error
from llm_adapter.v1 import job_pb2, job_service_pb2

Request = job_service_pb2.RunJobRequest | job_service_pb2.SubmitJobRequest
_CANCELLED = Failure(Reason.CANCELLED, "Somebody cancelled the job.")


@dataclass(frozen=True, slots=True)
class Received:
    """One call as the fake adapter got it; for RunJob and SubmitJob with the parts of its request."""

    rpc: str
    metadata: Mapping[str, str]
    task: str = ""
    request_id: str = ""
    payload: bytes = field(default=b"", repr=False)
    content_type: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


class EndedInError(Exception):
    """A call ends so."""

    def __init__(self, failure: Failure, job_id: str = "") -> None:
        super().__init__(failure.reason)
        self.ending: Ending = ending_of(failure, job_id)


@dataclass(slots=True)
class FakeJob:
    """One job: what it is, and how and when it ends."""

    message: job_pb2.Job
    request: Request | None
    """None: it was cancelled before it came, and matches any content."""
    step: Step
    ends_at: float
    """Monotonic seconds."""

    @property
    def has_ended(self) -> bool:
        """True once its time has come."""
        return time.monotonic() >= self.ends_at

    def as_it_stands(self) -> job_pb2.Job:
        """Return the job of this moment."""
        job = job_pb2.Job()
        job.CopyFrom(self.message)
        if not self.has_ended:
            job.state = job_pb2.STATE_RUNNING
            return job
        job.finish_time.GetCurrentTime()
        failure = self.step.failure
        if failure is not None:
            job.state = job_pb2.STATE_CANCELLED if failure is _CANCELLED else job_pb2.STATE_FAILED
            job.error.CopyFrom(job_error(failure))
            return job
        job.state = job_pb2.STATE_SUCCEEDED
        job.result.content = self.step.content
        job.result.content_type = "application/json"
        job.result.verdict = job_pb2.Verdict.Value(f"VERDICT_{self.step.verdict}")
        job.result.findings.extend(self.step.findings)
        return job


class FakeJobs:
    """All jobs of one fake adapter, and the script by task. Safe to use from many threads."""

    def __init__(self) -> None:
        """Begin without jobs and without a script."""
        self.change = threading.Condition()
        self._scripts: dict[str, list[Step]] = {}
        self._jobs: dict[str, FakeJob] = {}
        self._by_request: dict[str, FakeJob] = {}

    def script(self, task: str, step: Step) -> None:
        """Add a step to the script of a task."""
        with self.change:
            self._scripts.setdefault(task, []).append(step)

    def accept(self, request: Request) -> FakeJob:
        """Return the job of a request: the one it had before, or a new one. Raises EndedInError."""
        with self.change:
            known = self._by_request.get(request.request_id) if request.request_id else None
            if known is None:
                return self._new(request)
            if known.request is not None and _content(known.request) != _content(request):
                raise EndedInError(
                    Failure(Reason.REQUEST_ID_REUSED, "The request id came before with other content."),
                    known.message.job_id,
                )
            return known

    def _new(self, request: Request) -> FakeJob:
        step = self._next_step(request.task.partition("@")[0])
        ends_at = time.monotonic() + step.delay_seconds
        message = job_pb2.Job(
            job_id=str(uuid4()),
            request_id=request.request_id,
            client="default",
            task=request.task.partition("@")[0],
            task_version="1.0.0",
            revision=1,
            labels=request.labels,
        )
        message.create_time.GetCurrentTime()
        job = FakeJob(message, request, step, ends_at)
        if step.failure is None or step.failure.reason.is_recorded:
            self._jobs[message.job_id] = job
            if request.request_id:
                self._by_request[request.request_id] = job
        return job

    def _next_step(self, task: str) -> Step:
        script = self._scripts.get(task)
        if not script:
            message = f"The test says nothing about {task}: call answer, review or fail of the fake adapter first."
            raise EndedInError(Failure(Reason.TASK_NOT_FOUND, message))
        return script[0] if len(script) == 1 else script.pop(0)

    def find(self, job_id: str, request_id: str) -> FakeJob:
        """Return a job. Raises EndedInError: JOB_NOT_FOUND."""
        with self.change:
            job = self._jobs.get(job_id) if job_id else self._by_request.get(request_id)
        if job is None:
            raise EndedInError(Failure(Reason.JOB_NOT_FOUND, "There is no such job."))
        return job

    def cancel_unseen(self, request_id: str) -> FakeJob:
        """Cancel a request that has not come yet; if it has, return its job as it is."""
        with self.change:
            known = self._by_request.get(request_id)
            if known is not None:
                return known
            message = job_pb2.Job(job_id=str(uuid4()), request_id=request_id, client="default", revision=1)
            message.create_time.GetCurrentTime()
            job = FakeJob(message, None, Step(failure=_CANCELLED), time.monotonic())
            self._jobs[message.job_id] = self._by_request[request_id] = job
            return job

    def cancel(self, job: FakeJob) -> None:
        """End a job that has not ended."""
        with self.change:
            if not job.has_ended:
                job.step, job.ends_at = Step(failure=_CANCELLED), time.monotonic()
            self.change.notify_all()

    def newest_first(self) -> list[job_pb2.Job]:
        """All jobs as they stand."""
        with self.change:
            return [job.as_it_stands() for job in reversed(self._jobs.values())]

    def wait_for_end(self, job: FakeJob, timeout_seconds: float | None) -> None:
        """Wait until a job has ended. Raises EndedInError: DEADLINE_EXCEEDED."""
        until = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        with self.change:
            while not job.has_ended:
                wake_at = job.ends_at if until is None else min(until, job.ends_at)
                self.change.wait(max(0.0, wake_at - time.monotonic()))
                if until is not None and time.monotonic() >= until and not job.has_ended:
                    failure = Failure(Reason.DEADLINE_EXCEEDED, "The caller's time is over; the job goes on.")
                    raise EndedInError(failure, job.message.job_id)


def outcome_of(job: FakeJob, *, accept_review: bool) -> job_pb2.Job:
    """Return the job that SUCCEEDED. Raises EndedInError for any other end, as RunJob does."""
    failure = job.step.failure
    if failure is None and job.step.verdict is Verdict.NEEDS_REVIEW and not accept_review:
        failure = Failure(Reason.REVIEW_NEEDED, "A person has to look at the document before it is used.")
    if failure is not None:
        is_known = failure.reason.is_recorded
        raise EndedInError(failure, job.message.job_id if is_known else "")
    return job.as_it_stands()


def _content(request: Request) -> tuple[str, bytes]:
    return request.task.partition("@")[0], request.payload.content

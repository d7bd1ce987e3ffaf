"""What each method sends and how its answer is read: written once, for the synchronous and the asynchronous client."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from inspect import Parameter, Signature
from typing import Any, Generic, TypeVar, get_args
from uuid import uuid4

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from llm_adapter.job import Job, JobPage, Progress, State, Verdict
from llm_adapter.v1 import job_pb2, job_service_pb2

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Call(Generic[T_co]):
    """One logical call: however often it is sent, it is the same request."""

    rpc: str
    request: Message = field(repr=False)
    read: Callable[[Any], T_co]
    timeout_seconds: float | None = None
    """Deadline, retries included; None: the client's."""
    request_id: str = ""


def method_signature(plan: Callable[..., Call[Any]]) -> Signature:
    """Signature of the method that sends a call: as the call's own, with self, and what comes back."""
    signature = inspect.signature(plan)
    myself = Parameter("self", Parameter.POSITIONAL_ONLY)
    (answer,) = get_args(signature.return_annotation)
    return signature.replace(parameters=[myself, *signature.parameters.values()], return_annotation=answer)


@dataclass(frozen=True, slots=True)
class ReplyTo:
    """Where the result of a submitted job goes: a queue by its name, or an exchange with a routing key."""

    routing_key: str
    exchange: str = ""


def run(
    task: str,
    payload: bytes,
    *,
    content_type: str = "",
    charset: str = "",
    request_id: str = "",
    model: str = "",
    accept_review: bool = False,
    labels: Mapping[str, str] | None = None,
    timeout_seconds: float | None = None,
) -> Call[Job]:
    """Run a task for one request, wait for its outcome, and return the job that SUCCEEDED.

    Args:
        task: "classify-ticket", "classify-ticket@1" or "classify-ticket@1.2.0".
        payload: the record, exactly as the legacy system writes it; at most 8 MiB.
        content_type: for example "text/xml". Default: the format that the task assumes.
        charset: for example "windows-1252". Default: see docs/records.md.
        request_id: idempotency key of 1 to 200 printable ASCII characters. Default: one is made, and kept for retries.
        model: must be in the task's model.use or model.allow. Default: the task decides.
        accept_review: return a document that a person has to look at. Default: it is an error, REVIEW_NEEDED.
        labels: the caller's own words for the job. Default: none.
        timeout_seconds: how long to wait. Default: the client's. The job itself goes on.

    Raises:
        AdapterError: the job failed, or there is none.
    """
    request_id = request_id or str(uuid4())
    request = job_service_pb2.RunJobRequest(
        task=task,
        request_id=request_id,
        payload=job_pb2.Payload(content=payload, content_type=content_type, charset=charset),
        options=job_pb2.JobOptions(model=model, accept_review=accept_review),
        labels=dict(labels or {}),
    )
    return Call("RunJob", request, lambda answer: Job(answer.job, accept_review), timeout_seconds, request_id)


def submit(
    task: str,
    payload: bytes,
    *,
    content_type: str = "",
    charset: str = "",
    request_id: str = "",
    model: str = "",
    labels: Mapping[str, str] | None = None,
    reply_to: ReplyTo | None = None,
    correlation_id: str = "",
    deadline: datetime | None = None,
    timeout_seconds: float | None = None,
) -> Call[Job]:
    """Have a request checked and stored, and return its job; what was stored survives a crash of the adapter.

    Args:
        task: as for run.
        payload: as for run.
        content_type: as for run.
        charset: as for run.
        request_id: as for run.
        model: as for run.
        labels: as for run.
        reply_to: where the result goes by queue. Default: the result exchange.
        correlation_id: echoed on that result. Default: the request id.
        deadline: after this time the request ends as REQUEST_EXPIRED; with a time zone. Default: never.
        timeout_seconds: of this call, not of the job. Default: the client's.

    Raises:
        AdapterError: nothing was stored.
    """
    request_id = request_id or str(uuid4())
    request = job_service_pb2.SubmitJobRequest(
        task=task,
        request_id=request_id,
        payload=job_pb2.Payload(content=payload, content_type=content_type, charset=charset),
        options=job_pb2.JobOptions(model=model),
        labels=dict(labels or {}),
        reply_to=job_pb2.ReplyTo(exchange=reply_to.exchange, routing_key=reply_to.routing_key) if reply_to else None,
        correlation_id=correlation_id,
        deadline=_timestamp(deadline),
    )
    return Call("SubmitJob", request, _job, timeout_seconds, request_id)


def get(job_id: str = "", *, request_id: str = "", timeout_seconds: float | None = None) -> Call[Job]:
    """Return a job by its id or by the request's; one that failed is returned, too.

    Raises:
        AdapterError: JOB_NOT_FOUND, also for a request that is still in a queue of the broker.
    """
    request = job_service_pb2.GetJobRequest(**_key(job_id, request_id))
    return Call("GetJob", request, _job, timeout_seconds, request_id)


def watch(job_id: str = "", *, request_id: str = "", timeout_seconds: float | None = None) -> Call[Job | Progress]:
    """Follow a job: yields the job at each change of its state, its progress in between, and last its outcome.

    A lost connection is taken up again; the job as it stands is then yielded once more.

    Raises:
        AdapterError: JOB_NOT_FOUND; DEADLINE_EXCEEDED when the time is over before the job is.
    """
    request = job_service_pb2.WatchJobRequest(**_key(job_id, request_id))
    return Call("WatchJob", request, _event, timeout_seconds, request_id)


def list_jobs(
    task: str = "",
    *,
    states: Sequence[State] = (),
    verdict: Verdict | None = None,
    reason: str = "",
    client: str = "",
    labels: Mapping[str, str] | None = None,
    created_from: datetime | None = None,
    created_before: datetime | None = None,
    page_size: int = 0,
    page_token: str = "",
    timeout_seconds: float | None = None,
) -> Call[JobPage]:
    """Return one page of jobs, newest first; what is given must all hold.

    Args:
        task: name without a version.
        states: any of these.
        verdict: of the document.
        reason: of the error.
        client: of whom; only operators see the jobs of others.
        labels: all of these.
        created_from: at this time or later; with a time zone.
        created_before: before this time; with a time zone.
        page_size: at most so many, up to 200. Default: 50.
        page_token: next_page_token of the page before. Default: the first page.
        timeout_seconds: Default: the client's.

    Raises:
        AdapterError: the question was refused.
    """
    request = job_service_pb2.ListJobsRequest(
        task=task,
        states=[job_pb2.State.Value(f"STATE_{state}") for state in states],
        verdict=job_pb2.Verdict.Value(f"VERDICT_{verdict or Verdict.UNSPECIFIED}"),
        reason=reason,
        client=client,
        labels=dict(labels or {}),
        created_from=_timestamp(created_from),
        created_before=_timestamp(created_before),
        page_size=page_size,
        page_token=page_token,
    )
    return Call("ListJobs", request, _page, timeout_seconds)


def cancel(
    job_id: str = "", *, request_id: str = "", allow_missing: bool = False, timeout_seconds: float | None = None
) -> Call[Job]:
    """Stop a job and its model call, wherever it runs, and return it as it stands; an outcome that is stored wins.

    With allow_missing a request that has not arrived yet is cancelled by its id.

    Raises:
        AdapterError: JOB_NOT_FOUND.
    """
    request = job_service_pb2.CancelJobRequest(allow_missing=allow_missing, **_key(job_id, request_id))
    return Call("CancelJob", request, _job, timeout_seconds, request_id)


def _key(job_id: str, request_id: str) -> dict[str, str]:
    if bool(job_id) == bool(request_id):
        raise ValueError("name the job by its job_id or by its request_id: one of them")
    return {"job_id": job_id} if job_id else {"request_id": request_id}


def _timestamp(time: datetime | None) -> Timestamp | None:
    if time is None:
        return None
    if time.tzinfo is None:
        raise ValueError("a time without a time zone could be anywhere: use datetime.now(UTC) or .astimezone()")
    timestamp = Timestamp()
    timestamp.FromDatetime(time)
    return timestamp


def _job(answer: Any) -> Job:
    return Job(answer.job)


def _page(answer: job_service_pb2.ListJobsResponse) -> JobPage:
    return JobPage(tuple(Job(job) for job in answer.jobs), answer.next_page_token)


def _event(event: job_service_pb2.WatchJobResponse) -> Job | Progress:
    return Job(event.job) if event.HasField("job") else Progress.of(event.progress)

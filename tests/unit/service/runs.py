"""What tests of runs are made of."""

from adapter.domain.job import Job, JobRequest, Origin, Route, State
from adapter.domain.message import OutgoingMessage, Properties, Publication, ReceivedMessage
from adapter.domain.payload import Payload
from adapter.ports import Claim, NewJob
from adapter.service.live_runs import LiveRun
from tests.kit.virtual_time import VirtualClock

ROUTE = Route("", "crm.replies", "corr-1")


def new_job(origin: Origin = Origin.RUN, job_id: str = "job-1") -> NewJob:
    return NewJob(job_id, "crm", "r-1", "hash", origin, "classify-ticket", "classify-ticket")


def claim(origin: Origin = Origin.RUN, job_id: str = "job-1") -> Claim:
    job = Job(job_id, "r-1", "crm", "classify-ticket", "", "", State.RUNNING, 1, VirtualClock.noon)
    return Claim(job, token=1, claims=1, new=new_job(origin, job_id))


def request(**changes: object) -> JobRequest:
    return JobRequest(client="crm", task="classify-ticket", payload=Payload(b"{}"), request_id="r-1", **changes)  # type: ignore[arg-type]  # tests name fields freely


def live_run(origin: Origin = Origin.RUN, job_id: str = "job-1") -> LiveRun:
    return LiveRun(claim(origin, job_id), request(), routes=(ROUTE,))


def message(body: bytes = b"{}", **properties: object) -> ReceivedMessage:
    return ReceivedMessage(
        body,
        Properties(**properties),  # type: ignore[arg-type]  # tests name fields freely
        "adapter.requests",
        "classify-ticket",
        "adapter.requests.classify-ticket",
    )


def ticket(job_id: str = "job-1") -> Publication:
    return Publication("t-1", job_id, OutgoingMessage("adapter.requests", "classify-ticket", b"", Properties()))

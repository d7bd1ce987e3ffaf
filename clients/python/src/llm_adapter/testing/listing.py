"""Pages of the jobs of a fake adapter, filtered as ListJobs says."""

from collections.abc import Sequence

from llm_adapter.v1 import job_pb2, job_service_pb2

_DEFAULT_PAGE_SIZE = 50
_MOST_PAGE_SIZE = 200


def page_of(jobs: Sequence[job_pb2.Job], request: job_service_pb2.ListJobsRequest) -> job_service_pb2.ListJobsResponse:
    """Return a page; its token is how many jobs came before."""
    wanted = [job for job in jobs if _is_wanted(job, request)]
    begin = int(request.page_token or 0)
    end = begin + min(request.page_size or _DEFAULT_PAGE_SIZE, _MOST_PAGE_SIZE)
    token = str(end) if end < len(wanted) else ""
    return job_service_pb2.ListJobsResponse(jobs=wanted[begin:end], next_page_token=token)


def _is_wanted(job: job_pb2.Job, request: job_service_pb2.ListJobsRequest) -> bool:
    return all(
        (
            not request.task or job.task == request.task,
            not request.states or job.state in request.states,
            not request.verdict or job.result.verdict == request.verdict,
            not request.reason or job.error.reason == request.reason,
            not request.client or job.client == request.client,
            all(job.labels.get(name) == value for name, value in request.labels.items()),
            not request.HasField("created_from") or _nanos(job) >= request.created_from.ToNanoseconds(),
            not request.HasField("created_before") or _nanos(job) < request.created_before.ToNanoseconds(),
        )
    )


def _nanos(job: job_pb2.Job) -> int:
    return job.create_time.ToNanoseconds()

"""Bulk operations of operators: which jobs are asked for, and what became of each."""

from types import MappingProxyType

from llm_adapter.v1 import admin_service_pb2

from adapter.inbound.grpc import from_proto
from adapter.inbound.grpc.checks import Checks
from adapter.inbound.grpc.enums import STATES
from adapter.inbound.grpc.text import foreign_text
from adapter.ports.operators import Obstacle, Selection
from adapter.service.api import Caller
from adapter.service.bulk import Bulk, ChangedJob

BulkRequest = (
    admin_service_pb2.RetryJobsRequest | admin_service_pb2.RepublishJobsRequest | admin_service_pb2.PurgeJobsRequest
)

MAX_IDS = 1000
MAX_JOBS_PER_SECOND = 100_000.0
OBSTACLES = MappingProxyType({one: admin_service_pb2.Obstacle.Value(f"OBSTACLE_{one}") for one in Obstacle})


def bulk(request: BulkRequest, caller: Caller) -> Bulk:
    """Return what is asked for. Raises InvalidRequest."""
    checks = Checks()
    chosen = request.selection
    for field, ids in (("selection.job_ids", chosen.job_ids), ("selection.request_ids", chosen.request_ids)):
        if len(ids) > MAX_IDS:
            checks.broken(field, "max_entries", f"must have at most {MAX_IDS} entries")
        for one in ids:
            checks.identifier(field, one)
    if not 0 <= request.jobs_per_second <= MAX_JOBS_PER_SECOND:
        checks.broken("jobs_per_second", "range", f"must be 0 to {MAX_JOBS_PER_SECOND:g}")
    checks.short("resume_token", request.resume_token, from_proto.MAX_PAGE_TOKEN_BYTES)
    checks.finish()
    selection = Selection(from_proto.job_filter(chosen), tuple(chosen.job_ids), tuple(chosen.request_ids))
    return Bulk(selection, caller.client, request.dry_run, request.jobs_per_second, request.resume_token)


def change_message(changed: ChangedJob) -> admin_service_pb2.JobChange:
    """Return what became of a job."""
    job = changed.job
    return admin_service_pb2.JobChange(
        job_id=job.job_id,
        request_id=foreign_text(job.request_id),
        client=foreign_text(job.client),
        task=foreign_text(job.task),
        state=STATES[job.state],
        revision=changed.revision,
        obstacle=admin_service_pb2.OBSTACLE_UNSPECIFIED if changed.obstacle is None else OBSTACLES[changed.obstacle],
    )

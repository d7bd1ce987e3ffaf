"""What is told of a run while it is worked on: its span, the ids on its log lines, and the line of its end."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from adapter.domain.job import Job
from adapter.domain.trace import TraceContext
from adapter.ports import Attributes, Claim, Span, Tracer

log = structlog.get_logger()


@contextmanager
def job_span(tracer: Tracer, claim: Claim) -> Iterator[Span]:
    """Work on a job within a span. Its log lines carry job_id, and trace_id where the request was part of a trace."""
    new = claim.new
    trace = TraceContext(new.traceparent, new.tracestate)
    # Never taken back: the run is a task of its own.
    structlog.contextvars.bind_contextvars(job_id=claim.job.job_id)
    if trace.trace_id:
        structlog.contextvars.bind_contextvars(trace_id=trace.trace_id)
    attributes: Attributes = {
        "llm_adapter.job_id": claim.job.job_id,
        "llm_adapter.client": new.client,
        "llm_adapter.task": new.task,
        "llm_adapter.task_version": new.task_version,
        "llm_adapter.origin": new.origin.value,
        "llm_adapter.claims": claim.claims,
    }
    with tracer.span(f"job {new.task}", attributes=attributes, parent=trace) as span:
        yield span


def tell_end(span: Span, job: Job, claim: Claim) -> None:
    """Note and log the outcome."""
    usage = job.usage
    reason = job.error.reason if job.error else ""
    verdict = job.result.verdict.value if job.result else ""
    span.note({"llm_adapter.state": job.state.value, "llm_adapter.model_calls": usage.model_calls})
    if verdict:
        span.note({"llm_adapter.verdict": verdict})
    if reason:
        span.failed(reason)
    log.info(
        "job_finished",
        job_id=job.job_id,
        task=job.task,
        state=job.state.value,
        reason=reason,
        verdict=verdict,
        model_calls=usage.model_calls,
        model_seconds=round(usage.model_seconds, 3),
        overhead_seconds=round(usage.overhead_seconds, 4),
        claims=claim.claims,
        origin=claim.new.origin.value,
    )

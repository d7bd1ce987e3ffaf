"""What a fake adapter is told to answer, and how that becomes the end of a job or of a call."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2

from llm_adapter.errors import DOMAIN, Violation
from llm_adapter.job import Verdict
from llm_adapter.reasons import Reason
from llm_adapter.v1 import job_pb2


@dataclass(frozen=True, slots=True)
class Failure:
    """An error with its reason."""

    reason: Reason
    message: str
    violations: Sequence[Violation] = ()
    pushback_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One scripted end of a request."""

    content: bytes = b""
    verdict: Verdict = Verdict.ACCEPTED
    findings: tuple[job_pb2.Finding, ...] = ()
    failure: Failure | None = None
    delay_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call ends in an error: what grpc.ServicerContext.abort_with_status takes (grpc.Status)."""

    code: grpc.StatusCode
    details: str
    trailing_metadata: tuple[tuple[str, str | bytes], ...]


def content_of(document: object) -> bytes:
    """Write a document as the adapter would; bytes pass as they are. Raises TypeError for what JSON cannot hold."""
    if isinstance(document, bytes):
        return document
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def ending_of(failure: Failure, job_id: str = "") -> Ending:
    """Write an error as the adapter does: google.rpc.Status with its details, and trailers."""
    reason = failure.reason
    code = grpc.StatusCode[reason.grpc_code or "UNKNOWN"]
    metadata = {"retryable": reason.retryable} | ({"job_id": job_id} if job_id else {})
    details: list[Message] = [error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN, metadata=metadata)]
    trailers: list[tuple[str, str | bytes]] = [("llm-job-id", job_id)] if job_id else []
    if failure.pushback_seconds is not None:
        milliseconds = round(failure.pushback_seconds * 1000)
        delay = Duration()
        delay.FromMilliseconds(milliseconds)
        details.append(error_details_pb2.RetryInfo(retry_delay=delay))
        trailers.append(("grpc-retry-pushback-ms", str(milliseconds)))
    if failure.violations:
        details.append(error_details_pb2.BadRequest(field_violations=map(_field_violation, failure.violations)))
    number = code_pb2.Code.Value(code.name)
    status = status_pb2.Status(code=number, message=failure.message, details=map(_packed, details))
    trailers.append(("grpc-status-details-bin", status.SerializeToString()))
    return Ending(code, failure.message, tuple(trailers))


def job_error(failure: Failure) -> job_pb2.JobError:
    """Write the error of a job that failed."""
    return job_pb2.JobError(
        reason=failure.reason,
        message=failure.message,
        retryable=job_pb2.Retryable.Value(f"RETRYABLE_{failure.reason.retryable}"),
        violations=[
            job_pb2.Violation(pointer=one.pointer, rule=one.rule, message=one.message) for one in failure.violations
        ],
    )


def findings_of(findings: Mapping[str, str]) -> tuple[job_pb2.Finding, ...]:
    """Write findings, by their code, that need a person."""
    return tuple(
        job_pb2.Finding(code=code, message=message, severity=job_pb2.SEVERITY_REVIEW)
        for code, message in findings.items()
    )


def _field_violation(violation: Violation) -> error_details_pb2.BadRequest.FieldViolation:
    return error_details_pb2.BadRequest.FieldViolation(
        field=violation.pointer, reason=violation.rule, description=violation.message
    )


def _packed(detail: Message) -> AnyMessage:
    packed = AnyMessage()
    packed.Pack(detail)
    return packed

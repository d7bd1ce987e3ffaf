"""What calls return: a job with its document, a step of a running job, a page of jobs."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol, TypeVar, overload

from llm_adapter.errors import AdapterError, error_of_job
from llm_adapter.reasons import Reason
from llm_adapter.v1 import job_pb2

T = TypeVar("T")
M_co = TypeVar("M_co", covariant=True)


class State(StrEnum):
    """Where a job stands."""

    UNSPECIFIED = "UNSPECIFIED"
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class Verdict(StrEnum):
    """What is said of a document that satisfies its contract."""

    UNSPECIFIED = "UNSPECIFIED"
    ACCEPTED = "ACCEPTED"
    ACCEPTED_REPAIRED = "ACCEPTED_REPAIRED"
    NEEDS_REVIEW = "NEEDS_REVIEW"


class Validating(Protocol[M_co]):
    """A pydantic class, or one that validates like it."""

    def model_validate(self, document: Any, /) -> M_co:
        """Return an instance, or raise."""


@dataclass(frozen=True, slots=True)
class Job:
    """One run of one task for one request. Only an accepted document comes out of it; see content."""

    message: job_pb2.Job
    """All of it, as it came: usage, attempts, changes, findings, times."""
    accepts_review: bool = False

    @property
    def job_id(self) -> str:
        """Id of the job, made by the adapter."""
        return self.message.job_id

    @property
    def request_id(self) -> str:
        """The id that the request was sent with."""
        return self.message.request_id

    @property
    def state(self) -> State:
        """Where it stands."""
        name = _name(job_pb2.State, self.message.state, "STATE_")
        return State(name) if name in State.__members__ else State.UNSPECIFIED

    @property
    def verdict(self) -> Verdict | None:
        """What is said of its document; None without one."""
        if not self.message.HasField("result"):
            return None
        name = _name(job_pb2.Verdict, self.message.result.verdict, "VERDICT_")
        return Verdict(name) if name in Verdict.__members__ else Verdict.UNSPECIFIED

    @property
    def is_finished(self) -> bool:
        """True when it has its outcome."""
        return self.state in {State.SUCCEEDED, State.FAILED, State.CANCELLED}

    @property
    def error(self) -> AdapterError | None:
        """Why it FAILED or was CANCELLED; None otherwise."""
        return error_of_job(self.message) if self.message.HasField("error") else None

    @property
    def content(self) -> bytes:
        """The document as JSON in UTF-8, exactly as it was published.

        Raises AdapterError: the job's own; REVIEW_NEEDED for one that a person has to look at first (see
        accepting_review); NOT_FINISHED.
        """
        if self.error is not None:
            raise self.error
        if self.state is not State.SUCCEEDED:
            raise self._refusal(Reason.NOT_FINISHED, f"The job is {self.state}. Watch it to its end, or look later.")
        if self.verdict not in {Verdict.ACCEPTED, Verdict.ACCEPTED_REPAIRED} and not self.accepts_review:
            raise self._refusal(Reason.REVIEW_NEEDED, "A person has to look at the document before it is used.")
        return self.message.result.content

    def accepting_review(self) -> "Job":
        """Return the same job, whose document may be read although it needs review."""
        return replace(self, accepts_review=True)

    def document(self) -> Any:
        """Parse the document: objects as dict, numbers as int or Decimal with their exact digits. Raises as content."""
        return json.loads(self.content, parse_float=Decimal)

    @overload
    def into(self, target: Validating[T]) -> T: ...
    @overload
    def into(self, target: Callable[[Any], T]) -> T: ...
    def into(self, target: Any) -> Any:
        """Return the document as an instance of a pydantic class, or what any callable makes of document().

        Raises as content, and what the target raises.
        """
        validate = getattr(target, "model_validate", target)
        return validate(self.document())

    def _refusal(self, reason: Reason, message: str) -> AdapterError:
        return AdapterError(reason, message, retryable=reason.retryable, job_id=self.job_id, request_id=self.request_id)


class ProgressKind(StrEnum):
    """What a step of a running job is."""

    UNSPECIFIED = "UNSPECIFIED"
    CALL_STARTED = "CALL_STARTED"
    WAITING = "WAITING"
    REPAIR = "REPAIR"


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of a running job."""

    job_id: str
    kind: ProgressKind
    model: str
    """Configured name; empty: none yet."""
    detail: str
    """Why, for developers."""

    @classmethod
    def of(cls, message: job_pb2.Progress) -> "Progress":
        """Read a message."""
        name = _name(job_pb2.ProgressKind, message.kind, "PROGRESS_KIND_")
        kind = ProgressKind(name) if name in ProgressKind.__members__ else ProgressKind.UNSPECIFIED
        return cls(message.job_id, kind, message.model, message.detail)


@dataclass(frozen=True, slots=True)
class JobPage:
    """Some jobs, newest first."""

    jobs: tuple[Job, ...]
    next_page_token: str
    """Asks for the next page; empty: this was the last."""


def _name(enum: Any, number: int, prefix: str) -> str:
    """Name of a value without its prefix; of one that a newer adapter knows, its number."""
    return enum.Name(number).removeprefix(prefix) if number in enum.values() else str(number)

"""The one error tree: each class says whose fault it is, its stable reason, and its fate on both faces.

AdapterError
├── RequestError            the caller's: answered, never recorded
│   ├── InvalidRequest  TaskNotFound  JobNotFound  PayloadUnreadable  PayloadTooLarge
│   ├── InputInvalid  RequestIdReused  ReplyToRefused
├── TryAgainError           ours or the model's, passing: held by queue, UNAVAILABLE-like by gRPC, never recorded
│   ├── RateLimited  Overloaded  ModelUnavailable  ModelMisconfigured  StoreUnavailable  CallerDeadlineExceeded
├── JobFailure              of this job, for good: recorded as its outcome
│   ├── RequestExpired  Cancelled  ModelRejected  ModelFailed  InputTooLong
│   ├── ModelRefused  ContentFiltered  BudgetExhausted  Interrupted  InternalError
│   ├── OutputInvalid  OutputTruncated  OutputAmbiguous  OutputEmpty  OutputRunaway  OutputRejected
└── JobRemark               beside an outcome, never instead of it
    ├── ReviewNeeded  ResultTooLarge  ResultUndeliverable
CallError                   of one model call; has no reason, never leaves the pipeline
├── CallUnreachable  CallThrottled  CallMisconfigured
└── CallRejected ── CallTooLong  CallFiltered

A docstring's first sentence is the default message: what happened, and what to do about it.
No message holds a payload, a prompt or a key.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Retryable(StrEnum):
    """Whether sending the same request again can help: NO, YES, or FIX (after somebody changed something)."""

    NO = "NO"
    YES = "YES"
    FIX = "FIX"


class QueueFate(StrEnum):
    """What happens to a request that came by queue and met this error."""

    ANSWERED = "answered"
    ANSWERED_OR_PARKED = "answered, parked if unanswerable"
    ANSWERED_AND_PARKED = "answered on the result exchange, parked"
    HELD = "held"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REVIEW = "review"
    FAILED_AND_PARKED = "failed, parked"
    KEPT = "the job keeps its result for GetJob and republish"
    NONE = "-"


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule of a contract: where (JSON Pointer), which rule, and what it asks for."""

    pointer: str
    rule: str
    message: str


class AdapterError(Exception):
    """Something went wrong."""

    reason: ClassVar[str]
    grpc_code: ClassVar[str]
    recorded: ClassVar[bool]
    retryable: ClassVar[Retryable]
    queue_fate: ClassVar[QueueFate]

    def __init__(
        self,
        message: str = "",
        *,
        violations: Sequence[Violation] = (),
        metadata: Mapping[str, str] | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        """Message defaults to the class docstring; metadata holds the variable parts, for programs."""
        self.message = message or default_message(type(self))
        self.violations = tuple(violations)
        self.metadata = dict(metadata or {})
        self.retry_after_seconds = retry_after_seconds
        super().__init__(self.message)


def default_message(cls: type[AdapterError]) -> str:
    """Return the first paragraph of the class docstring as one line."""
    return " ".join((cls.__doc__ or "").split("\n\n")[0].split())


def concrete_errors(cls: type[AdapterError] = AdapterError) -> Iterator[type[AdapterError]]:
    """Yield every error class that has a reason of its own, in the order of the tree."""
    if "reason" in vars(cls):
        yield cls
    for sub in cls.__subclasses__():
        yield from concrete_errors(sub)


def error_of_reason(reason: str) -> type[AdapterError]:
    """The class that carries a reason; InternalError for one that a newer version wrote."""
    return next((cls for cls in concrete_errors() if cls.reason == reason), InternalError)


# --- the caller's -------------------------------------------------------------------------------------


class RequestError(AdapterError):
    """The request cannot be worked on as it is."""

    grpc_code = "INVALID_ARGUMENT"
    recorded = False
    retryable = Retryable.NO
    queue_fate = QueueFate.ANSWERED_OR_PARKED


class InvalidRequest(RequestError):
    """The request names no task, or has a bad id, option or label. Correct the field named and send it again."""

    reason = "INVALID_REQUEST"


class TaskNotFound(RequestError):
    """No such task or version is loaded. Check the name, or deploy the task folder and reload."""

    reason = "TASK_NOT_FOUND"
    grpc_code = "NOT_FOUND"
    retryable = Retryable.FIX
    queue_fate = QueueFate.ANSWERED


class JobNotFound(RequestError):
    """No such job is stored. A message that is still queued at the broker is not known here yet; look again later."""

    reason = "JOB_NOT_FOUND"
    grpc_code = "NOT_FOUND"
    queue_fate = QueueFate.NONE


class PayloadUnreadable(RequestError):
    """The payload does not decode. Check its charset, format and content type against the task's formats."""

    reason = "PAYLOAD_UNREADABLE"


class PayloadTooLarge(RequestError):
    """The payload is over the limit. Send a smaller record, or raise limits.payload_bytes."""

    reason = "PAYLOAD_TOO_LARGE"


class InputInvalid(RequestError):
    """The record violates the task's input contract. Correct the fields named in the violations."""

    reason = "INPUT_INVALID"


class RequestIdReused(RequestError):
    """This request id was used before with other content. Use a new id for a new request."""

    reason = "REQUEST_ID_REUSED"
    grpc_code = "ALREADY_EXISTS"
    queue_fate = QueueFate.ANSWERED


class ReplyToRefused(RequestError):
    """The reply address is not allowed. Use a queue that amqp.reply_to_allow permits, or have it added there."""

    reason = "REPLY_TO_REFUSED"
    grpc_code = "PERMISSION_DENIED"
    queue_fate = QueueFate.ANSWERED_AND_PARKED


# --- passing: ours or the model's ---------------------------------------------------------------------


class TryAgainError(AdapterError):
    """The request is fine, but cannot be served now."""

    grpc_code = "UNAVAILABLE"
    recorded = False
    retryable = Retryable.YES
    queue_fate = QueueFate.HELD


class RateLimited(TryAgainError):
    """The client is over its quota. Wait as long as the answer says and send the same request again."""

    reason = "RATE_LIMITED"
    grpc_code = "RESOURCE_EXHAUSTED"


class Overloaded(TryAgainError):
    """Too many jobs are in flight here. Wait as long as the answer says and send the same request again."""

    reason = "OVERLOADED"
    grpc_code = "RESOURCE_EXHAUSTED"


class ModelUnavailable(TryAgainError):
    """No usable model answers at the moment. Send the same request again later; nothing was charged for it."""

    reason = "MODEL_UNAVAILABLE"


class ModelMisconfigured(TryAgainError):
    """The model's endpoint refuses every request: key, credits, or model name. The operator has to fix it."""

    reason = "MODEL_MISCONFIGURED"
    grpc_code = "FAILED_PRECONDITION"
    retryable = Retryable.FIX


class StoreUnavailable(TryAgainError):
    """The database cannot be written. Send the same request again later."""

    reason = "STORE_UNAVAILABLE"


class CallerDeadlineExceeded(TryAgainError):
    """Your deadline passed before the outcome. The job goes on: fetch it by its id, or send the same request again."""

    reason = "DEADLINE_EXCEEDED"
    grpc_code = "DEADLINE_EXCEEDED"
    queue_fate = QueueFate.NONE


# --- of this job, for good ----------------------------------------------------------------------------


class JobFailure(AdapterError):
    """The job ended without an output; this is recorded as its outcome."""

    grpc_code = "FAILED_PRECONDITION"
    recorded = True
    retryable = Retryable.NO
    queue_fate = QueueFate.FAILED


class RequestExpired(JobFailure):
    """The request's own deadline passed before it was answered. Send a new request if it still matters."""

    reason = "REQUEST_EXPIRED"
    grpc_code = "DEADLINE_EXCEEDED"


class Cancelled(JobFailure):
    """The job was cancelled on request. Send a new request if it is wanted after all."""

    reason = "CANCELLED"
    grpc_code = "CANCELLED"
    queue_fate = QueueFate.CANCELLED


class ModelRejected(JobFailure):
    """The model's endpoint refused this one request as malformed. Look at its calls and the task's contract."""

    reason = "MODEL_REJECTED"


class ModelFailed(JobFailure):
    """Repeated calls for this one request brought no reply while other requests succeed. Look at its payload."""

    reason = "MODEL_FAILED"


class InputTooLong(JobFailure):
    """The prompt does not fit the model's context. Send a smaller record, or use a model with a larger context."""

    reason = "INPUT_TOO_LONG"


class ModelRefused(JobFailure):
    """The model refused to answer. Look at the refusal in the job's attempts; rephrase the task if it is wrong."""

    reason = "MODEL_REFUSED"


class ContentFiltered(JobFailure):
    """The provider's content filter stopped the reply. Look at the record, or ask the provider to relax the filter."""

    reason = "CONTENT_FILTERED"


class OutputInvalid(JobFailure):
    """The model's replies violate the output contract, also after repairs. Improve the prompt or the contract."""

    reason = "OUTPUT_INVALID"


class OutputTruncated(JobFailure):
    """The reply was cut off at the output limit. Raise model.max_output_tokens of the task, or ask for less."""

    reason = "OUTPUT_TRUNCATED"


class OutputAmbiguous(JobFailure):
    """The reply holds several different documents that satisfy the contract. Improve the prompt to ask for one."""

    reason = "OUTPUT_AMBIGUOUS"


class OutputEmpty(JobFailure):
    """The model replied with nothing. Try another model, or look at the prompt."""

    reason = "OUTPUT_EMPTY"


class OutputRunaway(JobFailure):
    """The reply repeats itself without end. Bound the lists and strings of the output contract."""

    reason = "OUTPUT_RUNAWAY"


class OutputRejected(JobFailure):
    """A check or policy of the task rejected the output. Look at the findings of the job."""

    reason = "OUTPUT_REJECTED"


class BudgetExhausted(JobFailure):
    """The job used up the attempts, tokens or seconds of its policy. Raise the policy, or look at why it repeats."""

    reason = "BUDGET_EXHAUSTED"


class Interrupted(JobFailure):
    """Working on this job ended its worker several times, or the broker gave it up. Look at it before a replay."""

    reason = "INTERRUPTED"


class InternalError(JobFailure):
    """A bug of llm-adapter. The log has the details under the error id; please report it."""

    reason = "INTERNAL"
    grpc_code = "INTERNAL"
    queue_fate = QueueFate.FAILED_AND_PARKED


# --- beside an outcome --------------------------------------------------------------------------------


class JobRemark(AdapterError):
    """Said of a job that has its outcome."""

    grpc_code = "FAILED_PRECONDITION"
    recorded = True
    retryable = Retryable.FIX
    queue_fate = QueueFate.KEPT


class ReviewNeeded(JobRemark):
    """The output satisfies its contract but a person has to look at it. Ask with accept_review to receive it."""

    reason = "REVIEW_NEEDED"
    retryable = Retryable.NO
    queue_fate = QueueFate.REVIEW


class ResultTooLarge(JobRemark):
    """The result is too large for a message. Fetch it with GetJob."""

    reason = "RESULT_TOO_LARGE"


class ResultUndeliverable(JobRemark):
    """No queue took the result in time. Bind the queue and republish, or fetch it with GetJob."""

    reason = "RESULT_UNDELIVERABLE"


# --- of one model call; never leaves the pipeline -----------------------------------------------------


class CallError(Exception):
    """A model call brought no reply. The message holds no key and no prompt."""

    def __init__(self, message: str, *, status: int | None = None, retry_after_seconds: float | None = None) -> None:
        """Status is the HTTP status if there was one; retry_after_seconds what the provider asked us to wait."""
        super().__init__(message)
        self.message = message
        self.status = status
        self.retry_after_seconds = retry_after_seconds


class CallUnreachable(CallError):
    """Connection refused, reset or timed out, 5xx, or an error inside HTTP 200: the model may be down."""


class CallThrottled(CallError):
    """429 or its like: the model wants us to wait."""


class CallMisconfigured(CallError):
    """401, 403, 404 of the model, credits gone: hits every request."""


class CallRejected(CallError):
    """400 of this request alone."""


class CallTooLong(CallRejected):
    """The prompt does not fit the model's context."""


class CallFiltered(CallRejected):
    """The provider's content filter refused the prompt."""

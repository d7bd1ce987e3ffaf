"""Of one job, for good: recorded as its outcome."""

from adapter.errors.tree import AdapterError, QueueFate, Retryable, concrete_errors


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


def error_of_reason(reason: str) -> type[AdapterError]:
    """The class that carries a reason; InternalError for one that a newer version wrote."""
    return next((cls for cls in concrete_errors() if cls.reason == reason), InternalError)

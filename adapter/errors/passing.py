"""Ours or the model's, and passing: held by queue, never recorded."""

from adapter.errors.tree import AdapterError, QueueFate, Retryable


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

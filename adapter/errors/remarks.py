"""Said beside an outcome, never instead of it."""

from adapter.errors.tree import AdapterError, QueueFate, Retryable


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

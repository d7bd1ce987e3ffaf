"""The caller's fault: answered, never recorded."""

from adapter.errors.tree import AdapterError, QueueFate, Retryable


class RequestError(AdapterError):
    """The request cannot be worked on as it is."""

    grpc_code = "INVALID_ARGUMENT"
    recorded = False
    retryable = Retryable.NO
    queue_fate = QueueFate.ANSWERED_OR_PARKED


class InvalidRequest(RequestError):
    """The request names no task, or has a bad id, option or label. Correct the field named and send it again."""

    reason = "INVALID_REQUEST"


class Unauthenticated(RequestError):
    """The call shows nobody that is known. Send an API key or token as metadata (authorization: Bearer KEY)."""

    reason = "UNAUTHENTICATED"
    grpc_code = "UNAUTHENTICATED"
    retryable = Retryable.FIX
    queue_fate = QueueFate.NONE


class PermissionDenied(RequestError):
    """The client may not do this. Have the operator allow it in the keys file, or use another task."""

    reason = "PERMISSION_DENIED"
    grpc_code = "PERMISSION_DENIED"
    retryable = Retryable.FIX


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

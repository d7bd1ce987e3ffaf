"""The reasons of errors: what an AdapterError's `reason` may be. A newer adapter may say others."""

from enum import StrEnum
from typing import Literal, Self


class Reason(StrEnum):
    """One reason: its name, how a call ends with it, whether the same request can succeed later, whether it is kept.

    `adapter explain REASON` tells what each means and what to do about it.
    """

    grpc_code: str
    """Name of the gRPC code of a call that ends so."""
    retryable: Literal["NO", "YES", "FIX"]
    """FIX: after somebody changed something."""
    is_recorded: bool
    """True: the outcome of the request id for good; False: the same id may be sent again and is worked on."""

    def __new__(
        cls, value: str, grpc_code: str = "", retryable: Literal["NO", "YES", "FIX"] = "NO", *recorded: bool
    ) -> Self:
        """Make a member that is its name."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.grpc_code = grpc_code
        member.retryable = retryable
        member.is_recorded = any(recorded)
        return member

    INVALID_REQUEST = "INVALID_REQUEST", "INVALID_ARGUMENT", "NO", False
    UNAUTHENTICATED = "UNAUTHENTICATED", "UNAUTHENTICATED", "FIX", False
    PERMISSION_DENIED = "PERMISSION_DENIED", "PERMISSION_DENIED", "FIX", False
    TASK_NOT_FOUND = "TASK_NOT_FOUND", "NOT_FOUND", "FIX", False
    JOB_NOT_FOUND = "JOB_NOT_FOUND", "NOT_FOUND", "NO", False
    PAYLOAD_UNREADABLE = "PAYLOAD_UNREADABLE", "INVALID_ARGUMENT", "NO", False
    PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE", "INVALID_ARGUMENT", "NO", False
    INPUT_INVALID = "INPUT_INVALID", "INVALID_ARGUMENT", "NO", False
    REQUEST_ID_REUSED = "REQUEST_ID_REUSED", "ALREADY_EXISTS", "NO", False
    REPLY_TO_REFUSED = "REPLY_TO_REFUSED", "PERMISSION_DENIED", "NO", False
    RATE_LIMITED = "RATE_LIMITED", "RESOURCE_EXHAUSTED", "YES", False
    OVERLOADED = "OVERLOADED", "RESOURCE_EXHAUSTED", "YES", False
    MODEL_UNAVAILABLE = "MODEL_UNAVAILABLE", "UNAVAILABLE", "YES", False
    MODEL_MISCONFIGURED = "MODEL_MISCONFIGURED", "FAILED_PRECONDITION", "FIX", False
    STORE_UNAVAILABLE = "STORE_UNAVAILABLE", "UNAVAILABLE", "YES", False
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED", "YES", False
    REQUEST_EXPIRED = "REQUEST_EXPIRED", "DEADLINE_EXCEEDED", "NO", True
    CANCELLED = "CANCELLED", "CANCELLED", "NO", True
    MODEL_REJECTED = "MODEL_REJECTED", "FAILED_PRECONDITION", "NO", True
    MODEL_FAILED = "MODEL_FAILED", "FAILED_PRECONDITION", "NO", True
    INPUT_TOO_LONG = "INPUT_TOO_LONG", "FAILED_PRECONDITION", "NO", True
    MODEL_REFUSED = "MODEL_REFUSED", "FAILED_PRECONDITION", "NO", True
    CONTENT_FILTERED = "CONTENT_FILTERED", "FAILED_PRECONDITION", "NO", True
    OUTPUT_INVALID = "OUTPUT_INVALID", "FAILED_PRECONDITION", "NO", True
    OUTPUT_TRUNCATED = "OUTPUT_TRUNCATED", "FAILED_PRECONDITION", "NO", True
    OUTPUT_AMBIGUOUS = "OUTPUT_AMBIGUOUS", "FAILED_PRECONDITION", "NO", True
    OUTPUT_EMPTY = "OUTPUT_EMPTY", "FAILED_PRECONDITION", "NO", True
    OUTPUT_RUNAWAY = "OUTPUT_RUNAWAY", "FAILED_PRECONDITION", "NO", True
    OUTPUT_REJECTED = "OUTPUT_REJECTED", "FAILED_PRECONDITION", "NO", True
    BUDGET_EXHAUSTED = "BUDGET_EXHAUSTED", "FAILED_PRECONDITION", "NO", True
    INTERRUPTED = "INTERRUPTED", "FAILED_PRECONDITION", "NO", True
    INTERNAL = "INTERNAL", "INTERNAL", "NO", True
    REVIEW_NEEDED = "REVIEW_NEEDED", "FAILED_PRECONDITION", "NO", True
    RESULT_TOO_LARGE = "RESULT_TOO_LARGE", "FAILED_PRECONDITION", "FIX", True
    RESULT_UNDELIVERABLE = "RESULT_UNDELIVERABLE", "FAILED_PRECONDITION", "FIX", True

    # Said by this client itself, of a job that a call returned.
    NOT_FINISHED = "NOT_FINISHED", "", "YES", False

"""The one error tree: each class says whose fault it is, its stable reason, and its fate on both faces.

AdapterError
├── RequestError            the caller's: answered, never recorded
│   ├── InvalidRequest  Unauthenticated  PermissionDenied  TaskNotFound  JobNotFound
│   ├── PayloadUnreadable  PayloadTooLarge  InputInvalid  RequestIdReused  ReplyToRefused
├── TryAgainError           ours or the model's, passing: held by queue, UNAVAILABLE-like by gRPC, never recorded
│   ├── RateLimited  Overloaded  ModelUnavailable  ModelMisconfigured  StoreUnavailable  CallerDeadlineExceeded
├── JobFailure              of this job, for good: recorded as its outcome
│   ├── RequestExpired  Cancelled  ModelRejected  ModelFailed  InputTooLong
│   ├── ModelRefused  ContentFiltered  BudgetExhausted  Interrupted  InternalError
│   ├── OutputInvalid  OutputTruncated  OutputAmbiguous  OutputEmpty  OutputRunaway  OutputRejected
└── JobRemark               beside an outcome, never instead of it
    ├── ReviewNeeded  ResultTooLarge  ResultUndeliverable
CallError                   of one model call; has no reason, never leaves the pipeline
├── CallUnreachable  CallThrottled  CallMisconfigured ── CallUnauthorized  CallForbidden
└── CallRejected ── CallTooLong  CallFiltered  CallUnrecorded

A docstring's first sentence is the default message: what happened, and what to do about it.
No message holds a payload, a prompt or a key.
"""

# ruff: noqa: I001 - imported in the order of the tree, in which people are shown the reasons

from adapter.errors.tree import AdapterError, QueueFate, Retryable, Violation, concrete_errors, default_message
from adapter.errors.requests import (
    InputInvalid,
    InvalidRequest,
    JobNotFound,
    PayloadTooLarge,
    PayloadUnreadable,
    PermissionDenied,
    ReplyToRefused,
    RequestError,
    RequestIdReused,
    TaskNotFound,
    Unauthenticated,
)
from adapter.errors.passing import (
    CallerDeadlineExceeded,
    ModelMisconfigured,
    ModelUnavailable,
    Overloaded,
    RateLimited,
    StoreUnavailable,
    TryAgainError,
)
from adapter.errors.failures import (
    BudgetExhausted,
    Cancelled,
    ContentFiltered,
    InputTooLong,
    InternalError,
    Interrupted,
    JobFailure,
    ModelFailed,
    ModelRefused,
    ModelRejected,
    OutputAmbiguous,
    OutputEmpty,
    OutputInvalid,
    OutputRejected,
    OutputRunaway,
    OutputTruncated,
    RequestExpired,
    error_of_reason,
)
from adapter.errors.remarks import JobRemark, ResultTooLarge, ResultUndeliverable, ReviewNeeded
from adapter.errors.calls import (
    CallError,
    CallFiltered,
    CallForbidden,
    CallMisconfigured,
    CallRejected,
    CallThrottled,
    CallTooLong,
    CallUnauthorized,
    CallUnreachable,
    CallUnrecorded,
)

__all__ = [
    "AdapterError",
    "BudgetExhausted",
    "CallError",
    "CallFiltered",
    "CallForbidden",
    "CallMisconfigured",
    "CallRejected",
    "CallThrottled",
    "CallTooLong",
    "CallUnauthorized",
    "CallUnreachable",
    "CallUnrecorded",
    "CallerDeadlineExceeded",
    "Cancelled",
    "ContentFiltered",
    "InputInvalid",
    "InputTooLong",
    "InternalError",
    "Interrupted",
    "InvalidRequest",
    "JobFailure",
    "JobNotFound",
    "JobRemark",
    "ModelFailed",
    "ModelMisconfigured",
    "ModelRefused",
    "ModelRejected",
    "ModelUnavailable",
    "OutputAmbiguous",
    "OutputEmpty",
    "OutputInvalid",
    "OutputRejected",
    "OutputRunaway",
    "OutputTruncated",
    "Overloaded",
    "PayloadTooLarge",
    "PayloadUnreadable",
    "PermissionDenied",
    "QueueFate",
    "RateLimited",
    "ReplyToRefused",
    "RequestError",
    "RequestExpired",
    "RequestIdReused",
    "ResultTooLarge",
    "ResultUndeliverable",
    "Retryable",
    "ReviewNeeded",
    "StoreUnavailable",
    "TaskNotFound",
    "TryAgainError",
    "Unauthenticated",
    "Violation",
    "concrete_errors",
    "default_message",
    "error_of_reason",
]

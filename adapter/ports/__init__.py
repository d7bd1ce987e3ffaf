"""What the core needs from outside: the memory, a clock, models, a publisher, an observer."""

from adapter.ports.memory import JobStore
from adapter.ports.outside import Clock, Model, Observer, Publisher
from adapter.ports.records import (
    SUSPECT_CLAIMS,
    CallDetail,
    Claim,
    ClaimLostError,
    ClaimResult,
    IdReused,
    JobFilter,
    NewJob,
    Recorded,
    RunningNow,
    StoredCall,
    Suspect,
)
from adapter.ports.shares import ShareStore
from adapter.ports.tracing import NO_TRACER, Attributes, AttributeValue, Span, SpanKind, Tracer

__all__ = [
    "NO_TRACER",
    "SUSPECT_CLAIMS",
    "AttributeValue",
    "Attributes",
    "CallDetail",
    "Claim",
    "ClaimLostError",
    "ClaimResult",
    "Clock",
    "IdReused",
    "JobFilter",
    "JobStore",
    "Model",
    "NewJob",
    "Observer",
    "Publisher",
    "Recorded",
    "RunningNow",
    "ShareStore",
    "Span",
    "SpanKind",
    "StoredCall",
    "Suspect",
    "Tracer",
]

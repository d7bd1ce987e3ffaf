"""The root of the tree, and how it is walked."""

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

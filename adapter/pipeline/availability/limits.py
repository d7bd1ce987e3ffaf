"""What is limited of a model or a client, what one call takes of it, and how much this replica has."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from adapter.pipeline.availability.window import SlidingWindow, Spent


class LimitKind(StrEnum):
    """What is limited."""

    IN_FLIGHT = "in_flight"
    REQUESTS = "requests"
    TOKENS = "tokens"


@dataclass(frozen=True, slots=True)
class Limits:
    """Totals over all replicas: calls in flight at once; requests and tokens in any window. None = no limit."""

    in_flight: int | None = None
    requests: int | None = None
    tokens: int | None = None
    window_seconds: float = 60.0

    def described(self, kind: LimitKind) -> str:
        """Say one limit in words."""
        if kind is LimitKind.IN_FLIGHT:
            return f"{self.in_flight} calls in flight"
        total = self.requests if kind is LimitKind.REQUESTS else self.tokens
        return f"{total} {kind.value} in {self.window_seconds:g} s"


@dataclass(slots=True, eq=False)
class Reservation:
    """Leave to make one call, as far as the limits go. It ends with settle or abandon; what comes later is ignored."""

    spent: Mapping[LimitKind, Spent]
    is_sent: bool = False
    is_over: bool = False


@dataclass(slots=True, eq=False)
class Meter:
    """One limit of this replica: its share, what was spent of it, what the waiting ones need."""

    kind: LimitKind
    total: int
    share: int
    window: SlidingWindow = field(default_factory=SlidingWindow)
    waiting: int = 0

    @property
    def is_window(self) -> bool:
        """True if what was spent counts for a while."""
        return self.kind is not LimitKind.IN_FLIGHT

    def amount(self, tokens: int) -> int:
        """What a call of so many tokens takes; one that alone is over the limit waits for the whole of it."""
        return min(tokens, self.total) if self.kind is LimitKind.TOKENS else 1

    def has_room(self, tokens: int) -> bool:
        """Say whether such a call fits now."""
        return self.window.used + self.amount(tokens) <= self.share


@dataclass(frozen=True, slots=True)
class Level:
    """How one limit stands on this replica."""

    kind: LimitKind
    total: int
    share: int
    used: int

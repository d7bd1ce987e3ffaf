"""How long a subscription waits before it tries again, and how it seeks the proof that it works."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ProofTimes:
    """How a proof is sought."""

    probe_seconds: float = 1.0
    """Between two probes. Consumers beside ours take them, too, one after the other: it may need as many as those."""
    silent_after_probes: int = 120
    """So many were taken by the queue without one coming here: the channel is given up."""


@dataclass(frozen=True, slots=True)
class RebuildTimes:
    """How long a subscription waits before it tries again."""

    first_backoff_seconds: float = 0.5
    max_backoff_seconds: float = 60.0
    healthy_after_seconds: float = 60.0
    failed_retry_seconds: float = 60.0
    close_timeout_seconds: float = 5.0
    proof: ProofTimes = field(default_factory=ProofTimes)

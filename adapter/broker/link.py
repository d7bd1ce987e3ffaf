"""One supervised TCP connection to the broker, with a role: connect, set up, hold, and start over, forever."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from adapter.broker.events import EventHook, ignore_event


class LinkState(StrEnum):
    """Where a link stands."""

    CONNECTING = "connecting"
    OPEN = "open"
    BLOCKED = "blocked"
    """The broker takes no publishes now (memory or disk alarm); consuming goes on."""
    BACKOFF = "backoff"
    CLOSED = "closed"
    FAILED = "failed"
    """Needs a person: credentials, vhost, rights, or a topology that differs. Tried again, slowly."""


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """Addresses and times of a link; all links of a process share one."""

    urls: Sequence[str]
    heartbeat_seconds: int = 15
    connect_timeout_seconds: float = 15.0
    rpc_timeout_seconds: float = 10.0
    first_backoff_seconds: float = 0.5
    max_backoff_seconds: float = 30.0
    healthy_after_seconds: float = 60.0
    failed_retry_seconds: float = 60.0


class Link:
    """One connection with a role ("consume" or "publish"). Cancelling `run` closes it cleanly."""

    state: LinkState
    generation: int
    """Counts the connections; 0 = never was open."""
    problem: str
    """Why it is not open, and what to do about it; "" when open."""

    def __init__(
        self,
        settings: LinkSettings,
        role: str,
        *,
        setup: "Callable[[Link], Awaitable[None]] | None" = None,
        on_event: EventHook = ignore_event,
    ) -> None:
        """`setup` runs on every new connection before the link is OPEN (topology)."""
        raise NotImplementedError

    async def run(self) -> None:
        """Keep the link open forever; never returns but by cancellation."""
        raise NotImplementedError

    async def wait_open(self, timeout_seconds: float) -> None:
        """Wait until OPEN. Raises LinkDown, with the problem, when the time has passed."""
        raise NotImplementedError

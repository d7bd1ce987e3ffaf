"""How long a delivery is held, how its job is found meanwhile, and how a ticket replaces it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from adapter.domain.job import Route
from adapter.domain.message import ReceivedMessage
from adapter.service.admission import Found
from adapter.service.live_runs import LiveRun

# Brokers give a message up that came back too often (20 times by default); a ticket begins anew.
TICKET_AT_RETURNS = 10


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """How long deliveries are held, and how often what they wait for is looked at."""

    max_hold_seconds: float = 600.0
    """From the moment we have it, whatever it waits for; then a ticket replaces it as soon as it only waits."""
    longest_hold_seconds: float = 900.0
    """After so long a ticket replaces it even while its job is worked on, which goes on."""
    retry_seconds: float = 1.0
    gate_poll_seconds: float = 0.2
    ticket_at_returns: int = TICKET_AT_RETURNS
    """What came back so often is replaced at once."""


@dataclass(frozen=True, slots=True)
class Held:
    """A delivery, how its job is found, and how a ticket replaces it."""

    message: ReceivedMessage
    routes: tuple[Route, ...]
    """Where its answer goes. () = it is a ticket: they are stored with the job."""
    find: Callable[[], Awaitable[Found]]
    replace: Callable[[], Awaitable[object]]
    since: float
    """Clock time at which it came into our hands."""

    def is_answered_by(self, run: LiveRun) -> bool:
        """True if what the run stores answers for the delivery: its own run, or one that it came by once before."""
        return run.message is self.message or (self.message.redelivered and set(self.routes) <= set(run.routes))

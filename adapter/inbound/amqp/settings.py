"""What the queue face needs to know of the configuration."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from adapter.domain.client import DEFAULT_CLIENT


def nobody_mapped(_user_id: str) -> str:
    """Take every broker user for the default client."""
    return DEFAULT_CLIENT


@dataclass(frozen=True, slots=True)
class AmqpFaceSettings:
    """Names of our objects at the broker, and the rules for requests."""

    requests_queue_prefix: str
    """Everything before the task in the name of a request queue: `adapter.requests.`."""
    results_exchange: str
    own_names: frozenset[str]
    """Exchanges and queues of ours: never a reply address."""
    payload_bytes: int = 8_388_608
    missing_message_id: Literal["accept", "derive", "park"] = "accept"
    reply_to_allow: Sequence[str] = ()
    """Regular expressions, added to the default; matched against the whole `queue` or `exchange/routing-key`."""
    client_of: Callable[[str], str] = nobody_mapped
    """Broker user (AMQP user_id, verified by the broker) → client; `default` when there is none or it is not mapped."""


@dataclass(frozen=True, slots=True)
class ConsumerSettings:
    """How deliveries are taken."""

    max_held: int = 500
    """Deliveries held at once, per task queue."""
    max_held_bytes: int = 268_435_456
    """Bodies held at once, per task queue."""
    worn_at: int | None = None
    """What came back so often is handled at once, whether or not its task can be worked on."""
    max_held_beside: int = 50
    """Deliveries held at once of the unrouted queue, and of the dead letters."""
    unrouted_releases: int = 0
    """How often an unrouted request is given back, because a newer replica may know its task."""
    unrouted_release_seconds: float = 2.0
    pause_after_seconds: float = 30.0
    """A task that cannot be worked on for so long gives what it has not begun back to the broker, until it can."""
    pause_after_bug_seconds: float = 5.0
    """How long a delivery whose handling failed by a bug of ours is kept before it is given back."""

"""The broker's objects that we need, by name and arguments (contract.md section 2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Argument = str | int | bool
Arguments = Mapping[str, Argument]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A durable exchange."""

    name: str
    kind: Literal["topic", "fanout"]
    arguments: Arguments = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Queue:
    """A durable quorum queue."""

    name: str
    arguments: Arguments


@dataclass(frozen=True, slots=True)
class Binding:
    """From an exchange to a queue."""

    exchange: str
    queue: str
    routing_key: str


@dataclass(frozen=True)
class Topology:
    """Everything behind one prefix. Frozen; task names as loaded, each once."""

    prefix: str
    tasks: Sequence[str]

    @property
    def requests_exchange(self) -> str:
        """Topic exchange that requests come in by."""
        return f"{self.prefix}.requests"

    @property
    def unrouted_exchange(self) -> str:
        """Alternate exchange of the requests exchange."""
        return f"{self.prefix}.unrouted"

    @property
    def dead_letter_exchange(self) -> str:
        """Where the broker sends what it gives up on."""
        return f"{self.prefix}.dlx"

    @property
    def results_exchange(self) -> str:
        """Topic exchange that results go out by; it has no alternate exchange, so that mandatory returns work."""
        return f"{self.prefix}.results"

    @property
    def unrouted_queue(self) -> str:
        """Requests for tasks that nobody knows."""
        return f"{self.prefix}.requests.unrouted"

    @property
    def dead_letter_queue(self) -> str:
        """Expired messages and crash loops."""
        return f"{self.prefix}.dead-letters"

    def request_queue(self, task: str) -> str:
        """Queue of one task."""
        return f"{self.prefix}.requests.{task}"

    def exchanges(self) -> tuple[Exchange, ...]:
        """Exchanges, in an order in which they can be declared."""
        return (
            Exchange(self.unrouted_exchange, "fanout"),
            Exchange(self.dead_letter_exchange, "fanout"),
            Exchange(self.requests_exchange, "topic", {"alternate-exchange": self.unrouted_exchange}),
            Exchange(self.results_exchange, "topic"),
        )

    def queues(self) -> tuple[Queue, ...]:
        """Queues: one per task, unrouted and dead letters."""
        dead_lettered = {
            "x-queue-type": "quorum",
            "x-dead-letter-exchange": self.dead_letter_exchange,
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        }
        return (
            Queue(self.dead_letter_queue, {"x-queue-type": "quorum"}),
            Queue(self.unrouted_queue, dead_lettered),
            *(Queue(self.request_queue(task), dead_lettered) for task in self.tasks),
        )

    def bindings(self) -> tuple[Binding, ...]:
        """Bindings of the queues."""
        tasks = (
            Binding(self.requests_exchange, self.request_queue(task), key)
            for task in self.tasks
            for key in (task, f"{task}.*")
        )
        return (
            Binding(self.dead_letter_exchange, self.dead_letter_queue, ""),
            Binding(self.unrouted_exchange, self.unrouted_queue, ""),
            *tasks,
        )

    def own_names(self) -> frozenset[str]:
        """Every exchange and queue of ours: never a reply address."""
        return frozenset((*(each.name for each in self.exchanges()), *(each.name for each in self.queues())))

"""What the core needs from outside, beside the memory: a clock, models, a publisher, an observer."""

from datetime import datetime
from typing import Protocol

from adapter.domain.job import Job, Origin
from adapter.domain.message import OutgoingMessage, PublishOutcome
from adapter.domain.model import ModelRequest, Reply
from adapter.domain.usage import Usage


class Clock(Protocol):
    """Time and ids, passed in so that tests own them."""

    def now(self) -> datetime:
        """Wall clock, UTC."""

    def monotonic(self) -> float:
        """Seconds that only ever grow."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""

    def new_id(self) -> str:
        """Make a job id: a UUID, time-ordered."""


class Model(Protocol):
    """A configured endpoint. Calls do not retry: that is the pipeline's."""

    name: str

    async def call(self, request: ModelRequest, *, timeout_seconds: float) -> Reply:
        """Make one call. Raises a CallError when no reply came."""


class Publisher(Protocol):
    """Sends one message with a confirm; never raises for the link's troubles."""

    async def publish(self, message: OutgoingMessage) -> PublishOutcome:
        """Publish and wait for the confirm."""


class Observer(Protocol):
    """Counts what happens, for metrics; calls are cheap and never fail."""

    def job_finished(self, job: Job, origin: Origin) -> None:
        """An outcome was recorded."""

    def request_refused(self, reason: str, face: str) -> None:
        """A request was answered with an error that records nothing; face is grpc or amqp."""

    def call_finished(self, model: str, result: str, seconds: float, usage: Usage) -> None:
        """A model call ended; result is reply or the CallError's class."""

    def in_flight(self, change: int) -> None:
        """Jobs being worked on changed."""

    def held(self, cause: str, change: int) -> None:
        """Jobs held for a cause changed."""

    def publication(self, status: str) -> None:
        """A publish ended so."""

    def parked(self, reason: str) -> None:
        """A message was parked."""

    def model_state(self, model: str, state: str) -> None:
        """A model's gate changed: open for calls (up), down or misconfigured."""

"""Fakes of what the pipeline talks to: a model that follows a script, and an observer that remembers."""

import asyncio
from dataclasses import dataclass, field

from adapter.domain.job import Job, Origin
from adapter.domain.model import FinishReason, ModelRequest, Reply
from adapter.domain.usage import Usage
from adapter.errors import CallError, CallUnreachable


def reply(text: str = "{}", *, tokens: int = 10) -> Reply:
    """Return a complete reply."""
    return Reply(text, FinishReason.STOP, Usage(input_tokens=tokens, output_tokens=tokens), served_model="fake-1")


@dataclass(slots=True)
class Step:
    """One answer of a scripted model: a reply or a CallError, after some seconds."""

    answer: Reply | Exception
    seconds: float = 0.0


class ScriptedModel:
    """Implements ports.Model: answers step by step; the last one for ever. Calls longer than their time fail."""

    def __init__(self, *steps: Step | Reply | Exception, name: str = "cloud") -> None:
        self.name = name
        self.requests: list[ModelRequest] = []
        self.timeouts: list[float] = []
        self.times: list[float] = []
        """Loop time of each call."""
        self._steps = [step if isinstance(step, Step) else Step(step) for step in steps]

    async def call(self, request: ModelRequest, *, timeout_seconds: float) -> Reply:
        step = self._steps[min(len(self.requests), len(self._steps) - 1)]
        self.requests.append(request)
        self.timeouts.append(timeout_seconds)
        self.times.append(asyncio.get_running_loop().time())
        try:
            async with asyncio.timeout(timeout_seconds):
                await asyncio.sleep(step.seconds)
        except TimeoutError as exc:
            raise CallUnreachable(f"no answer within {timeout_seconds:g} s") from exc
        if isinstance(step.answer, Reply):
            return step.answer
        raise _fresh(step.answer)


def _fresh(error: Exception) -> Exception:
    """Return a new error each time, as a real model does."""
    if isinstance(error, CallError):
        return type(error)(error.message, status=error.status, retry_after_seconds=error.retry_after_seconds)
    return error


@dataclass(slots=True)
class RecordingObserver:
    """Implements ports.Observer."""

    calls: list[tuple[str, str, float]] = field(default_factory=list)
    finished: list[Job] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    parked_reasons: list[str] = field(default_factory=list)
    states: list[tuple[str, str]] = field(default_factory=list)
    running: int = 0
    held_now: dict[str, int] = field(default_factory=dict)
    held_ever: set[str] = field(default_factory=set)

    def job_finished(self, job: Job, origin: Origin) -> None:  # noqa: ARG002 - the port's
        self.finished.append(job)

    def request_refused(self, reason: str, face: str) -> None:
        self.refused.append((reason, face))

    def call_finished(self, model: str, result: str, seconds: float, usage: Usage) -> None:  # noqa: ARG002 - the port's
        self.calls.append((model, result, seconds))

    def in_flight(self, change: int) -> None:
        self.running += change

    def held(self, cause: str, change: int) -> None:
        self.held_ever.add(cause)
        self.held_now[cause] = self.held_now.get(cause, 0) + change

    def publication(self, status: str) -> None:
        """Nothing here publishes."""

    def parked(self, reason: str) -> None:
        self.parked_reasons.append(reason)

    def model_state(self, model: str, state: str) -> None:
        self.states.append((model, state))

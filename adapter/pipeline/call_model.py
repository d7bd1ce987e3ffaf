"""One model call that brings a reply: gate, deadline, backoff. The one place that retries anything."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import NoReturn

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type
from tenacity.wait import wait_base, wait_random_exponential

from adapter.domain.model import ModelRequest, Reply
from adapter.domain.usage import Usage
from adapter.errors import (
    AdapterError,
    CallError,
    CallFiltered,
    CallMisconfigured,
    CallRejected,
    CallThrottled,
    CallTooLong,
    CallUnreachable,
    ContentFiltered,
    InputTooLong,
    ModelFailed,
    ModelRejected,
    ModelUnavailable,
)
from adapter.pipeline.budget import Budget, exhausted
from adapter.pipeline.gate import MAX_RETRY_AFTER_SECONDS, GateState, Leave, ModelGate
from adapter.ports import Clock, Model, Observer, StoredCall


@dataclass(frozen=True, slots=True)
class CallSettings:
    """Backoff between calls without a reply, and how long one call may take."""

    backoff_seconds: float = 0.5
    max_backoff_seconds: float = 8.0
    lone_failures: int = 3
    """So many calls of one job without a reply, each time while others get theirs, are MODEL_FAILED."""
    timeout_seconds: float = 120.0


@dataclass(frozen=True, slots=True)
class GatedModel:
    """A model with the gate before it and what it may take."""

    model: Model
    gate: ModelGate
    settings: CallSettings
    context_tokens: int | None = None

    @property
    def name(self) -> str:
        """Configured name."""
        return self.model.name


@dataclass(frozen=True, slots=True)
class CallLog:
    """What the memory is told of each call. `started` may raise to prevent it."""

    started: Callable[[GatedModel], Awaitable[StoredCall]]
    """Returns the call as it was stored, without an end."""
    ended: Callable[[StoredCall], Awaitable[None]]
    """Told the call with its reply or error."""
    waiting: Callable[[AdapterError | None], None]
    """Told why the job waits for a model, and None once it does not."""
    waited: Callable[[float], None]
    """Told the seconds of each wait: for a gate, or between calls."""


async def call_model(
    target: GatedModel, request: ModelRequest, *, budget: Budget, log: CallLog, clock: Clock, observer: Observer
) -> StoredCall:
    """Call until a reply comes, waiting as long as it must; the caller cancels when nobody wants to wait.

    Raises ModelRejected, InputTooLong, ContentFiltered for a request that the endpoint refuses, ModelFailed for one
    that alone gets no reply, BudgetExhausted for a job that had replies and whose seconds end during another call.
    """
    caller = _Caller(target, request, budget, log, clock, observer)
    strikes = _Strikes(target, clock)
    retrying = AsyncRetrying(
        retry=retry_if_exception_type((CallUnreachable, CallThrottled, CallMisconfigured)),
        stop=strikes.are_out,
        wait=_Wait(target),
        sleep=caller.pause,
        retry_error_callback=strikes.give_up,
    )
    try:
        call: StoredCall = await retrying(caller.call_once)
    except CallRejected as exc:
        raise _refusal(exc)(f"{target.name}: {exc.message}", metadata={"model": target.name}) from exc
    return call


@dataclass(slots=True)
class _Caller:
    """Makes the calls of one request, one at a time."""

    target: GatedModel
    request: ModelRequest
    budget: Budget
    log: CallLog
    clock: Clock
    observer: Observer
    failures: int = 0

    async def pause(self, seconds: float) -> None:
        begun = self.clock.monotonic()
        try:
            await self.clock.sleep(seconds)
        finally:
            self.log.waited(self.clock.monotonic() - begun)

    async def call_once(self) -> StoredCall:
        while (call := await self._call_unless_it_closed()) is None:
            continue
        return call

    async def _call_unless_it_closed(self) -> StoredCall | None:
        """Make one call; None when the model went away while it was written down, and it was not sent."""
        leave = await self._admitted()
        try:
            call = await self.log.started(self.target)
            if not self.target.gate.is_good(leave):
                await self.log.ended(replace(call, error=StoredCall.NOT_SENT))
                return None
            begun = self.clock.monotonic()
            answered = await self._answer(call, leave, begun)
        except BaseException:
            self.target.gate.abandoned(leave)  # changes nothing where the gate was told how the call ended
            raise
        await self.log.ended(answered)
        return answered

    async def _admitted(self) -> Leave:
        gate = self.target.gate
        if gate.state is GateState.UP:
            return await gate.admit(self.failures)
        self.log.waiting(gate.why_closed())
        begun = self.clock.monotonic()
        try:
            return await gate.admit(self.failures)
        finally:
            self.log.waiting(None)
            self.log.waited(self.clock.monotonic() - begun)

    async def _answer(self, call: StoredCall, leave: Leave, begun: float) -> StoredCall:
        name, gate = self.target.name, self.target.gate
        try:
            reply = await self._reply()
        except CallError as exc:
            seconds = self.clock.monotonic() - begun
            gate.failed(leave, exc)
            self.failures += 1
            self.observer.call_finished(name, type(exc).__name__, seconds, Usage())
            await self.log.ended(replace(call, error=f"{type(exc).__name__}: {exc.message}", duration_seconds=seconds))
            if not isinstance(exc, CallRejected):
                self.log.waiting(gate.why_closed() or _unavailable(self.target, exc))
            raise
        seconds = self.clock.monotonic() - begun
        gate.succeeded(leave)
        self.log.waiting(None)
        self.observer.call_finished(name, "reply", seconds, reply.usage)
        return replace(call, reply=reply, duration_seconds=seconds)

    async def _reply(self) -> Reply:
        """Ask the model. A job that had a reply already knows the model to be up: its own time ends its call."""
        budget, longest = self.budget, self.target.settings.timeout_seconds
        seconds = budget.call_seconds(longest)
        if not budget.attempts or seconds >= longest:
            return await self.target.model.call(self.request, timeout_seconds=seconds)
        try:
            async with asyncio.timeout(seconds) as own_time:
                return await self.target.model.call(self.request, timeout_seconds=longest)
        except TimeoutError as exc:
            if own_time.expired():
                raise exhausted("seconds", budget.max_seconds) from exc
            raise


def _unavailable(target: GatedModel, exc: CallError) -> ModelUnavailable:
    return ModelUnavailable(
        f"{target.name}: {exc.message}. {ModelUnavailable().message}",
        retry_after_seconds=exc.retry_after_seconds or target.settings.backoff_seconds,
        metadata={"model": target.name},
    )


def _refusal(exc: CallRejected) -> type[AdapterError]:
    if isinstance(exc, CallTooLong):
        return InputTooLong
    return ContentFiltered if isinstance(exc, CallFiltered) else ModelRejected


class _Wait(wait_base):
    """Exponential with full jitter, never less than Retry-After; none where the gate does the waiting."""

    def __init__(self, target: GatedModel) -> None:
        self._gate = target.gate
        settings = target.settings
        self._backoff = wait_random_exponential(
            multiplier=settings.backoff_seconds, min=settings.backoff_seconds, max=settings.max_backoff_seconds
        )

    def __call__(self, retry_state: RetryCallState) -> float:
        if self._gate.state is not GateState.UP:
            return 0.0
        error = _error_of(retry_state)
        asked = error.retry_after_seconds if isinstance(error, CallError) else None
        return max(min(asked or 0.0, MAX_RETRY_AFTER_SECONDS), self._backoff(retry_state))


class _Strikes:
    """Counts calls of one job that failed while the model answered others: since the failure before."""

    def __init__(self, target: GatedModel, clock: Clock) -> None:
        self._target = target
        self._clock = clock
        self._last_failure = float("-inf")
        self._count = 0

    def are_out(self, retry_state: RetryCallState) -> bool:
        """Decide after a failed call whether it was the last."""
        gate = self._target.gate
        if not isinstance(_error_of(retry_state), CallUnreachable):
            return False
        before, self._last_failure = self._last_failure, self._clock.monotonic()
        if gate.state is not GateState.UP:
            return False
        if self._count == 0 or gate.last_success > before:
            self._count += 1
        return self._count >= self._target.settings.lone_failures

    def give_up(self, retry_state: RetryCallState) -> NoReturn:
        """End the job."""
        raise ModelFailed(metadata={"model": self._target.name, "calls": str(self._count)}) from _error_of(retry_state)


def _error_of(retry_state: RetryCallState) -> BaseException | None:
    return retry_state.outcome.exception() if retry_state.outcome is not None else None

"""One model call that brings a reply: gate, deadline, backoff. The one place that retries anything."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import NoReturn

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type
from tenacity.wait import wait_base, wait_random_exponential

from adapter.domain.model import ModelRequest
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
from adapter.pipeline.gate import GateState, ModelGate
from adapter.ports import Clock, Model, Observer, StoredCall


@dataclass(frozen=True, slots=True)
class CallSettings:
    """Backoff between calls without a reply, and how long one call may take."""

    backoff_seconds: float = 0.5
    max_backoff_seconds: float = 8.0
    lone_failures: int = 3
    """So many calls of one job without a reply, while others get theirs, are MODEL_FAILED."""
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


async def call_model(
    target: GatedModel,
    request: ModelRequest,
    *,
    timeout_seconds: Callable[[], float],
    log: CallLog,
    clock: Clock,
    observer: Observer,
) -> StoredCall:
    """Call until a reply comes, waiting as long as it must; the caller cancels when nobody wants to wait.

    Raises ModelRejected, InputTooLong, ContentFiltered for a request that the endpoint refuses, ModelFailed for one
    that alone gets no reply. `timeout_seconds` is asked before each call.
    """
    strikes = _Strikes(target)
    retrying = AsyncRetrying(
        retry=retry_if_exception_type((CallUnreachable, CallThrottled, CallMisconfigured)),
        stop=strikes.are_out,
        wait=_Wait(target),
        sleep=clock.sleep,
        retry_error_callback=strikes.give_up,
    )

    async def once() -> StoredCall:
        await _admit(target.gate, log)
        return await _call_once(target, request, timeout_seconds(), log, clock, observer)

    try:
        call: StoredCall = await retrying(once)
    except CallRejected as exc:
        raise _refusal(exc)(f"{target.name}: {exc.message}", metadata={"model": target.name}) from exc
    return call


async def _admit(gate: ModelGate, log: CallLog) -> None:
    if gate.state is GateState.UP:
        return
    log.waiting(gate.why_closed())
    try:
        await gate.admit()
    finally:
        log.waiting(None)


async def _call_once(
    target: GatedModel, request: ModelRequest, timeout_seconds: float, log: CallLog, clock: Clock, observer: Observer
) -> StoredCall:
    try:
        call = await log.started(target)
    except BaseException:
        target.gate.abandoned()
        raise
    begun = clock.monotonic()
    try:
        reply = await target.model.call(request, timeout_seconds=timeout_seconds)
    except CallError as exc:
        seconds = clock.monotonic() - begun
        target.gate.failed(exc)
        observer.call_finished(target.name, type(exc).__name__, seconds, Usage())
        await log.ended(replace(call, error=f"{type(exc).__name__}: {exc.message}", duration_seconds=seconds))
        if not isinstance(exc, CallRejected):
            log.waiting(target.gate.why_closed() or _unavailable(target, exc))
        raise
    except asyncio.CancelledError:
        target.gate.abandoned()
        raise
    seconds = clock.monotonic() - begun
    target.gate.succeeded()
    log.waiting(None)
    observer.call_finished(target.name, "reply", seconds, reply.usage)
    call = replace(call, reply=reply, duration_seconds=seconds)
    await log.ended(call)
    return call


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
        outcome = retry_state.outcome
        error = outcome.exception() if outcome is not None else None
        asked = error.retry_after_seconds if isinstance(error, CallError) else None
        return max(asked or 0.0, self._backoff(retry_state))


class _Strikes:
    """Counts calls of one job that failed while the model answered others."""

    def __init__(self, target: GatedModel) -> None:
        self._target = target
        self._first_failure: float | None = None
        self._count = 0

    def are_out(self, retry_state: RetryCallState) -> bool:
        """Decide after a failed call whether it was the last."""
        error = retry_state.outcome.exception() if retry_state.outcome is not None else None
        gate = self._target.gate
        if not isinstance(error, CallUnreachable) or gate.state is not GateState.UP:
            return False
        if self._first_failure is None:
            self._first_failure = retry_state.start_time
        self._count += 1
        return self._count >= self._target.settings.lone_failures and gate.last_success > self._first_failure

    def give_up(self, retry_state: RetryCallState) -> NoReturn:
        """End the job."""
        error = retry_state.outcome.exception() if retry_state.outcome is not None else None
        raise ModelFailed(metadata={"model": self._target.name, "calls": str(self._count)}) from error

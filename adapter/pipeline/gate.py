"""The gate before each model: a circuit breaker that lets one call through as a probe while the model is down."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from adapter.errors import (
    AdapterError,
    CallError,
    CallMisconfigured,
    CallRejected,
    ModelMisconfigured,
    ModelUnavailable,
)
from adapter.ports import Clock


class GateState(StrEnum):
    """Whether calls may be made."""

    UP = "up"
    DOWN = "down"
    MISCONFIGURED = "misconfigured"


@dataclass(frozen=True, slots=True)
class GateSettings:
    """When the breaker opens and how often it probes. A provider's Retry-After is waited for in any case."""

    failures_to_open: int = 5
    """Calls in a row, over all jobs, that brought no reply."""
    probe_seconds: float = 2.0
    max_probe_seconds: float = 5.0
    """The pause between probes doubles from the first to the second."""
    misconfigured_probe_seconds: float = 15.0


class ModelGate:
    """Admits calls to one model. Calls report how they ended; waiters are served first come, first served."""

    def __init__(
        self, model: str, settings: GateSettings, clock: Clock, on_state: Callable[[str, str], None] | None = None
    ) -> None:
        """on_state is told the model and its new state at each change."""
        self.model = model
        self.state = GateState.UP
        self.last_success: float = float("-inf")
        self._settings = settings
        self._clock = clock
        self._on_state = on_state or (lambda _model, _state: None)
        self._failures = 0
        self._probe_pause = settings.probe_seconds
        self._next_probe = 0.0
        self._probing = False
        self._cause = ""
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """How many calls wait for the model."""
        return len(self._waiters)

    def why_closed(self) -> AdapterError | None:
        """Return the error a caller meets who cannot wait; None when calls may be made."""
        if self.state is GateState.UP:
            return None
        error = ModelMisconfigured if self.state is GateState.MISCONFIGURED else ModelUnavailable
        pause = max(0.0, self._next_probe - self._clock.monotonic())
        return error(
            f"{self.model}: {self._cause}. {error().message}", retry_after_seconds=pause, metadata={"model": self.model}
        )

    async def admit(self) -> None:
        """Return when a call may be made; the call must then be reported by succeeded, failed or abandoned."""
        if self.state is GateState.UP:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        self._schedule_probe()
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self.abandoned()
            raise

    def succeeded(self) -> None:
        """A reply came, of whatever quality, or the endpoint judged the request: the model is up."""
        self.last_success = self._clock.monotonic()
        self._failures = 0
        self._probing = False
        if self.state is GateState.UP:
            return
        self._probe_pause = self._settings.probe_seconds
        self._change(GateState.UP, "")
        waiters, self._waiters = self._waiters, deque()
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def failed(self, error: CallError) -> None:
        """A call brought no reply."""
        if isinstance(error, CallRejected):
            self.succeeded()
            return
        self._failures += 1
        was_probe, self._probing = self._probing, False
        if isinstance(error, CallMisconfigured):
            self._close(GateState.MISCONFIGURED, error, self._settings.misconfigured_probe_seconds)
        elif self.state is not GateState.UP:
            if was_probe:
                self._probe_pause = min(self._probe_pause * 2, self._settings.max_probe_seconds)
            self._close(GateState.DOWN, error, self._probe_pause)
        elif self._failures >= self._settings.failures_to_open:
            self._close(GateState.DOWN, error, self._probe_pause)

    def abandoned(self) -> None:
        """An admitted call was given up before it told anything: let another one probe."""
        self._probing = False
        self._schedule_probe()

    def _close(self, state: GateState, error: CallError, pause_seconds: float) -> None:
        pause = max(pause_seconds, error.retry_after_seconds or 0.0)
        self._next_probe = max(self._next_probe, self._clock.monotonic() + pause)
        self._change(state, error.message)
        self._schedule_probe()

    def _change(self, state: GateState, cause: str) -> None:
        self._cause = cause
        if state is not self.state:
            self.state = state
            self._on_state(self.model, state.value)

    def _schedule_probe(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.state is GateState.UP or self._probing or not self._waiters:
            return
        delay = max(0.0, self._next_probe - self._clock.monotonic())
        self._timer = asyncio.get_running_loop().call_later(delay, self._let_one_probe)

    def _let_one_probe(self) -> None:
        self._timer = None
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                self._probing = True
                waiter.set_result(None)
                return

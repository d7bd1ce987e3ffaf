"""The gate before each model: a circuit breaker that lets one call through as a probe while the model is down."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import structlog

from adapter.errors import (
    AdapterError,
    CallError,
    CallForbidden,
    CallMisconfigured,
    CallRejected,
    ModelMisconfigured,
    ModelUnavailable,
)
from adapter.pipeline.availability.first_calls import FirstCalls
from adapter.pipeline.availability.ramp import Ramp
from adapter.ports import Clock

log = structlog.get_logger()

# A provider that asks for more is asked again after this: such a wait is a mistake, or the model would be lost to us.
MAX_RETRY_AFTER_SECONDS = 3600.0
SUSPECT_FAILURES = 3
# Where somebody got a reply so recently, a request that is forbidden something may be the only one.
RECENT_SUCCESS_SECONDS = 60.0
_LEAST_DELAY_SECONDS = 0.001


class GateState(StrEnum):
    """Whether calls may be made."""

    UP = "up"
    DOWN = "down"
    MISCONFIGURED = "misconfigured"


@dataclass(frozen=True, slots=True)
class GateSettings:
    """When the breaker opens and how often it probes. A provider's Retry-After is waited for in any case."""

    failures_to_open: int = 5
    """So many jobs in a row, of which none got a reply; one job alone never takes the model from all others."""
    probe_seconds: float = 2.0
    max_probe_seconds: float = 3.0
    """The pause between probes doubles from the first to the second."""
    misconfigured_probe_seconds: float = 15.0


@dataclass(frozen=True, slots=True, eq=False)
class Leave:
    """Leave to make one call; how that ended must be told by succeeded, failed or abandoned."""

    failures: int = 0
    """Calls for the same request that brought no reply before."""
    failed_at: float = math.inf
    """Clock time of the newest of them, where it is known."""

    @property
    def is_suspect(self) -> bool:
        """True for a request that may itself be why no reply comes: any other is the better probe."""
        return self.failures >= SUSPECT_FAILURES


class ModelGate:
    """Admits calls to one model. Only the reply to a probe opens a closed gate: to a few, then to all who wait."""

    def __init__(
        self, model: str, settings: GateSettings, clock: Clock, on_state: Callable[[str, str], None] | None = None
    ) -> None:
        """on_state is told the model and its new state at each change."""
        self.model = model
        self.state = GateState.UP
        self.last_success: float = float("-inf")
        self.first_calls = FirstCalls()
        self._settings = settings
        self._clock = clock
        self._on_state = on_state or (lambda _model, _state: None)
        self._failures = 0
        self._probe_pause = settings.probe_seconds
        self._next_probe = 0.0
        self._asked_until = 0.0
        self._probe: Leave | None = None
        self._has_hurried = False
        self._ramp: Ramp[Leave] = Ramp()
        self._cause = ""
        self._waiters: dict[asyncio.Future[Leave], Leave] = {}
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """How many calls wait for the model."""
        return len(self._waiters)

    @property
    def wants_probe(self) -> bool:
        """True while the gate is closed and nobody is there to find out whether it can be opened."""
        if self.state is GateState.UP:
            return False
        return (self._probe is None or self._is_poor(self._probe)) and all(map(self._is_poor, self._waiters.values()))

    def _is_poor(self, probe: Leave) -> bool:
        """True for a probe whose failure tells little; a refused key hits every request alike."""
        return probe.is_suspect and self.state is GateState.DOWN

    def why_closed(self) -> AdapterError | None:
        """Return the error a caller meets who cannot wait; None when calls may be made."""
        if self.state is GateState.UP:
            return None
        error = ModelMisconfigured if self.state is GateState.MISCONFIGURED else ModelUnavailable
        pause = max(0.0, self._next_probe - self._clock.monotonic())
        return error(f"{self.trouble}. {error().message}", retry_after_seconds=pause, metadata={"model": self.model})

    @property
    def trouble(self) -> str:
        """Model and cause of a closed gate."""
        return f"{self.model}: {self._cause}"

    @property
    def why_slow(self) -> str:
        """Say why calls wait although the gate is open; "" = they do not."""
        is_ramping = self.state is GateState.UP and bool(self._waiters)
        return "it is back, and calls begin again a few at a time" if is_ramping else ""

    def would_admit(self, failures: int = 0) -> bool:
        """Say whether a call may be made at once: as a probe, if the gate is closed and nobody waits to be it."""
        now = self._clock.monotonic()
        if self._waiters:
            return False
        if self.state is GateState.UP:
            return self._ramp.has_room(now)
        return self._probe is None and now >= self._probe_due(is_poor=self._is_poor(Leave(failures)))

    def admit_now(self, failures: int = 0, failed_at: float = math.inf) -> Leave:
        """Give the leave that would_admit promised."""
        leave = Leave(failures, failed_at)
        if self.state is GateState.UP:
            self._ramp.enter(leave, self._clock.monotonic())
        else:
            self._probe = leave
        return leave

    async def admit(self, failures: int = 0, failed_at: float = math.inf) -> Leave:
        """Return when a call may be made.

        `failures` is how many for the same request brought no reply, `failed_at` when the newest of them failed.
        """
        if self.state is GateState.UP and self.would_admit(failures):
            return self.admit_now(failures, failed_at)
        waiter: asyncio.Future[Leave] = asyncio.get_running_loop().create_future()
        self._waiters[waiter] = Leave(failures, failed_at)
        self._schedule()
        try:
            return await waiter
        except asyncio.CancelledError:
            self._waiters.pop(waiter, None)
            if waiter.done() and not waiter.cancelled():
                self.abandoned(waiter.result())
            raise

    def is_good(self, leave: Leave) -> bool:
        """Say whether leave that was given earlier still holds: the gate may have closed since."""
        return self.state is GateState.UP or leave is self._probe

    def succeeded(self, leave: Leave) -> None:
        """A reply came, of whatever quality, or the endpoint judged the request: the model is up."""
        self.last_success = self._clock.monotonic()
        self._failures = 0
        if leave.failures == 0:
            self.first_calls.note(self.last_success, failed=False)
        self._ramp.leave(leave, with_reply=True)
        if self.state is GateState.UP:
            self._schedule()
            return
        if leave is not self._probe:
            # It was sent before the gate closed, and says nothing of the time since; but the next probe need not wait,
            # once: in an outage with a backlog there are many of them.
            if not self._has_hurried:
                self._next_probe = max(self.last_success, self._asked_until)
                self._has_hurried = True
            self._schedule()
            return
        self._probe = None
        self._probe_pause = self._settings.probe_seconds
        self._has_hurried = False
        self._change(GateState.UP, "")
        self._ramp.begin(self.last_success)
        self._schedule()

    def failed(self, leave: Leave, error: CallError) -> None:
        """A call brought no reply."""
        if isinstance(error, CallRejected):
            self.succeeded(leave)
            return
        # Jobs in a row, not calls: one that comes again counts again only if another one had a reply since.
        self._failures += leave.failures == 0 or leave.failed_at < self.last_success
        self._ramp.leave(leave)
        now = self._clock.monotonic()
        if leave.failures == 0:
            self.first_calls.note(now, failed=True)
        self._asked_until = max(self._asked_until, now + min(error.retry_after_seconds or 0.0, MAX_RETRY_AFTER_SECONDS))
        was_probe = leave is self._probe
        if was_probe:
            self._probe = None
        if isinstance(error, CallMisconfigured) and not self._may_be_alone(error):
            self._close(GateState.MISCONFIGURED, error, self._settings.misconfigured_probe_seconds)
        elif was_probe:
            self._probe_pause = min(self._probe_pause * 2, self._settings.max_probe_seconds)
            self._close(GateState.DOWN, error, self._probe_pause)
        elif self.state is not GateState.UP:
            self._next_probe = max(self._next_probe, self._asked_until)
            self._schedule()
        elif self._failures >= self._settings.failures_to_open:
            self._close(GateState.DOWN, error, self._probe_pause)
        else:
            self._schedule()

    def _may_be_alone(self, error: CallMisconfigured) -> bool:
        """True while it is likelier that one request is forbidden than that all are."""
        is_doubtful = isinstance(error, CallForbidden) and self.state is GateState.UP
        is_recent = self._clock.monotonic() - self.last_success < RECENT_SUCCESS_SECONDS
        return is_doubtful and is_recent and self._failures < self._settings.failures_to_open

    def abandoned(self, leave: Leave) -> None:
        """An admitted call was given up before it told anything: let another one probe, if it was to."""
        self._ramp.leave(leave)
        if leave is self._probe:
            self._probe = None
        self._schedule()

    def _close(self, state: GateState, error: CallError, pause_seconds: float) -> None:
        self._next_probe = max(self._next_probe, self._clock.monotonic() + pause_seconds, self._asked_until)
        self._change(state, error.message)
        self._schedule()

    def _change(self, state: GateState, cause: str) -> None:
        self._cause = cause
        if state is not self.state:
            self.state = state
            log.warning("model_state", model=self.model, state=state.value, cause=cause, waiting=self.waiting)
            self._on_state(self.model, state.value)

    def _schedule(self) -> None:
        """Admit whom there is room for while the gate is open; else see to it that one of those who wait probes."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.state is GateState.UP:
            self._admit_waiting()
            return
        if self._probe is not None or not self._waiters:
            return
        due = self._probe_due(is_poor=all(map(self._is_poor, self._waiters.values())))
        delay = max(0.0, due - self._clock.monotonic())
        self._timer = asyncio.get_running_loop().call_later(delay, self._let_one_probe)

    def _admit_waiting(self) -> None:
        now = self._clock.monotonic()
        while self._waiters and self._ramp.has_room(now):
            waiter = next(iter(self._waiters))
            leave = self._waiters.pop(waiter)
            if not waiter.done():
                self._ramp.enter(leave, now)
                waiter.set_result(leave)
        if self._waiters:
            delay = max(_LEAST_DELAY_SECONDS, self._ramp.next_step(now) - now)
            self._timer = asyncio.get_running_loop().call_later(delay, self._schedule)

    def _probe_due(self, *, is_poor: bool) -> float:
        """Who may itself be the cause leaves anybody else who comes some time to be the probe."""
        return self._next_probe + (self._settings.max_probe_seconds if is_poor else 0.0)

    def _let_one_probe(self) -> None:
        """Take the waiter with the fewest failures; the first of several."""
        self._timer = None
        waiting = [(waiter, leave) for waiter, leave in self._waiters.items() if not waiter.done()]
        if waiting:
            waiter, self._probe = min(waiting, key=lambda item: item[1].failures)
            del self._waiters[waiter]
            waiter.set_result(self._probe)

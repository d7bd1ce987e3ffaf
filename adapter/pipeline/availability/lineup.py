"""The models of one request in the order of use: which is called next, and what is waited for when none can be."""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from adapter.errors import AdapterError, CallError, CallForbidden, CallUnreachable, ModelMisconfigured, ModelUnavailable
from adapter.pipeline.availability.gate import MAX_RETRY_AFTER_SECONDS, GateState, Leave, ModelGate
from adapter.pipeline.availability.gated_model import GatedModel
from adapter.pipeline.availability.limiter import Limiter
from adapter.pipeline.availability.limits import Limits, Reservation
from adapter.ports import Clock

HTTP_ERRORS = 400


@dataclass(slots=True)
class Candidate:
    """One model, and how the calls of this request went there."""

    target: GatedModel
    limiter: Limiter
    tokens: int = 0
    """The most that a call of this request may take; 0 where nobody counts them."""
    failures: int = 0
    """Calls that brought no reply."""
    failed_at: float = float("inf")
    """Clock time of the newest of them."""
    rests_until: float = float("-inf")
    """Clock time before which this request does not call it again."""
    strikes: int = 0
    """Failures while the model answered the others: since the failure before, and all but a few of them."""
    last_failure: float = float("-inf")

    @property
    def gate(self) -> ModelGate:
        """Before the model."""
        return self.target.gate

    @property
    def is_out(self) -> bool:
        """True once this request alone failed there too often."""
        return self.strikes >= self.target.settings.lone_failures

    def failed(self, error: CallError, now: float) -> None:
        """Note a call without a reply, after the gate was told. A closed gate does the waiting itself."""
        self.failures += 1
        self.failed_at = now
        is_up = self.gate.state is GateState.UP
        if is_up:
            self.rests_until = now + self._pause_seconds(error)
        if not isinstance(error, (CallUnreachable, CallForbidden)):
            return
        before, self.last_failure = self.last_failure, now
        if is_up and (self.strikes == 0 or self._is_alone(before, now)):
            self.strikes += 1

    def _is_alone(self, before: float, now: float) -> bool:
        return self.gate.last_success > before and not self.gate.first_calls.many_fail(now)

    def _pause_seconds(self, error: CallError) -> float:
        """Exponential with full jitter, never less than Retry-After."""
        settings = self.target.settings
        longest = min(settings.max_backoff_seconds, settings.backoff_seconds * 2.0 ** min(self.failures - 1, 30))
        backoff = random.uniform(settings.backoff_seconds, longest)  # noqa: S311 - jitter is no secret
        return max(min(error.retry_after_seconds or 0.0, MAX_RETRY_AFTER_SECONDS), backoff)


@dataclass(frozen=True, slots=True)
class Admitted:
    """Leave to call a model, by its gate and its limits. Both must be told how the call ended."""

    candidate: Candidate
    leave: Leave
    reservation: Reservation

    @property
    def is_good(self) -> bool:
        """False when the gate closed, or the share of the limits lapsed, since leave was given."""
        return self.candidate.gate.is_good(self.leave) and self.candidate.limiter.is_good()

    def sent(self) -> None:
        """The call is sent now."""
        self.candidate.limiter.sent(self.reservation)

    def succeeded(self, tokens: int) -> None:
        """A reply came; tokens 0 = it does not say what it took."""
        self.candidate.gate.succeeded(self.leave)
        self.candidate.limiter.settle(self.reservation, tokens or None)

    def failed(self, error: CallError, now: float) -> None:
        """No reply came. An endpoint that refused the call took nothing for it; of others nobody knows."""
        self.candidate.gate.failed(self.leave, error)
        self.candidate.failed(error, now)
        is_refused = not isinstance(error, CallUnreachable) or (error.status or 0) >= HTTP_ERRORS
        self.candidate.limiter.settle(self.reservation, 0 if is_refused else None)

    def abandoned(self) -> None:
        """The call was given up; changes nothing once they were told how it ended."""
        self.candidate.gate.abandoned(self.leave)
        self.candidate.limiter.abandon(self.reservation)


class Lineup:
    """The models that one request may use. One that failed rests for its backoff; meanwhile the next is asked."""

    def __init__(
        self,
        targets: Sequence[GatedModel],
        clock: Clock,
        *,
        tokens_of: Callable[[GatedModel], int] = lambda _target: 0,
        since: float = 0.0,
    ) -> None:
        """Take the targets in the order of use; tokens_of: the most a call may take. since: when the request came."""
        self.candidates = tuple(_candidate(target, clock, tokens_of) for target in targets)
        self._clock = clock
        self._since = since

    @property
    def usable(self) -> list[Candidate]:
        """Those that this request did not fail at for good."""
        return [one for one in self.candidates if not one.is_out]

    @property
    def has_one_free(self) -> bool:
        """True when a call can be made at once."""
        return any(self._is_free(one) for one in self.usable)

    def admit_now(self) -> Admitted | None:
        """Give leave to call the first that is free: rested, within its limits, and up or due to be probed."""
        for one in self.usable:
            if self._is_free(one):
                return Admitted(one, one.gate.admit_now(one.failures, one.failed_at), one.limiter.admit_now(one.tokens))
        return None

    def _is_free(self, one: Candidate) -> bool:
        has_rested = one.rests_until <= self._clock.monotonic()
        return has_rested and one.gate.would_admit(one.failures) and one.limiter.can_admit(one.tokens)

    async def wait(self) -> Admitted | None:
        """Wait until a closed gate or a limit admits; None once a model has rested: look again."""
        now = self._clock.monotonic()
        ready = [one for one in self.usable if one.gate.state is not GateState.UP or one.rests_until <= now]
        rest_seconds = self._rest_seconds()
        if not ready:
            await self._clock.sleep(rest_seconds or 0.0)
            return None
        if rest_seconds is None and len(ready) == 1:
            return await self._admit(ready[0])
        return await self._first_admitted(ready, rest_seconds)

    async def _admit(self, one: Candidate) -> Admitted:
        """Pass the gate, then the limits; back to the gate if it closed meanwhile."""
        while True:
            leave = await one.gate.admit(one.failures, one.failed_at)
            try:
                reservation = await one.limiter.admit(one.tokens, self._since)
            except BaseException:
                one.gate.abandoned(leave)
                raise
            admitted = Admitted(one, leave, reservation)
            if one.gate.is_good(leave):
                return admitted
            admitted.abandoned()

    async def _first_admitted(self, ready: Sequence[Candidate], timeout_seconds: float | None) -> Admitted | None:
        """Wait for several; leave that came from any but the first is given back."""
        waits = [asyncio.ensure_future(self._admit(one)) for one in ready]
        first = None
        try:
            done, _ = await asyncio.wait(waits, timeout=timeout_seconds, return_when=asyncio.FIRST_COMPLETED)
            first = next((wait for wait in waits if wait in done), None)
            return None if first is None else first.result()
        finally:
            others = [wait for wait in waits if wait is not first]
            for wait in others:
                if not wait.cancel():
                    wait.result().abandoned()
            await asyncio.gather(*others, return_exceptions=True)

    def _rest_seconds(self) -> float | None:
        """Until the first of those that are up has rested; None = none rests."""
        now = self._clock.monotonic()
        ends = [one.rests_until for one in self.usable if one.gate.state is GateState.UP and one.rests_until > now]
        return min(ends) - now if ends else None

    def why_closed(self) -> AdapterError | None:
        """Return the error a caller meets who cannot wait; None while a model is up."""
        errors = [error for one in self.usable if (error := one.gate.why_closed()) is not None]
        if not errors or len(errors) < len(self.usable):
            return None
        if len(errors) == 1:
            return errors[0]
        is_operators = all(isinstance(error, ModelMisconfigured) for error in errors)
        error_class = ModelMisconfigured if is_operators else ModelUnavailable
        causes = "; ".join(one.gate.trouble for one in self.usable)
        soonest = min(error.retry_after_seconds or 0.0 for error in errors)
        return error_class(f"{causes}. {error_class().message}", retry_after_seconds=soonest, metadata=self.metadata)

    def why_limited(self) -> ModelUnavailable | None:
        """Return the error a caller meets who does not wait for a limit; None while no model is over its own."""
        now = self._clock.monotonic()
        over = [one for one in self.usable if one.gate.state is GateState.UP and one.rests_until <= now]
        if not over:
            return None
        causes = "; ".join(
            f"{one.target.name}: {one.gate.why_slow or one.limiter.why_waiting(one.tokens)}" for one in over
        )
        soonest = min(one.limiter.pause_seconds(one.tokens, self._since) for one in over)
        message = f"{causes}. {ModelUnavailable().message}"
        return ModelUnavailable(message, retry_after_seconds=soonest, metadata=self.metadata)

    def why_resting(self, failed: Candidate, error: CallError) -> ModelUnavailable:
        """Return the error a caller meets who waits no longer for the next call."""
        return ModelUnavailable(
            f"{failed.target.name}: {error.message}. {ModelUnavailable().message}",
            retry_after_seconds=error.retry_after_seconds or failed.target.settings.backoff_seconds,
            metadata=self.metadata,
        )

    @property
    def metadata(self) -> Mapping[str, str]:
        """Names of the usable models, for an error."""
        return {"model": ", ".join(one.target.name for one in self.usable)}


def _candidate(target: GatedModel, clock: Clock, tokens_of: Callable[[GatedModel], int]) -> Candidate:
    limiter = target.limiter or Limiter(target.name, Limits(), clock)
    return Candidate(target, limiter, tokens_of(target) if limiter.counts_tokens else 0)

"""The models of one request in the order of use: which is called next, and what is waited for when none can be."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from adapter.errors import AdapterError, CallError, CallUnreachable, ModelMisconfigured, ModelUnavailable
from adapter.pipeline.gate import MAX_RETRY_AFTER_SECONDS, GateState, Leave, ModelGate
from adapter.pipeline.gated_model import GatedModel
from adapter.ports import Clock


@dataclass(slots=True)
class Candidate:
    """One model, and how the calls of this request went there."""

    target: GatedModel
    failures: int = 0
    """Calls that brought no reply."""
    rests_until: float = float("-inf")
    """Clock time before which this request does not call it again."""
    strikes: int = 0
    """Failures while the model answered others: since the failure before."""
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
        is_up = self.gate.state is GateState.UP
        if is_up:
            self.rests_until = now + self._pause_seconds(error)
        if not isinstance(error, CallUnreachable):
            return
        before, self.last_failure = self.last_failure, now
        if is_up and (self.strikes == 0 or self.gate.last_success > before):
            self.strikes += 1

    def _pause_seconds(self, error: CallError) -> float:
        """Exponential with full jitter, never less than Retry-After."""
        settings = self.target.settings
        longest = min(settings.max_backoff_seconds, settings.backoff_seconds * 2.0 ** min(self.failures - 1, 30))
        backoff = random.uniform(settings.backoff_seconds, longest)  # noqa: S311 - jitter is no secret
        return max(min(error.retry_after_seconds or 0.0, MAX_RETRY_AFTER_SECONDS), backoff)


class Admitted(NamedTuple):
    """Leave to call a model."""

    candidate: Candidate
    leave: Leave


class Lineup:
    """The models that one request may use. One that failed rests for its backoff; meanwhile the next is asked."""

    def __init__(self, targets: Sequence[GatedModel], clock: Clock) -> None:
        """Take the targets in the order of use."""
        self.candidates = tuple(Candidate(target) for target in targets)
        self._clock = clock

    @property
    def usable(self) -> list[Candidate]:
        """Those that this request did not fail at for good."""
        return [one for one in self.candidates if not one.is_out]

    @property
    def has_one_free(self) -> bool:
        """True when a call can be made at once."""
        return any(self._is_free(one) for one in self.usable)

    def admit_now(self) -> Admitted | None:
        """Give leave to call the first that is free: up and rested, or closed and due to be probed."""
        for one in self.usable:
            if self._is_free(one):
                return Admitted(one, one.gate.admit_now(one.failures))
        return None

    def _is_free(self, one: Candidate) -> bool:
        return one.rests_until <= self._clock.monotonic() and one.gate.would_admit(one.failures)

    async def wait(self) -> Admitted | None:
        """Wait until a closed gate admits; None once a model has rested: look again."""
        closed = [one for one in self.usable if one.gate.state is not GateState.UP]
        rest_seconds = self._rest_seconds()
        if not closed:
            await self._clock.sleep(rest_seconds or 0.0)
            return None
        if rest_seconds is None and len(closed) == 1:
            return Admitted(closed[0], await closed[0].gate.admit(closed[0].failures))
        return await _first_admitted(closed, rest_seconds)

    def _rest_seconds(self) -> float | None:
        """Until the first of those that are up has rested; None = none is up."""
        ends = [one.rests_until for one in self.usable if one.gate.state is GateState.UP]
        return max(0.0, min(ends) - self._clock.monotonic()) if ends else None

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


async def _first_admitted(closed: Sequence[Candidate], timeout_seconds: float | None) -> Admitted | None:
    """Wait at several gates; leave that came from any but the first is given back."""
    waits = {asyncio.ensure_future(one.gate.admit(one.failures)): one for one in closed}
    first = None
    try:
        done, _ = await asyncio.wait(waits, timeout=timeout_seconds, return_when=asyncio.FIRST_COMPLETED)
        first = next((wait for wait in waits if wait in done), None)
        return None if first is None else Admitted(waits[first], first.result())
    finally:
        others = [wait for wait in waits if wait is not first]
        for wait in others:
            if not wait.cancel():
                waits[wait].gate.abandoned(wait.result())
        await asyncio.gather(*others, return_exceptions=True)

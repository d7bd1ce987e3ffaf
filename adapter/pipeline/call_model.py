"""One model call that brings a reply: gates, deadline, fallback. The one place that retries anything."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

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
)
from adapter.pipeline.availability.gated_model import GatedModel
from adapter.pipeline.availability.lineup import Admitted, Candidate, Lineup
from adapter.pipeline.budget import Budget, exhausted, most_tokens
from adapter.ports import Clock, Observer, StoredCall


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
    targets: Sequence[GatedModel],
    request_for: Callable[[GatedModel], ModelRequest],
    *,
    budget: Budget,
    log: CallLog,
    clock: Clock,
    observer: Observer,
    since: float = 0.0,
) -> StoredCall:
    """Call until a reply comes, waiting as long as it must; the caller cancels when nobody wants to wait.

    A model that brought no reply rests for its backoff; meanwhile the next of `targets` is asked, if there is one.
    `since` is when the request came, in seconds since 1970: where a limit makes requests wait, the oldest goes first.
    Raises ModelRejected, InputTooLong, ContentFiltered for a request that an endpoint refuses, ModelFailed for one
    that alone gets no reply, BudgetExhausted for a job that had replies and whose seconds end during another call.
    """

    def tokens_of(target: GatedModel) -> int:
        request = request_for(target)
        return most_tokens(request, target.headroom.get(request.reasoning, 0))

    lineup = Lineup(targets, clock, tokens_of=tokens_of, since=since)
    caller = _Caller(lineup, request_for, budget, log, clock, observer)
    retrying = AsyncRetrying(
        retry=retry_if_exception_type((CallUnreachable, CallThrottled, CallMisconfigured)),
        stop=lambda _: not lineup.usable,
        retry_error_callback=caller.give_up,
    )
    call: StoredCall = await retrying(caller.call_once)
    return call


@dataclass(slots=True)
class _Caller:
    """Makes the calls of one request, one at a time."""

    lineup: Lineup
    request_for: Callable[[GatedModel], ModelRequest]
    budget: Budget
    log: CallLog
    clock: Clock
    observer: Observer

    async def call_once(self) -> StoredCall:
        while (call := await self._call_unless_it_closed()) is None:
            continue
        return call

    def give_up(self, retry_state: RetryCallState) -> NoReturn:
        """End a job that got no reply from any of its models while others did."""
        strikes = sum(one.strikes for one in self.lineup.candidates)
        names = ", ".join(one.target.name for one in self.lineup.candidates)
        cause = retry_state.outcome.exception() if retry_state.outcome is not None else None
        raise ModelFailed(metadata={"model": names, "calls": str(strikes)}) from cause

    async def _call_unless_it_closed(self) -> StoredCall | None:
        """Make one call; None when the model went away while it was written down, and it was not sent."""
        admitted = await self._admitted()
        try:
            call = await self.log.started(admitted.candidate.target)
            if not admitted.is_good:
                await self.log.ended(replace(call, error=StoredCall.NOT_SENT))
                return None
            answered = await self._answer(call, admitted)
        finally:
            admitted.abandoned()  # changes nothing where it was told how the call ended
        await self.log.ended(answered)
        return answered

    async def _admitted(self) -> Admitted:
        while (admitted := self.lineup.admit_now() or await self._wait()) is None:
            continue
        return admitted

    async def _wait(self) -> Admitted | None:
        why = self.lineup.why_closed() or self.lineup.why_limited()
        if why is not None:
            self.log.waiting(why)
        begun = self.clock.monotonic()
        try:
            return await self.lineup.wait()
        finally:
            if why is not None:
                self.log.waiting(None)
            self.log.waited(self.clock.monotonic() - begun)

    async def _answer(self, call: StoredCall, admitted: Admitted) -> StoredCall:
        candidate, begun = admitted.candidate, self.clock.monotonic()
        name = candidate.target.name
        admitted.sent()
        try:
            reply = await self._reply(candidate.target)
        except CallError as exc:
            now = self.clock.monotonic()
            admitted.failed(exc, now)
            self.observer.call_finished(name, type(exc).__name__, now - begun, Usage())
            error = f"{type(exc).__name__}: {exc.message}"
            await self.log.ended(replace(call, error=error, duration_seconds=now - begun))
            if isinstance(exc, CallRejected):
                raise _refusal(exc)(f"{name}: {exc.message}", metadata={"model": name}) from exc
            self._tell_wait(candidate, exc)
            raise
        seconds = self.clock.monotonic() - begun
        admitted.succeeded(reply.usage.total_tokens)
        self.log.waiting(None)
        self.observer.call_finished(name, "reply", seconds, reply.usage)
        return replace(call, reply=reply, duration_seconds=seconds)

    def _tell_wait(self, failed: Candidate, error: CallError) -> None:
        """Say why the job waits, unless another model is asked at once."""
        if self.lineup.usable and not self.lineup.has_one_free:
            self.log.waiting(self.lineup.why_closed() or self.lineup.why_resting(failed, error))

    async def _reply(self, target: GatedModel) -> Reply:
        """Ask the model. A job that had a reply already knows the model to be up: its own time ends its call."""
        budget, longest, request = self.budget, target.settings.timeout_seconds, self.request_for(target)
        seconds = budget.call_seconds(longest)
        if not budget.attempts or seconds >= longest:
            return await target.model.call(request, timeout_seconds=seconds)
        try:
            async with asyncio.timeout(seconds) as own_time:
                return await target.model.call(request, timeout_seconds=longest)
        except TimeoutError as exc:
            if own_time.expired():
                raise exhausted("seconds", budget.max_seconds) from exc
            raise


def _refusal(exc: CallRejected) -> type[AdapterError]:
    if isinstance(exc, CallTooLong):
        return InputTooLong
    return ContentFiltered if isinstance(exc, CallFiltered) else ModelRejected

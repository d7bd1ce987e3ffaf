"""The simulated model in this process: a Model without a socket, the same in everything else."""

import asyncio
import time
from collections.abc import Mapping

from adapter.domain.model import FinishReason, ModelRequest, Reply
from adapter.domain.usage import Price, Usage
from adapter.errors import CallError, CallRejected, CallUnreachable
from adapter.simulator.answers import SampleAnswers
from adapter.simulator.calls import CallEnd, CallLog
from adapter.simulator.faults import UnknownFault
from adapter.simulator.generate import UnusableSchema
from adapter.simulator.simulation import (
    Controls,
    Question,
    RunningCall,
    SimulatedReply,
    Simulation,
    SimulatorSettings,
)

_HTTP_OK = 200
_FINISH_REASONS: Mapping[str, FinishReason] = {reason.value: reason for reason in FinishReason}


class SimulatedModel:
    """Answers from the process itself; faults come as the CallErrors that they would be translated to."""

    def __init__(
        self,
        name: str,
        settings: SimulatorSettings | None = None,
        answers: SampleAnswers | None = None,
        price: Price | None = None,
    ) -> None:
        """Without settings: no latency, no faults. Without answers: everything is generated."""
        self.name = name
        self._simulation = Simulation(settings or SimulatorSettings(), answers or {})
        self._price = price

    @property
    def log(self) -> CallLog:
        """Every call so far."""
        return self._simulation.log

    @property
    def controls(self) -> Controls:
        """Switches that work at once."""
        return self._simulation.controls

    async def call(self, request: ModelRequest, *, timeout_seconds: float) -> Reply:
        """Make one call. Raises a CallError when no reply came."""
        simulation = self._simulation
        try:
            call = simulation.begin(request.tags)
        except UnknownFault as exc:
            raise CallRejected(f"the simulated model knows {exc}", status=400) from exc
        try:
            async with asyncio.timeout(timeout_seconds):
                reply = await self._answer(request, call)
            call.ends(CallEnd.ANSWERED, _HTTP_OK)
        except TimeoutError as exc:
            raise CallUnreachable(f"no answer within {timeout_seconds:g} s") from exc
        except CallError as exc:
            call.ends(CallEnd.FAILED, exc.status or 0)
            raise
        finally:
            simulation.end(call)
        return reply

    async def _answer(self, request: ModelRequest, call: RunningCall) -> Reply:
        if call.word == "hang":
            await asyncio.Event().wait()
        if call.latency_seconds:
            await asyncio.sleep(call.latency_seconds)
        self._fail(call)
        question = Question(
            [(turn.role, turn.content) for turn in request.turns], request.schema, request.max_output_tokens
        )
        try:
            said = self._simulation.reply(question, call)
        except UnusableSchema as exc:
            raise CallRejected(f"the schema is unusable: {exc}", status=400) from exc
        return self._translated(said, call)

    def _fail(self, call: RunningCall) -> None:
        fault = call.fault
        if fault is None or fault.error is None:
            return
        waits = self._simulation.settings.retry_after_seconds if fault.word == "429" else None
        raise fault.error(f"simulated: {fault.meaning}", status=fault.status or None, retry_after_seconds=waits)

    def _translated(self, said: SimulatedReply, call: RunningCall) -> Reply:
        finish = FinishReason.REFUSAL if said.refusal else _FINISH_REASONS[said.finish_reason]
        usage = Usage(
            input_tokens=said.prompt_tokens,
            output_tokens=said.completion_tokens,
            model_calls=1,
            model_seconds=time.monotonic() - call.begun,
        )
        return Reply(
            text=said.text,
            finish_reason=finish,
            usage=usage.priced(self._price),
            served_model=self._simulation.settings.model,
            system_fingerprint="simulated",
            provider_request_id=f"simulated-{call.number}",
            refusal=said.refusal or "",
            simulated_review=said.review,
        )

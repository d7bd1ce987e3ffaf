"""One job, start to finish: decode ▸ check input ▸ prompt ▸ model ▸ parse ▸ check output ▸ repair or verdict."""

import asyncio
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from adapter.domain import exact_json
from adapter.domain.job import Attempt, Outcome, Result, State
from adapter.domain.model import ModelRequest, Reply, Turn
from adapter.domain.payload import Payload
from adapter.domain.usage import Usage
from adapter.errors import AdapterError, InputTooLong, Interrupted, ModelRejected, OutputInvalid, Violation
from adapter.pipeline.availability.gated_model import GatedModel
from adapter.pipeline.budget import Budget, estimated_tokens
from adapter.pipeline.call_model import CallLog, call_model
from adapter.pipeline.check_output import check_output, findings_of, verdict_of
from adapter.pipeline.parse import Parsed, ReplyInvalid, parse_reply
from adapter.pipeline.personal import personal_texts
from adapter.pipeline.prompt import render_prompt
from adapter.pipeline.read_record import OFFLOAD_BYTES, read_record
from adapter.pipeline.repair import repair_turns, same_violations
from adapter.ports import NO_TRACER, Clock, Observer, StoredCall, Tracer
from adapter.tasks.json_schema.problem import ContractRefused
from adapter.tasks.strict_schema import StrictSchema
from adapter.tasks.task import Task


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be worked on: the request's payload, and what earlier runs of the job left."""

    job_id: str
    task: Task
    payload: Payload
    request_id: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    calls: tuple[StoredCall, ...] = ()
    since: float = 0.0
    """When the request first came, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a run needs from outside."""

    targets: tuple[GatedModel, ...]
    """Models in the order of use."""
    log: CallLog
    clock: Clock
    observer: Observer
    tracer: Tracer = NO_TRACER


@dataclass(slots=True)
class RunRecord:
    """What the runs of a job did so far, this one included, kept also when it fails."""

    budget: Budget = field(default_factory=Budget)
    attempts: list[Attempt] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    turns: tuple[Turn, ...] = ()
    """Of the newest prompt."""
    model_calls: int = 0
    """All that were sent, the ones without a reply too."""
    calls_written: int = 0
    """Number of the newest call."""
    worked_seconds: float = 0.0
    """In attempts of this run."""
    waited_seconds: float = 0.0
    """Of this run: for a model, or in calls without a reply. Nobody's work."""

    @classmethod
    def of_earlier(cls, calls: Sequence[StoredCall], work_seconds: float) -> "RunRecord":
        """Begin with what earlier runs left: their calls, and the time they are known to have worked."""
        record = cls(model_calls=sum(call.was_sent for call in calls), calls_written=len(calls))
        for call in earlier_attempts(calls):
            record.note(call)
        record.budget.seconds = max(record.budget.seconds, work_seconds)
        record.worked_seconds = 0.0
        return record

    def note(self, call: StoredCall) -> None:
        """Count an attempt: a call whose reply is stored now, or whose worker died. Whoever stores it says so."""
        self.attempts.append(_attempt_of(call))
        usage = self.attempts[-1].usage
        self.budget.charge(usage, call.duration_seconds)
        self.usage += replace(usage, model_calls=0, model_seconds=call.duration_seconds)
        self.worked_seconds += call.duration_seconds

    def settled_usage(self, elapsed_seconds: float) -> Usage:
        """Usage of the job; elapsed = how long this run took."""
        overhead = max(0.0, elapsed_seconds - self.worked_seconds - self.waited_seconds)
        return replace(self.usage, model_calls=self.model_calls, overhead_seconds=overhead)


def earlier_attempts(calls: Sequence[StoredCall]) -> tuple[StoredCall, ...]:
    """Those calls that count: with a reply, or lost with their worker."""
    return tuple(call for call in calls if call.reply is not None or not call.error)


def _attempt_of(call: StoredCall) -> Attempt:
    reply = call.reply
    return Attempt(
        model=call.model,
        served_model=reply.served_model if reply else "",
        system_fingerprint=reply.system_fingerprint if reply else "",
        mode=reply.mode if reply else "",
        finish_reason=reply.finish_reason.value if reply else "lost",
        usage=reply.usage if reply else Usage(),
        start_time=call.start_time,
        duration_seconds=call.duration_seconds,
        reason="" if reply else Interrupted.reason,
        unsent_parameters=reply.unsent_parameters if reply else (),
    )


async def run_job(work: Work, around: Surroundings, record: RunRecord, limit_bytes: int) -> Outcome:
    """Work on a job until it succeeds; raises the AdapterError that ended it otherwise. `record` fills as it goes."""
    document = await read_record(work.task, work.payload, limit_bytes, around.tracer)
    nonce = secrets.token_hex(4)
    with around.tracer.span("prompt"):
        turns = await _render(work, document, nonce)
    personal = personal_texts(document, work.task.input.schema)
    return await _Conversation(work, around, record, nonce, personal).until_accepted(turns)


async def _render(work: Work, document: Any, nonce: str) -> tuple[Turn, ...]:
    render = partial(render_prompt, work.task.prompt, document, schema=work.task.input.schema, nonce=nonce)
    return await asyncio.to_thread(render) if len(work.payload.content) > OFFLOAD_BYTES else render()


class _Conversation:
    """Asks, judges, re-asks. Replies that earlier runs paid for are judged first."""

    def __init__(
        self, work: Work, around: Surroundings, record: RunRecord, nonce: str, personal: tuple[str, ...]
    ) -> None:
        self._work = work
        self._around = around
        self._record = record
        self._nonce = nonce
        self._personal = personal
        self._calls = list(earlier_attempts(work.calls))
        self._judged = -1
        self._repairs = 0
        self._targets = around.targets
        self._tags = _tags_of(work)

    async def until_accepted(self, turns: tuple[Turn, ...]) -> Outcome:
        previous: tuple[Violation, ...] = ()
        while True:
            self._record.turns = turns
            reply, target = await self._next_reply(turns)
            try:
                return self._accept(reply, target)
            except ReplyInvalid as exc:
                violations = exc.violations
            except AdapterError as exc:
                self._blame(exc.reason)
                raise
            self._blame(OutputInvalid.reason)
            if self._repairs >= self._work.task.definition.policy.repairs or same_violations(previous, violations):
                raise OutputInvalid(violations=violations)
            self._repairs += 1
            previous = violations
            self._targets = (target,)
            turns = repair_turns(turns, reply, violations, self._nonce)

    async def _next_reply(self, turns: tuple[Turn, ...]) -> tuple[Reply, GatedModel]:
        """Return the next reply that was paid for already, else call; with the model that gave it."""
        while self._judged + 1 < len(self._calls):
            self._judged += 1
            call = self._calls[self._judged]
            if call.reply is not None:
                return call.reply, self._giver(call)
        around, record = self._around, self._record
        call = await call_model(
            self._fitting(turns),
            partial(self._request, turns),
            budget=record.budget,
            log=around.log,
            clock=around.clock,
            observer=around.observer,
            since=self._work.since,
        )
        if call.reply is None:
            raise AssertionError("call_model returns calls that have a reply")
        self._calls.append(call)
        self._judged = len(self._calls) - 1
        return call.reply, self._giver(call)

    def _giver(self, call: StoredCall) -> GatedModel:
        """The model of a call; the first in use when it is not configured any more."""
        return next((one for one in self._around.targets if one.name == call.model), self._around.targets[0])

    def _fitting(self, turns: tuple[Turn, ...]) -> tuple[GatedModel, ...]:
        """Models whose context takes the prompt. Raises InputTooLong or BudgetExhausted for a call not to be made."""
        limit = self._work.task.definition.model.max_output_tokens
        tokens = estimated_tokens(sum(len(turn.content) for turn in turns)) + limit
        fitting = tuple(one for one in self._targets if one.context_tokens is None or tokens <= one.context_tokens)
        if not fitting:
            widest = max(self._targets, key=lambda one: one.context_tokens or 0)
            raise InputTooLong(
                f"{widest.name}: prompt and reply need about {tokens} tokens, its context has {widest.context_tokens}. "
                f"{InputTooLong().message}",
                metadata={"model": widest.name},
            )
        for one in fitting:
            self._strict(one)
        self._record.budget.check(tokens)
        return fitting

    def _strict(self, target: GatedModel) -> StrictSchema:
        """What a model is told of the output contract. Raises ModelRejected for one that it cannot be told."""
        try:
            return self._work.task.strict_for(target.schema_profile)
        except ContractRefused as exc:
            raise ModelRejected(
                f"{target.name}: it cannot be told the task's output contract: {exc}",
                metadata={"model": target.name},
            ) from exc

    def _blame(self, reason: str) -> None:
        self._record.attempts[self._judged] = replace(self._record.attempts[self._judged], reason=reason)

    def _request(self, turns: tuple[Turn, ...], target: GatedModel) -> ModelRequest:
        task = self._work.task
        options = task.definition.model
        return ModelRequest(
            turns=turns,
            schema_name=task.name,
            schema=self._strict(target).schema,
            max_output_tokens=options.max_output_tokens,
            reasoning=options.reasoning,
            seed=options.seed,
            temperature=options.temperature,
            nonce=self._nonce,
            personal=self._personal,
            tags=self._tags,
        )

    def _accept(self, reply: Reply, target: GatedModel) -> Outcome:
        task, tracer = self._work.task, self._around.tracer
        with tracer.span("parse"):
            parsed: Parsed = parse_reply(reply, task.output, self._strict(target))
        with tracer.span("check_output"):
            violations = check_output(parsed.document, task.output)
            if violations:
                raise ReplyInvalid(violations)
        findings = findings_of(reply, parsed.document)
        result = Result(
            content=exact_json.dumps(task.output.ordered(parsed.document)),
            verdict=verdict_of(parsed.changes, findings, repaired=self._repairs > 0),
            changes=parsed.changes,
            findings=findings,
        )
        return Outcome(State.SUCCEEDED, result=result)


def _tags_of(work: Work) -> Mapping[str, str]:
    tags = {
        "job-id": work.job_id,
        "request-id": work.request_id,
        "task": work.task.ref,
        "payload-sha256": hashlib.sha256(work.payload.content).hexdigest(),
    }
    return tags | ({"simulate": work.labels["simulate"]} if "simulate" in work.labels else {})

"""One job, start to finish: decode ▸ check input ▸ prompt ▸ model ▸ parse ▸ check output ▸ repair or verdict."""

import asyncio
import hashlib
import secrets
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from adapter.domain import exact_json
from adapter.domain.job import Attempt, Outcome, Result, State
from adapter.domain.model import ModelRequest, Reply, Turn
from adapter.domain.payload import Payload
from adapter.domain.usage import Usage
from adapter.errors import AdapterError, OutputInvalid, PayloadTooLarge, Violation
from adapter.pipeline.budget import Budget
from adapter.pipeline.call_model import CallLog, GatedModel, call_model
from adapter.pipeline.check_input import check_input
from adapter.pipeline.check_output import check_output, findings_of, verdict_of
from adapter.pipeline.decode import decode
from adapter.pipeline.parse import Parsed, ReplyInvalid, parse_reply
from adapter.pipeline.prompt import render_prompt
from adapter.pipeline.repair import repair_turns, same_violations
from adapter.ports import Clock, Observer, StoredCall
from adapter.tasks.task import Task

# Larger payloads are decoded off the loop: lxml and json hold it for milliseconds by then.
OFFLOAD_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be worked on: the request's payload, and what earlier runs of the job left."""

    job_id: str
    task: Task
    payload: Payload
    request_id: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    calls: tuple[StoredCall, ...] = ()
    work_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a run needs from outside."""

    target: GatedModel
    log: CallLog
    clock: Clock
    observer: Observer


@dataclass(slots=True)
class RunRecord:
    """What a run did so far, kept also when it fails: attempts, usage, budget, turns of the newest prompt."""

    budget: Budget
    attempts: list[Attempt] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    turns: tuple[Turn, ...] = ()
    model_calls: int = 0

    def settled_usage(self) -> Usage:
        """Usage of the job with all its calls counted, the ones without a reply too."""
        return replace(self.usage, model_calls=self.model_calls)


async def read_record(task: Task, payload: Payload, limit_bytes: int) -> Any:
    """Decode and check the input. Raises PayloadTooLarge, PayloadUnreadable, InputInvalid."""
    size = len(payload.content)
    if size > limit_bytes:
        raise PayloadTooLarge(
            f"The payload has {size} bytes, the limit is {limit_bytes}. {PayloadTooLarge().message}",
            metadata={"bytes": str(size), "limit": str(limit_bytes)},
        )
    if size > OFFLOAD_BYTES:
        return await asyncio.to_thread(_read, task, payload)
    return _read(task, payload)


def _read(task: Task, payload: Payload) -> Any:
    section = task.definition.input
    decoded = decode(payload, section.formats, section.assume, section.map, task.input.schema, task.layout)
    check_input(decoded.record, task.input)
    return decoded.record


async def run_job(work: Work, around: Surroundings, record: RunRecord, limit_bytes: int) -> Outcome:
    """Work on a job until it succeeds; raises the AdapterError that ended it otherwise. `record` fills as it goes."""
    document = await read_record(work.task, work.payload, limit_bytes)
    nonce = secrets.token_hex(4)
    turns = render_prompt(work.task.prompt, document, schema=work.task.input.schema, nonce=nonce)
    return await _Conversation(work, around, record, nonce).until_accepted(turns)


class _Conversation:
    """Asks, judges, re-asks. Replies that earlier runs paid for are judged first."""

    def __init__(self, work: Work, around: Surroundings, record: RunRecord, nonce: str) -> None:
        self._work = work
        self._around = around
        self._record = record
        self._nonce = nonce
        self._earlier = deque(call for call in work.calls if call.reply is not None or not call.error)
        self._repairs = 0

    async def until_accepted(self, turns: tuple[Turn, ...]) -> Outcome:
        previous: tuple[Violation, ...] = ()
        while True:
            self._record.turns = turns
            reply = await self._next_reply(turns)
            try:
                return self._accept(reply)
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
            turns = repair_turns(turns, reply, violations, self._nonce)

    async def _next_reply(self, turns: tuple[Turn, ...]) -> Reply:
        while self._earlier:
            call = self._earlier.popleft()
            self._note(call)
            if call.reply is not None:
                return call.reply
        target = self._around.target
        request = self._request(turns)
        self._record.budget.check(sum(len(turn.content) for turn in turns), request.max_output_tokens)
        call = await call_model(
            target,
            request,
            timeout_seconds=lambda: max(1.0, min(self._record.budget.seconds_left, target.settings.timeout_seconds)),
            log=self._around.log,
            clock=self._around.clock,
            observer=self._around.observer,
        )
        self._note(call)
        if call.reply is None:
            raise AssertionError("call_model returns calls that have a reply")
        return call.reply

    def _note(self, call: StoredCall) -> None:
        reply = call.reply
        usage = reply.usage if reply is not None else Usage()
        self._record.budget.charge(usage, call.duration_seconds)
        self._record.usage += replace(usage, model_calls=0, model_seconds=call.duration_seconds)
        self._record.attempts.append(
            Attempt(
                model=call.model,
                served_model=reply.served_model if reply else "",
                system_fingerprint=reply.system_fingerprint if reply else "",
                mode=reply.mode if reply else "",
                finish_reason=reply.finish_reason.value if reply else "lost",
                usage=usage,
                start_time=call.start_time,
                duration_seconds=call.duration_seconds,
                reason="" if reply else "INTERRUPTED",
                unsent_parameters=reply.unsent_parameters if reply else (),
            )
        )

    def _blame(self, reason: str) -> None:
        self._record.attempts[-1] = replace(self._record.attempts[-1], reason=reason)

    def _request(self, turns: tuple[Turn, ...]) -> ModelRequest:
        work, task = self._work, self._work.task
        tags = {"job-id": work.job_id, "request-id": work.request_id, "task": task.ref}
        tags["payload-sha256"] = hashlib.sha256(work.payload.content).hexdigest()
        if "simulate" in work.labels:
            tags["simulate"] = work.labels["simulate"]
        options = task.definition.model
        return ModelRequest(
            turns=turns,
            schema_name=task.name,
            schema=task.strict_output.schema,
            max_output_tokens=options.max_output_tokens,
            reasoning=options.reasoning,
            seed=options.seed,
            temperature=options.temperature,
            tags=tags,
        )

    def _accept(self, reply: Reply) -> Outcome:
        task = self._work.task
        parsed: Parsed = parse_reply(reply, task.output, task.strict_output)
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

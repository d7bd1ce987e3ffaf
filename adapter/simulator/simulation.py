"""One simulated model, behind the server and in-process: decides what each call meets, makes its reply, logs it."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from random import Random
from typing import Any

from adapter.domain.exact_json import dumps_text
from adapter.simulator.answers import SampleAnswers
from adapter.simulator.calls import CallEnd, CallLog, LoggedCall
from adapter.simulator.faults import FAULTS, Fault, FaultRule, due_fault, fault_of_status, rule_of_label
from adapter.simulator.generate import CompiledSchema, GeneratorCache, seed_of
from adapter.simulator.latency import Latency
from adapter.simulator.nodes import UNSAID
from adapter.simulator.tamper import tampered_document, tampered_text

BYTES_PER_TOKEN = 4
_REFUSAL = "I'm sorry, but I can't help with that."
_PLAIN_ANSWER = "This is the simulated model. Send a response_format with a JSON Schema to receive a document."


@dataclass(frozen=True, slots=True)
class SimulatorSettings:
    """How the simulated model behaves until it is told otherwise."""

    latency: Latency = field(default_factory=Latency)
    faults: tuple[FaultRule, ...] = ()
    retry_after_seconds: float = 1.0
    slow_seconds: float = 5.0
    """Added by the fault `slow`."""
    seed: int = 0
    log_limit: int = 10_000
    """Finished calls that are kept, and ten times as many requests' counts, which are small."""
    model: str = "simulated"


@dataclass(slots=True)
class Controls:
    """What can be changed while it runs."""

    latency: Latency
    faults: tuple[FaultRule, ...]
    down: bool = False
    """Every call is reset."""
    status: int | None = None
    """Every call is answered with this HTTP error."""


@dataclass(frozen=True, slots=True)
class Question:
    """What the model is asked. turns are (role, content)."""

    turns: Sequence[tuple[str, str]]
    schema: Mapping[str, Any] | None
    max_tokens: int | None = None

    @property
    def message(self) -> str:
        """The longest user turn: it holds the record, beside examples and requests for a repair."""
        return max((content for role, content in self.turns if role == "user"), key=len, default="")


@dataclass(frozen=True, slots=True)
class SimulatedReply:
    """What the model says. text None = nothing."""

    text: str | None
    finish_reason: str = "stop"
    refusal: str | None = None
    review: bool = False
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(slots=True)
class RunningCall:
    """A call between its arrival and its end."""

    number: int
    nth: int
    tags: Mapping[str, str]
    fault: Fault | None
    latency_seconds: float
    concurrency: int
    arrival: datetime = field(default_factory=lambda: datetime.now(UTC))
    begun: float = field(default_factory=time.monotonic)
    source: str = ""
    outcome: CallEnd = CallEnd.ABANDONED
    status: int = 0
    tokens: int = 0

    @property
    def word(self) -> str:
        """The fault's word, "" = none."""
        return self.fault.word if self.fault is not None else ""

    def ends(self, outcome: CallEnd, status: int) -> None:
        """Say how it ends; a call of which nothing is said was abandoned."""
        self.outcome = outcome
        self.status = status


class Simulation:
    """Stateful core of a simulated model; not thread-safe."""

    def __init__(self, settings: SimulatorSettings, answers: SampleAnswers) -> None:
        """Answers are looked up by the tags task and payload-sha256."""
        self.settings = settings
        self.controls = Controls(settings.latency, settings.faults)
        self.log = CallLog(settings.log_limit)
        self._answers = answers
        self._schemas = GeneratorCache()
        self._random = Random(settings.seed)  # noqa: S311 - repeatable latencies, nothing secret

    def begin(self, tags: Mapping[str, str]) -> RunningCall:
        """Count a call in and decide what it meets. Raises UnknownFault for a label that names none."""
        label, request_id = tags.get("simulate", ""), tags.get("request-id", "")
        forced = (rule_of_label(label),) if label else ()
        number, nth = self.log.arrived(request_id)
        fault = self._imposed() or due_fault((*forced, *self.controls.faults), number, nth, request_id)
        return RunningCall(number, nth, tags, fault, self._latency_seconds(fault), self.log.in_flight)

    def end(self, call: RunningCall) -> None:
        """Count a call out and log it."""
        tags = call.tags
        self.log.ended(
            LoggedCall(
                number=call.number,
                time=call.arrival,
                request_id=tags.get("request-id", ""),
                job_id=tags.get("job-id", ""),
                task=tags.get("task", ""),
                nth=call.nth,
                fault=call.word,
                source=call.source if call.outcome is CallEnd.ANSWERED else "",
                latency_seconds=round(time.monotonic() - call.begun, 6),
                status=call.status,
                outcome=call.outcome,
                concurrency=call.concurrency,
                tokens=call.tokens if call.outcome is CallEnd.ANSWERED else 0,
                caller=tags.get("caller", ""),
            )
        )

    def reply(self, question: Question, call: RunningCall) -> SimulatedReply:
        """Say what the model says. Raises UnusableSchema."""
        said = self._reply(question, call)
        call.tokens = said.prompt_tokens + said.completion_tokens
        return said

    def _reply(self, question: Question, call: RunningCall) -> SimulatedReply:
        compiled = self._schemas.get(question.schema) if question.schema is not None else None
        text = self._text(question, compiled, call)
        schema_bytes = compiled.bytes if compiled is not None else 0
        prompt_bytes = schema_bytes + sum(len(content.encode()) for _, content in question.turns)
        said = SimulatedReply(text, prompt_tokens=_tokens(prompt_bytes), completion_tokens=_tokens(len(text.encode())))
        if question.max_tokens is not None and said.completion_tokens > question.max_tokens:
            said = _cut_off(said, text, question.max_tokens)
        match call.word:
            case "refusal":
                return SimulatedReply(
                    None, "stop", _REFUSAL, prompt_tokens=said.prompt_tokens, completion_tokens=_tokens(len(_REFUSAL))
                )
            case "content_filter":
                return replace(said, finish_reason="content_filter")
            case "truncated":
                return _cut_off(said, text, question.max_tokens or said.completion_tokens)
            case "runaway":  # uncut, so that a small limit does not hide the loop
                return replace(said, text=text, finish_reason="length")
            case "review":
                return replace(said, review=True)
        return said

    def _latency_seconds(self, fault: Fault | None) -> float:
        if fault is not None and fault.comes_at_once:
            return 0.0
        seconds = self.controls.latency.seconds(self._random)
        return seconds + self.settings.slow_seconds if fault is not None and fault.word == "slow" else seconds

    def _imposed(self) -> Fault | None:
        if self.controls.down:
            return FAULTS["reset"]
        return fault_of_status(self.controls.status) if self.controls.status is not None else None

    def _text(self, question: Question, compiled: CompiledSchema | None, call: RunningCall) -> str:
        if compiled is None or question.schema is None:
            call.source = "generated"
            return tampered_text(call.word, _PLAIN_ANSWER, lambda: _PLAIN_ANSWER)
        known = self._answers.get((call.tags.get("task", ""), call.tags.get("payload-sha256", "")))
        call.source = "generated" if known is None else "sample"
        if known is not None and known.text is not None:
            return tampered_text(call.word, known.text, lambda: "{}")
        seed = self._seed(question, compiled, call.tags)
        given = UNSAID if known is None else known.document
        document = compiled.generator.document(seed, question.message, given)
        text = dumps_text(document)
        if question.max_tokens is not None and len(text) > question.max_tokens * BYTES_PER_TOKEN:
            document = compiled.generator.document(seed, question.message, given, is_short=True)
            text = dumps_text(document)
        if call.fault is None:
            return text
        text = dumps_text(tampered_document(call.word, document, question.schema))
        return tampered_text(call.word, text, lambda: self._another(question, compiled, seed))

    def _another(self, question: Question, compiled: CompiledSchema, seed: int) -> str:
        return dumps_text(compiled.generator.document(seed + 1, question.message))

    def _seed(self, question: Question, compiled: CompiledSchema, tags: Mapping[str, str]) -> int:
        """The same record gets the same answer: prompts differ by a nonce, so the payload's digest counts if known."""
        payload = tags.get("payload-sha256")
        asked = [payload] if payload else [part for turn in question.turns for part in turn]
        return seed_of(str(self.settings.seed).encode(), compiled.digest, *(part.encode() for part in asked))


def _cut_off(said: SimulatedReply, text: str, limit: int) -> SimulatedReply:
    cut = text.encode()[: limit * BYTES_PER_TOKEN].decode(errors="ignore")
    return replace(said, text=cut, finish_reason="length", completion_tokens=limit)


def _tokens(size_bytes: int) -> int:
    """Count as most tokenizers come out on average: four bytes of text a token, at least one."""
    return max(1, -(-size_bytes // BYTES_PER_TOKEN))

"""Working on a claimed job: run the pipeline, record each call, store the one outcome, hand on what follows from it."""

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import structlog

from adapter.domain.job import Job, JobError, Outcome, State, Verdict
from adapter.domain.message import Answer, ParkedMessage, Publication
from adapter.domain.payload import Payload
from adapter.errors import (
    AdapterError,
    Cancelled,
    InternalError,
    Interrupted,
    InvalidRequest,
    JobFailure,
    RequestError,
)
from adapter.failpoints import Failpoint, reach
from adapter.pipeline.availability.gated_model import GatedModel
from adapter.pipeline.run import RunRecord, Surroundings, Work, run_job
from adapter.ports import NO_TRACER, SUSPECT_CLAIMS, Claim, Clock, JobStore, Observer, Tracer
from adapter.service.call_record import CallRecord
from adapter.service.expiry import Expiry
from adapter.service.fenced import FencedWriter
from adapter.service.job_span import job_span, tell_end
from adapter.service.live_runs import Intent, LiveRun, LiveRuns, Replacement, RunStopped
from adapter.tasks.catalogue import Catalogue
from adapter.tasks.task import Task

log = structlog.get_logger()


class Outbox(Protocol):
    """Sends what was stored, as soon as it can; what it cannot take is found in the store later."""

    def offer(self, publications: Sequence[Publication]) -> None:
        """Send these."""


@dataclass(frozen=True, slots=True)
class WorkSettings:
    """Limits of this process."""

    payload_bytes: int = 8_388_608
    keep_payloads: str = "failed"
    """none, failed (also NEEDS_REVIEW) or all."""
    max_claims: int = SUSPECT_CLAIMS + 1
    """A job claimed more often without an end is INTERRUPTED."""
    store_retry_seconds: float = 0.5


class Worker:
    """Works on claimed jobs. One asyncio task a run, owned by LiveRuns."""

    def __init__(
        self,
        *,
        store: JobStore,
        catalogue: Catalogue,
        models: Mapping[str, GatedModel],
        outbox: Outbox,
        answer_for: Callable[[Job], Answer],
        runs: LiveRuns,
        clock: Clock,
        observer: Observer,
        settings: WorkSettings,
        tracer: Tracer = NO_TRACER,
        note_wait: Callable[[LiveRun], None] = lambda _: None,
    ) -> None:
        """answer_for builds what is published of an ended job; note_wait is told of each run that begins to wait."""
        self.store = store
        self.catalogue = catalogue
        self.models = models
        self.outbox = outbox
        self.answer_for = answer_for
        self.runs = runs
        self.clock = clock
        self.observer = observer
        self.settings = settings
        self.tracer = tracer
        self._note_wait = note_wait
        self.fenced = FencedWriter(clock, settings.store_retry_seconds)

    def start(self, run: LiveRun) -> LiveRun:
        """Start working; await run.done for the job, or the AdapterError or RunStopped that left it without outcome."""
        self.runs.add(run)
        run.on_wait.append(partial(self._note_wait, run))
        run.done.add_done_callback(_retrieve)
        run.task = asyncio.create_task(self._drive(run), name=f"job {run.job_id}")
        return run

    def targets_of(self, task: Task, model: str) -> tuple[GatedModel, ...]:
        """The models to call: the one asked for, if the task allows it, else all of model.use, in this order."""
        options = task.definition.model
        allowed = (*options.use, *options.allow)
        if model and model not in allowed:
            raise InvalidRequest(
                f"Task {task.ref} does not allow the model {model[:64]!r}. Ask for one of: {', '.join(allowed)}.",
                metadata={"field": "options.model"},
            )
        # each once: `adapter run --model` lets one stand for every name
        return tuple(dict.fromkeys(self.models[name] for name in ((model,) if model else options.use)))

    async def _drive(self, run: LiveRun) -> None:
        self.observer.in_flight(1)
        try:
            with job_span(self.tracer, run.claim) as span:
                job = await self._end_of(run)
                tell_end(span, job, run.claim)
        except BaseException as exc:
            self._over(run)
            run.done.set_exception(RunStopped(None) if isinstance(exc, asyncio.CancelledError) else exc)
            if not isinstance(exc, (AdapterError, RunStopped)):
                raise
        else:
            self._over(run)
            run.done.set_result(job)
            self.observer.job_finished(job, run.claim.new.origin)

    def _over(self, run: LiveRun) -> None:
        self.observer.in_flight(-1)
        self.runs.remove(run)

    async def _end_of(self, run: LiveRun) -> Job:
        """Return the job with its outcome. Raises RunStopped, and the AdapterError that leaves it without one."""
        run.has_begun = True
        record = RunRecord.of_earlier(run.claim.calls, run.claim.work_seconds)
        calls = CallRecord(self.store, self.fenced, run, record, self.clock)
        working = _Working(run, record, calls, self.clock.monotonic())
        if run.intent is not None:
            return await self._stopped(working, run.intent)
        try:
            return await self._to_the_end(working)
        except asyncio.CancelledError:
            if run.intent is None:
                raise
            return await self._stopped(working, run.intent)

    async def _to_the_end(self, working: "_Working") -> Job:
        run = working.run
        try:
            outcome = await self._outcome(working)
        except RequestError as exc:
            if run.claim.payload is None:
                run.is_settling = True
                await self.fenced.write(run, lambda: self.store.discard(run.claim))
                raise
            # Accepted when it was stored; the task has changed since, and the answer is owed.
            outcome = Outcome(State.FAILED, error=JobError.of(exc))
        except JobFailure as exc:
            outcome = Outcome(State.FAILED, error=JobError.of(exc))
        except AdapterError:
            await self._release(working)
            raise
        except RunStopped:
            raise
        except Exception as exc:  # noqa: BLE001 - a bug of ours must end as an outcome, with an id for the log
            outcome = Outcome(State.FAILED, error=JobError.of(_internal(exc, run.job_id)))
        return await self._finish(working, outcome)

    async def _stopped(self, working: "_Working", intent: Intent) -> Job:
        run = working.run
        run.is_settling = True
        await working.calls.close(f"stopped: {intent.value}")
        if intent is Intent.CANCEL:
            return await self._finish(working, Outcome(State.CANCELLED, error=JobError.of(Cancelled())))
        if run.replacement is not None and intent is Intent.TICKET:
            await self._replace(run, run.replacement)
        else:
            await self._release(working)
        raise RunStopped(intent)

    async def _release(self, working: "_Working", *, counted: bool = False) -> None:
        run, worked = working.run, working.record.worked_seconds
        run.is_settling = True
        await self.fenced.write(run, lambda: self.store.release(run.claim, worked_seconds=worked, counted=counted))

    async def _replace(self, run: LiveRun, by: Replacement) -> None:
        route, *more = by.routes or (None,)
        write = partial(self.store.ticket, run.claim, run.request.payload, route, by.ticket, more_routes=more)
        await self.fenced.write(run, write)
        await reach(Failpoint.AFTER_TICKET)
        self.outbox.offer([by.ticket])
        log.info("job_ticketed", job_id=run.job_id, task=run.claim.new.task)

    async def _outcome(self, working: "_Working") -> Outcome:
        run, record = working.run, working.record
        claim = run.claim
        await reach(Failpoint.AFTER_CLAIM)
        if claim.claims > self.settings.max_claims:
            raise Interrupted(metadata={"claims": str(claim.claims)})
        task = self.catalogue.resolve(claim.new.task_ref)
        targets = self.targets_of(task, claim.new.model)
        policy = task.definition.policy
        record.budget.allow(policy.attempts, policy.tokens, policy.seconds)
        work = Work(
            job_id=run.job_id,
            task=task,
            payload=run.request.payload,
            request_id=claim.new.request_id,
            labels=claim.new.labels,
            calls=claim.calls,
            since=claim.job.create_time.timestamp(),
        )
        around = Surroundings(targets, working.calls.log(task), self.clock, self.observer, self.tracer)
        async with Expiry(claim.new.deadline, self.clock):
            return await run_job(work, around, record, self.settings.payload_bytes)

    async def _finish(self, working: "_Working", outcome: Outcome) -> Job:
        run, record = working.run, working.record
        run.is_settling = True
        await working.calls.close(outcome.error.reason if outcome.error else "")
        task = self.task_of(run.claim)
        if task is not None and not run.claim.job.task_version:
            await working.calls.note_version(task)
        outcome = replace(outcome, usage=record.settled_usage(self.clock.monotonic() - working.begun))
        parked = self._parked(run, outcome)
        store = partial(
            self.store.finish,
            run.claim,
            outcome,
            self.answer_for,
            run.routes,
            attempts=record.attempts,
            keep_payload=self.payload_to_keep(outcome, run.request.payload),
            parked=parked,
            worked_seconds=record.worked_seconds,
        )
        try:
            await reach(Failpoint.BEFORE_FINISH)
            job, publications = await self.fenced.write(run, store)
        except (AdapterError, RunStopped):
            raise
        except Exception as exc:
            # Counted, so that a job whose outcome cannot be stored does not come back for ever.
            await self._release(working, counted=True)
            raise _internal(exc, run.job_id) from exc
        await reach(Failpoint.AFTER_FINISH)
        if parked is not None:
            self.observer.parked(parked.reason)
        self.outbox.offer(publications)
        return job

    def task_of(self, claim: Claim) -> Task | None:
        """The task of a claimed job, if it is loaded."""
        try:
            return self.catalogue.resolve(claim.new.task_ref)
        except AdapterError:
            return None

    def payload_to_keep(self, outcome: Outcome, payload: Payload) -> Payload | None:
        """The payload if it is to be kept with this outcome, after retention.payloads."""
        result = outcome.result
        is_open = outcome.state is State.FAILED or (result is not None and result.verdict is Verdict.NEEDS_REVIEW)
        keep = self.settings.keep_payloads == "all" or (self.settings.keep_payloads == "failed" and is_open)
        return payload if keep else None

    def _parked(self, run: LiveRun, outcome: Outcome) -> ParkedMessage | None:
        error = outcome.error
        if run.message is None or error is None or error.reason != InternalError.reason:
            return None
        new = run.claim.new
        return ParkedMessage(
            self.clock.new_id(), run.message, error.reason, error.message, run.job_id, new.task, new.client
        )


@dataclass(frozen=True, slots=True)
class _Working:
    """What goes with a run while it is worked on."""

    run: LiveRun
    record: RunRecord
    calls: CallRecord
    begun: float


def _internal(exc: Exception, job_id: str) -> InternalError:
    error_id = secrets.token_hex(6)
    log.error("internal_error", error_id=error_id, job_id=job_id, exc_info=exc)
    return InternalError(f"{InternalError().message} Error id: {error_id}.", metadata={"error_id": error_id})


def _retrieve(done: asyncio.Future[Job]) -> None:
    if not done.cancelled():
        done.exception()

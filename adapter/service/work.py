"""Working on a claimed job: run the pipeline, record each call, store the one outcome, hand on what follows from it."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

import structlog

from adapter.domain.job import Job, JobError, Outcome, State, Verdict
from adapter.domain.message import Answer, ParkedMessage, Publication
from adapter.domain.payload import Payload
from adapter.domain.progress import ProgressKind
from adapter.errors import (
    AdapterError,
    Cancelled,
    InternalError,
    Interrupted,
    InvalidRequest,
    JobFailure,
    RequestError,
    StoreUnavailable,
)
from adapter.pipeline.budget import Budget
from adapter.pipeline.call_model import CallLog, GatedModel
from adapter.pipeline.run import RunRecord, Surroundings, Work, run_job
from adapter.ports import Claim, ClaimLostError, Clock, JobStore, Observer, StoredCall
from adapter.service.expiry import Expiry
from adapter.service.live_runs import Intent, LiveRun, LiveRuns, RunStopped
from adapter.tasks.catalogue import Catalogue
from adapter.tasks.task import Task

T = TypeVar("T")
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
    max_claims: int = 3
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
    ) -> None:
        """answer_for builds what is published of an ended job."""
        self.store = store
        self.catalogue = catalogue
        self.models = models
        self.outbox = outbox
        self.answer_for = answer_for
        self.runs = runs
        self.clock = clock
        self.observer = observer
        self.settings = settings

    def start(self, run: LiveRun) -> LiveRun:
        """Start working; await run.done for the job, or the AdapterError or RunStopped that left it without outcome."""
        self.runs.add(run)
        run.done.add_done_callback(_retrieve)
        run.task = asyncio.create_task(self._drive(run), name=f"job {run.job_id}")
        return run

    def target_of(self, task: Task, model: str) -> GatedModel:
        """The model to call: the one asked for, if the task allows it, else the first of model.use."""
        options = task.definition.model
        allowed = (*options.use, *options.allow)
        if model and model not in allowed:
            raise InvalidRequest(
                f"Task {task.ref} does not allow the model {model[:64]!r}. Ask for one of: {', '.join(allowed)}.",
                metadata={"field": "options.model"},
            )
        return self.models[model or options.use[0]]

    async def _drive(self, run: LiveRun) -> None:
        self.observer.in_flight(1)
        begun = self.clock.monotonic()
        record = RunRecord(Budget(0, 0, 0))
        job: Job | None
        try:
            job = await self._to_the_end(run, record, begun)
        except asyncio.CancelledError:
            job = await self._stopped(run, record, begun)
        except BaseException as exc:
            run.done.set_exception(exc)
            if not isinstance(exc, (AdapterError, RunStopped)):
                raise
            return
        finally:
            self.observer.in_flight(-1)
            self.runs.remove(run)
        if job is not None:
            run.done.set_result(job)
            self.observer.job_finished(job, run.claim.new.origin)

    async def _to_the_end(self, run: LiveRun, record: RunRecord, begun: float) -> Job:
        try:
            outcome = await self._outcome(run, record)
        except ClaimLostError:
            raise RunStopped(None) from None
        except RequestError as exc:
            if run.claim.payload is None:
                run.is_settling = True
                await self.fenced(run, lambda: self.store.discard(run.claim))
                raise
            # Accepted when it was stored; the task has changed since, and the answer is owed.
            outcome = Outcome(State.FAILED, error=JobError.of(exc))
        except JobFailure as exc:
            outcome = Outcome(State.FAILED, error=JobError.of(exc))
        except AdapterError:
            run.is_settling = True
            await self.fenced(run, lambda: self.store.release(run.claim))
            raise
        except Exception as exc:  # noqa: BLE001 - a bug of ours must end as an outcome, with an id for the log
            outcome = Outcome(State.FAILED, error=JobError.of(_internal(exc, run.job_id)))
        run.is_settling = True
        return await self._finish(run, record, outcome, begun)

    async def _stopped(self, run: LiveRun, record: RunRecord, begun: float) -> Job | None:
        run.is_settling = True
        if run.intent is None:
            run.done.set_exception(RunStopped(None))
            raise asyncio.CancelledError
        await self._close_call(run, f"stopped: {run.intent.value}")
        if run.intent is Intent.CANCEL:
            outcome = Outcome(State.CANCELLED, error=JobError.of(Cancelled()))
            return await self._finish(run, record, outcome, begun)
        if run.intent is not Intent.TICKET:
            worked = record.usage.model_seconds
            await self.fenced(run, lambda: self.store.release(run.claim, worked_seconds=worked))
        run.done.set_exception(RunStopped(run.intent))
        return None

    async def _outcome(self, run: LiveRun, record: RunRecord) -> Outcome:
        claim = run.claim
        if claim.claims > self.settings.max_claims:
            raise Interrupted(metadata={"claims": str(claim.claims)})
        task = self.catalogue.resolve(claim.new.task_ref)
        target = self.target_of(task, claim.new.model)
        policy = task.definition.policy
        record.budget = Budget(policy.attempts, policy.tokens, policy.seconds)
        record.model_calls = len(claim.calls)
        work = Work(
            job_id=run.job_id,
            task=task,
            payload=run.request.payload,
            request_id=claim.new.request_id,
            labels=claim.new.labels,
            calls=claim.calls,
            work_seconds=claim.work_seconds,
        )
        around = Surroundings(target, self._call_log(run, task, record), self.clock, self.observer)
        async with Expiry(claim.new.deadline, self.clock):
            return await run_job(work, around, record, self.settings.payload_bytes)

    def _call_log(self, run: LiveRun, task: Task, record: RunRecord) -> CallLog:
        async def started(target: GatedModel) -> StoredCall:
            if not run.is_wanted:
                run.stop(Intent.UNWANTED)
                await asyncio.sleep(0)
            if record.model_calls == 0:
                await self.fenced(run, lambda: self.store.set_version(run.claim, task.version, task.task_hash))
            call = StoredCall(record.model_calls + 1, target.name, self.clock.now())
            await self.fenced(run, lambda: self.store.call_started(run.claim, call, record.turns))
            record.model_calls += 1
            run.open_call = call
            kind = ProgressKind.REPAIR if record.attempts else ProgressKind.CALL_STARTED
            run.tell(kind, model=target.name, detail=record.attempts[-1].reason if record.attempts else "")
            return call

        async def ended(call: StoredCall) -> None:
            run.open_call = None
            await self.fenced(run, lambda: self.store.call_ended(run.claim, call))

        return CallLog(started, ended, run.waits_for)

    async def _close_call(self, run: LiveRun, why: str) -> None:
        call, run.open_call = run.open_call, None
        if call is not None:
            await self.fenced(run, lambda: self.store.call_ended(run.claim, replace(call, error=why)))

    async def _finish(self, run: LiveRun, record: RunRecord, outcome: Outcome, begun: float) -> Job:
        await self._close_call(run, outcome.error.reason if outcome.error else "")
        elapsed = self.clock.monotonic() - begun
        usage = replace(
            record.usage,
            model_calls=record.model_calls,
            overhead_seconds=max(0.0, elapsed - record.usage.model_seconds),
        )
        outcome = replace(outcome, usage=usage)
        job, publications = await self.fenced(
            run,
            lambda: self.store.finish(
                run.claim,
                outcome,
                self.answer_for,
                run.routes,
                attempts=record.attempts,
                keep_payload=self._payload_to_keep(outcome, run.request.payload),
                parked=self._parked(run, outcome),
                worked_seconds=record.usage.model_seconds,
            ),
        )
        self.outbox.offer(publications)
        _log_end(job, run.claim)
        return job

    def task_of(self, claim: Claim) -> Task | None:
        """The task of a claimed job, if it is loaded."""
        try:
            return self.catalogue.resolve(claim.new.task_ref)
        except AdapterError:
            return None

    def _payload_to_keep(self, outcome: Outcome, payload: Payload) -> Payload | None:
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

    async def fenced(self, run: LiveRun, write: Callable[[], Awaitable[T]]) -> T:
        """Write, waiting for the store as long as it must; a lost claim ends the run."""
        while True:
            try:
                result = await asyncio.shield(asyncio.ensure_future(write()))
            except StoreUnavailable as exc:
                run.waits_for(exc)
                await self.clock.sleep(self.settings.store_retry_seconds)
            except ClaimLostError:
                raise RunStopped(None) from None
            else:
                if isinstance(run.cause, StoreUnavailable):
                    run.waits_for(None)
                return result


def _internal(exc: Exception, job_id: str) -> InternalError:
    error_id = secrets.token_hex(6)
    log.error("internal_error", error_id=error_id, job_id=job_id, exc_info=exc)
    return InternalError(f"{InternalError().message} Error id: {error_id}.", metadata={"error_id": error_id})


def _log_end(job: Job, claim: Claim) -> None:
    log.info(
        "job_finished",
        job_id=job.job_id,
        task=job.task,
        state=job.state.value,
        reason=job.error.reason if job.error else "",
        verdict=job.result.verdict.value if job.result else "",
        model_calls=job.usage.model_calls,
        model_seconds=round(job.usage.model_seconds, 3),
        overhead_seconds=round(job.usage.overhead_seconds, 4),
        claims=claim.claims,
        origin=claim.new.origin.value,
    )


def _retrieve(done: asyncio.Future[Job]) -> None:
    if not done.cancelled():
        done.exception()

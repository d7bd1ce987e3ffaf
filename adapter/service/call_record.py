"""The calls of a run in the memory: each is written before it is sent, and its end before anybody judges it."""

import asyncio
from dataclasses import replace

from adapter.domain.progress import ProgressKind
from adapter.failpoints import Failpoint, reach
from adapter.pipeline.availability.gated_model import GatedModel
from adapter.pipeline.call_model import CallLog
from adapter.pipeline.run import RunRecord
from adapter.ports import Clock, JobStore, StoredCall
from adapter.service.fenced import FencedWriter
from adapter.service.live_runs import Intent, LiveRun
from adapter.tasks.task import Task


class CallRecord:
    """Writes the calls of one run. `run.open_call` is the one whose end is not stored."""

    def __init__(self, store: JobStore, fenced: FencedWriter, run: LiveRun, record: RunRecord, clock: Clock) -> None:
        """Nothing is written yet."""
        self._store = store
        self._fenced = fenced
        self._run = run
        self._record = record
        self._clock = clock

    def log(self, task: Task) -> CallLog:
        """What the pipeline tells of its calls for this task."""

        async def started(target: GatedModel) -> StoredCall:
            await self._stop_if_unwanted()
            await self.note_version(task)
            await reach(Failpoint.BEFORE_CALL)
            return await self._start(target)

        return CallLog(started, self._end, self._run.waits_for, self._waited)

    async def note_version(self, task: Task) -> None:
        """Write the version that works on the job, unless the memory has it."""
        job = self._run.claim.job
        if (job.task_version, job.task_hash) == (task.version, task.task_hash):
            return
        claim = self._run.claim
        await self._fenced.write(self._run, lambda: self._store.set_version(claim, task.version, task.task_hash))
        self._run.claim = replace(claim, job=replace(job, task_version=task.version, task_hash=task.task_hash))

    async def close(self, why: str) -> None:
        """Write the end of a call that was stopped, or the reply that it got before that."""
        call = self._run.open_call
        if call is not None:
            await self._write_end(call if call.reply is not None or call.error else replace(call, error=why))

    async def _stop_if_unwanted(self) -> None:
        if not self._run.is_wanted:
            self._run.stop(Intent.UNWANTED)
            await asyncio.sleep(0)

    async def _start(self, target: GatedModel) -> StoredCall:
        run, record = self._run, self._record
        call = StoredCall(record.calls_written + 1, target.name, self._clock.now())

        async def write() -> None:
            await self._store.call_started(run.claim, call, record.turns)
            record.calls_written += 1
            record.model_calls += 1
            run.open_call = call

        try:
            await self._fenced.write(run, write)
        except BaseException:
            if run.open_call is call:
                run.open_call = replace(call, error=StoredCall.NOT_SENT)
            raise
        kind = ProgressKind.REPAIR if record.attempts else ProgressKind.CALL_STARTED
        run.tell(kind, model=target.name, detail=record.attempts[-1].reason if record.attempts else "")
        return call

    async def _end(self, call: StoredCall) -> None:
        self._run.open_call = call
        if call.error:
            self._waited(call.duration_seconds)
            await self._write_end(call)
            self._run.stop_unwanted()
            return
        await reach(Failpoint.BEFORE_REPLY)
        await self._write_end(call)
        await reach(Failpoint.AFTER_REPLY)

    async def _write_end(self, call: StoredCall) -> None:
        async def write() -> None:
            await self._store.call_ended(self._run.claim, call)
            self._run.open_call = None
            if call.reply is not None:
                self._record.note(call)
            if not call.was_sent:
                self._record.model_calls -= 1

        await self._fenced.write(self._run, write)

    def _waited(self, seconds: float) -> None:
        self._record.waited_seconds += seconds

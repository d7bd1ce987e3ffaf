"""Conducts a run: hands requests over, lets the disturber loose, heals, waits until all is quiet, collects traces."""

import asyncio
import json
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from tests.chaos.disturber import Disturber
from tests.chaos.grpc_client import GrpcCallers
from tests.chaos.history import History, Kind
from tests.chaos.load import QUEUE, Asked, load
from tests.chaos.queue_client import Collector, Senders, declare_queues
from tests.chaos.recorder import Recorder
from tests.chaos.schedule import Plan, lanes
from tests.chaos.stage import Stage
from tests.chaos.traces import leftovers, model_calls, rows, unfinished
from tests.chaos.vitals import Sample, grown, held, sample

_LOOK_SECONDS = 0.02
_SHOW_SECONDS = 5.0
# Without any progress for so long after everything was healed, what is missing is lost.
_PATIENCE_SECONDS = 90.0
# A result that was sent twice may come this much later.
_LATE_SECONDS = 3.0
_REST_TRIES = 10


@dataclass(frozen=True, slots=True)
class Goal:
    """When enough was asked for: all of it."""

    jobs: int
    kills: int = 0
    seconds: float = 0.0
    disturbances: int = 0


class Conductor:
    """One run on a stage that stands."""

    def __init__(self, stage: Stage, goal: Goal, plan: Plan, *, show: bool) -> None:
        self._stage = stage
        self._goal = goal
        self._plan = plan
        self._show = show
        self._recorder = Recorder()
        self._disturber = Disturber(stage)
        self._urls = stage.cluster.urls
        self._senders = Senders(self._urls, stage.prefix, stage.routes, self._recorder)
        self._collector = Collector(self._urls, stage.routes, self._recorder)
        self._callers = GrpcCallers([one.process.grpc_address for one in stage.replicas], stage.routes, self._recorder)
        self._handed_over = 0
        self._begun = time.monotonic()
        self.samples: list[Sample] = []
        self.leaks: list[str] = []
        """What is held at rest that was not held before there was any load."""
        self._asked_seconds = 0.0
        self._healed_in = 0.0
        self._died: set[str] = set()
        self._deadlocks = 0

    async def conduct(self) -> History:
        """Do it all."""
        await asyncio.to_thread(declare_queues, self._urls, self._stage.prefix, self._stage.routes)
        await asyncio.to_thread(self._stage.cluster.write_down)
        before = await self._held()
        self._senders.start()
        self._collector.start()
        watching = asyncio.create_task(self._watch())
        try:
            await self._disturb_and_ask()
            self._stage.calm()
            await self._until_quiet()
        finally:
            watching.cancel()
            await asyncio.to_thread(self._senders.stop)
            await asyncio.to_thread(self._collector.stop)
            await self._callers.close()
        await self._find_leaks(before)
        await self._stage.drain()
        return await asyncio.to_thread(self._history)

    async def _disturb_and_ask(self) -> None:
        async with asyncio.TaskGroup() as group:
            for lane, steps in lanes(self._plan).items():
                group.create_task(self._disturber.follow(lane, steps))
            async with asyncio.TaskGroup() as asking:
                await self._ask(asking)
                self._asked_seconds = time.monotonic() - self._begun
            self._disturber.stop()

    async def _ask(self, group: asyncio.TaskGroup) -> None:
        """Hand requests over, so many that each replica has enough to do."""
        most_open = self._stage.size.in_flight * len(self._stage.replicas)
        for times in self._wanted():
            while self._recorder.open >= most_open:  # noqa: ASYNC110 - answers come in other threads
                await asyncio.sleep(_LOOK_SECONDS)
            self._handed_over += 1
            for asked in times:
                self._recorder.begins(asked)
                group.create_task(self._hand_over(asked))

    def _wanted(self) -> Iterator[list[Asked]]:
        for times in load(self._plan.seed, self._stage.routes):
            if self._has_enough():
                return
            yield times

    def _has_enough(self) -> bool:
        goal = self._goal
        done = self._disturber.done
        killed = sum(one.kind is Kind.KILL for one in done)
        lasted = time.monotonic() - self._begun
        is_disturbed = len(done) >= goal.disturbances and killed >= goal.kills
        return is_disturbed and self._handed_over >= goal.jobs and lasted >= goal.seconds

    async def _hand_over(self, asked: Asked) -> None:
        await asyncio.sleep(asked.delay_seconds)
        if asked.face == QUEUE:
            self._senders.send(asked)
        else:
            await self._callers.call(asked)

    async def _until_quiet(self) -> None:
        """Wait until everybody who was promised an answer has it, and the memory has nothing unfinished."""
        begun = last_progress = time.monotonic()
        before: tuple[int, ...] = ()
        while time.monotonic() - last_progress < _PATIENCE_SECONDS:
            missing = len(self._recorder.missing())
            unfinished_rows = await asyncio.to_thread(unfinished, self._stage)
            now = (missing, unfinished_rows, self._senders.backlog)
            if now == (0, 0, 0):
                break
            if now != before:
                before, last_progress = now, time.monotonic()
            await asyncio.sleep(0.3)
        self._healed_in = time.monotonic() - begun
        await asyncio.sleep(_LATE_SECONDS)

    async def _held(self) -> dict[str, int]:
        """What replicas and broker hold at rest."""
        replicas = self._stage.replicas
        levels = await asyncio.gather(*(asyncio.to_thread(held, one) for one in replicas))
        named = {
            f"{one.name} {name}": count
            for one, level in zip(replicas, levels, strict=True)
            for name, count in level.items()
        }
        return named | await asyncio.to_thread(self._stage.cluster.counts)

    async def _find_leaks(self, before: dict[str, int]) -> None:
        """Compare with the rest before; connections that were just closed are seen for a moment."""
        for _ in range(_REST_TRIES):
            more = grown(before, await self._held())
            if not more:
                return
            await asyncio.sleep(_LATE_SECONDS)
        self.leaks = [f"{name}: {before[name]} before, {count} at the end" for name, count in more.items()]

    async def _watch(self) -> None:
        """Show how it goes; note the jobs in flight, and replicas that end by themselves."""
        while True:
            await asyncio.sleep(_SHOW_SECONDS)
            self._died.update(self._stage.ended_by_themselves())
            seconds = time.monotonic() - self._begun
            looks = (asyncio.to_thread(sample, one, seconds) for one in self._stage.replicas)
            found = await asyncio.gather(*looks)
            self.samples += [one for one in found if one is not None]
            if self._show:
                sys.stderr.write(f"{self._progress(found)}\n")

    def _progress(self, samples: list[Sample | None]) -> str:
        seconds = time.monotonic() - self._begun
        levels = (one.in_flight if one is not None else None for one in samples)
        shown = "/".join("-" if level is None else str(level) for level in levels)
        now = ", ".join(self._disturber.now.values())
        return (
            f"{seconds:5.0f} s  {self._handed_over} asked  {self._recorder.answered} answered  in flight {shown}  "
            f"{len(self._disturber.done)} disturbances  {now}"
        )

    def _history(self) -> History:
        stage = self._stage
        self._deadlocks = stage.database_log.count("deadlock detected")
        left = leftovers(stage) | {f"{name} ended by itself": 1 for name in self._died}
        return History(
            terms=stage.size.terms,
            sends=self._recorder.sends,
            results=self._recorder.results,
            calls=model_calls(stage.simulator),
            disturbances=sorted(self._disturber.done, key=lambda one: one.begin),
            rows=rows(stage),
            leftovers=left,
        )

    def figures(self) -> dict[str, str]:
        """What people want to know beside the verdict."""
        done = Counter(one.kind.value for one in self._disturber.done)
        faces = Counter(send.face for send in self._recorder.sends)
        states = Counter(send.state.value for send in self._recorder.sends)
        levels: dict[str, list[int]] = defaultdict(list)
        for one in self.samples:
            if one.in_flight is not None and one.seconds <= self._asked_seconds:
                levels[one.replica].append(one.in_flight)
        shown = {name: f"{statistics.median(seen):.0f}, most {max(seen)}" for name, seen in levels.items()}
        return {
            "disturbances": json.dumps(done),
            "sends": json.dumps(faces | states),
            "in flight while more was asked for (median)": json.dumps(shown),
            "all answered after healing": f"{self._healed_in:.0f} s",
            "deadlocks in the database": str(self._deadlocks),
            "held at rest that was not held before": ", ".join(self.leaks) or "nothing",
        }

"""Does what the schedule says to the stage, and writes down what was done when."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping

from tests.chaos.history import OF_NODE, OF_REPLICA, Disturbance, Kind
from tests.chaos.schedule import Step
from tests.chaos.stage import Replica, Stage
from tests.kit.forwarder import Forwarder, Mode

_ALL_MEMORY, _USUAL_MEMORY = "0.000001", "0.4"
_BROWN_OUT = ["500:0.15", "429:0.1", "reset:0.05"]
_STALL = ["hang:0.5"]

Action = Callable[[Step], Awaitable[float]]
"""Disturbs and undoes it; returns when a process was gone, 0 for those without."""


class Disturber:
    """Goes through the lanes of a schedule until it is stopped."""

    def __init__(self, stage: Stage) -> None:
        self.done: list[Disturbance] = []
        self.now: dict[str, str] = {}
        """What is disturbed at the moment, by lane."""
        self._stage = stage
        self._stopping = asyncio.Event()
        self._actions: Mapping[Kind, Action] = {
            Kind.KILL: self._kill,
            Kind.RESTART: self._restart,
            Kind.FREEZE: self._freeze,
            Kind.BROKER_KILL: self._kill_node,
            Kind.BROKER_RESTART: self._restart_node,
            Kind.MEMORY_ALARM: self._alarm,
            Kind.MODEL_DOWN: lambda step: self._switch(step, down=True),
            Kind.MODEL_STALL: lambda step: self._switch(step, faults=_STALL),
            Kind.BROWN_OUT: lambda step: self._switch(step, faults=_BROWN_OUT),
            Kind.MODEL_CUT: lambda step: self._cut([self._stage.model], step),
            Kind.BROKER_CUT: lambda step: self._cut(self._replica(step).nodes, step),
            Kind.BROKER_SILENCE: lambda step: self._silence(self._replica(step).nodes, step),
            Kind.DATABASE_CUT: lambda step: self._cut([self._replica(step).database], step),
            Kind.DATABASE_SILENCE: lambda step: self._silence([self._replica(step).database], step),
            Kind.DATABASE_CRASH: lambda step: self._restart_database(self._stage.database.crash, step),
            Kind.DATABASE_RESTART: lambda step: self._restart_database(self._stage.database.stop_server, step),
        }

    def stop(self) -> None:
        """Begin nothing more; what has begun is undone first."""
        self._stopping.set()

    async def follow(self, lane: str, steps: Iterator[Step]) -> None:
        """Do one step after the other."""
        for step in steps:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), step.pause_seconds)
            if self._stopping.is_set():
                return
            self.now[lane] = f"{step.kind} {self._target(step)}".strip()
            begin = time.time()
            gone = await self._actions[step.kind](step)
            self.done.append(Disturbance(step.kind, self._target(step), begin, time.time(), gone))
            del self.now[lane]

    def _target(self, step: Step) -> str:
        if step.kind in OF_REPLICA:
            return self._replica(step).name
        return f"node-{step.target}" if step.kind in OF_NODE else ""

    def _replica(self, step: Step) -> Replica:
        return self._stage.replicas[step.target]

    async def _kill(self, step: Step) -> float:
        with _disturbed(self._replica(step)) as replica:
            await asyncio.to_thread(replica.kill)
            gone = time.time()
            await asyncio.sleep(step.seconds)
            await asyncio.to_thread(replica.start)
        return gone

    async def _restart(self, step: Step) -> float:
        with _disturbed(self._replica(step)) as replica:
            await asyncio.to_thread(replica.terminate)
            gone = time.time()
            await asyncio.sleep(step.seconds)
            await asyncio.to_thread(replica.start)
        return gone

    async def _freeze(self, step: Step) -> float:
        replica = self._replica(step)
        replica.signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(step.seconds)
        finally:
            replica.signal(signal.SIGCONT)
        return 0.0

    async def _kill_node(self, step: Step) -> float:
        node = self._stage.cluster.nodes[step.target]
        await asyncio.to_thread(node.kill)
        await asyncio.sleep(step.seconds)
        await asyncio.to_thread(node.start)
        return 0.0

    async def _restart_node(self, step: Step) -> float:
        node = self._stage.cluster.nodes[step.target]
        await asyncio.to_thread(node.stop_app)
        await asyncio.sleep(step.seconds)
        await asyncio.to_thread(node.start_app)
        return 0.0

    async def _alarm(self, step: Step) -> float:
        node = self._stage.cluster.nodes[step.target]
        await asyncio.to_thread(node.ctl, "set_vm_memory_high_watermark", _ALL_MEMORY)
        try:
            await asyncio.sleep(step.seconds)
        finally:
            await asyncio.to_thread(node.ctl, "set_vm_memory_high_watermark", _USUAL_MEMORY)
        return 0.0

    async def _switch(self, step: Step, **switches: object) -> float:
        simulator = self._stage.simulator
        await asyncio.to_thread(simulator.control, **switches)
        try:
            await asyncio.sleep(step.seconds)
        finally:
            await asyncio.to_thread(simulator.control, down=False, faults=[])
        return 0.0

    async def _cut(self, links: list[Forwarder], step: Step) -> float:
        """Reset the links, and refuse new ones for a while."""
        for link in links:
            link.set_mode(Mode.REFUSE)
            link.reset()
        await self._heal(links, step.seconds)
        return 0.0

    async def _silence(self, links: list[Forwarder], step: Step) -> float:
        """Let nothing through for a while, and tell nobody."""
        for link in links:
            link.set_mode(Mode.BLACKHOLE)
        await self._heal(links, step.seconds)
        return 0.0

    async def _heal(self, links: list[Forwarder], after_seconds: float) -> None:
        try:
            await asyncio.sleep(after_seconds)
        finally:
            for link in links:
                link.set_mode(Mode.PASS)

    async def _restart_database(self, end: Callable[[], None], step: Step) -> float:
        await asyncio.to_thread(end)
        await asyncio.sleep(step.seconds)
        await asyncio.to_thread(self._stage.database.start)
        return 0.0


@contextlib.contextmanager
def _disturbed(replica: Replica) -> Iterator[Replica]:
    """Nobody wonders meanwhile that it does not run."""
    replica.is_disturbed = True
    yield replica
    replica.is_disturbed = False

"""What is done to the system, and when: drawn from a seed, the same for the same seed whatever the run makes of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random

from tests.chaos.history import ENDS_PROCESS, OF_NODE, OF_REPLICA, Kind

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do after a pause."""

    pause_seconds: float
    kind: Kind
    target: int
    """Number of the replica or broker node; 0 where there is one only."""
    seconds: float
    """How long it lasts before it is undone."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What there is to draw from."""

    seed: int
    replicas: int
    nodes: int
    lease_seconds: float
    pause_seconds: Span = (8.0, 20.0)
    """Between the end of one step and the next in its lane."""
    kinds: frozenset[Kind] = frozenset(Kind)
    most_steps: int | None = None
    """In each lane; None: without end."""
    is_one_lane: bool = False
    """Nothing is disturbed beside anything else."""
    spared: int = 0
    """So many of the replicas, the first ones, are never ended."""


# Lanes go on beside each other; in one lane one thing is disturbed at a time, so that a majority of the broker's nodes
# and all replicas but one are left alone by it.
_LANES: Mapping[str, Sequence[Kind]] = {
    "replicas": (
        Kind.KILL,
        Kind.KILL,
        Kind.RESTART,
        Kind.FREEZE,
        Kind.BROKER_CUT,
        Kind.BROKER_SILENCE,
        Kind.DATABASE_CUT,
        Kind.DATABASE_SILENCE,
    ),
    "nodes": (Kind.BROKER_KILL, Kind.BROKER_KILL, Kind.BROKER_RESTART, Kind.MEMORY_ALARM),
    "rest": (
        Kind.MODEL_DOWN,
        Kind.MODEL_CUT,
        Kind.MODEL_STALL,
        Kind.BROWN_OUT,
        Kind.DATABASE_CRASH,
        Kind.DATABASE_RESTART,
    ),
}


def lanes(plan: Plan) -> dict[str, Iterator[Step]]:
    """Return the steps of each lane that has any."""
    every = {"all": [kind for kinds in _LANES.values() for kind in kinds]} if plan.is_one_lane else _LANES
    chosen = {name: [kind for kind in kinds if kind in plan.kinds] for name, kinds in every.items()}
    return {name: islice(_steps(plan, name, kinds), plan.most_steps) for name, kinds in chosen.items() if kinds}


def _steps(plan: Plan, lane: str, kinds: Sequence[Kind]) -> Iterator[Step]:
    random = Random(f"{plan.seed}/{lane}")
    while True:
        # Each kind comes before any comes again: a short run meets many.
        for kind in random.sample(list(kinds), len(kinds)):
            seconds = random.uniform(*_spans(plan.lease_seconds)[kind])
            yield Step(random.uniform(*plan.pause_seconds), kind, _target(plan, kind, random), seconds)


def _target(plan: Plan, kind: Kind, random: Random) -> int:
    if kind in OF_REPLICA:
        return random.randrange(plan.spared if kind in ENDS_PROCESS else 0, plan.replicas)
    return random.randrange(plan.nodes) if kind in OF_NODE else 0


def _spans(lease_seconds: float) -> Mapping[Kind, Span]:
    """How long each lasts, in seconds."""
    around_lease = (lease_seconds * 0.25, lease_seconds + 4.0)
    return {
        Kind.KILL: (0.0, 2.0),
        Kind.RESTART: (0.0, 1.0),
        Kind.FREEZE: (lease_seconds * 0.5, lease_seconds + 4.0),
        Kind.BROKER_CUT: (0.0, 5.0),
        Kind.BROKER_SILENCE: (2.0, 12.0),
        Kind.DATABASE_CUT: around_lease,
        Kind.DATABASE_SILENCE: around_lease,
        Kind.BROKER_KILL: (0.5, 5.0),
        Kind.BROKER_RESTART: (0.0, 3.0),
        Kind.MEMORY_ALARM: (2.0, 6.0),
        Kind.MODEL_DOWN: (3.0, 8.0),
        Kind.MODEL_CUT: (0.0, 5.0),
        Kind.MODEL_STALL: (1.0, 3.0),
        Kind.BROWN_OUT: (4.0, 10.0),
        Kind.DATABASE_CRASH: (0.0, 3.0),
        Kind.DATABASE_RESTART: (0.0, 4.0),
    }

"""What happened in a chaos run, as values. Times are seconds since 1970."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import orjson

T = TypeVar("T")
GRPC = "grpc"
"""Route of an answer that RunJob returned."""
SUCCEEDED = "succeeded"


class Sent(StrEnum):
    """What a client knows of a send."""

    OK = "ok"
    """Confirmed by the broker, or answered OK."""
    FAILED = "failed"
    """Refused, or it never left."""
    UNKNOWN = "unknown"
    """It left, and nobody said what became of it."""


class Kind(StrEnum):
    """What is done to the system."""

    KILL = "kill"
    RESTART = "restart"
    FREEZE = "freeze"
    BROKER_KILL = "broker-kill"
    BROKER_RESTART = "broker-restart"
    MEMORY_ALARM = "memory-alarm"
    MODEL_DOWN = "model-down"
    """It answers every call with a reset."""
    MODEL_CUT = "model-cut"
    """It cannot be reached, and calls in flight are cut."""
    MODEL_STALL = "model-stall"
    BROWN_OUT = "brown-out"
    """A part of the calls fails."""
    BROKER_CUT = "broker-cut"
    BROKER_SILENCE = "broker-silence"
    DATABASE_CUT = "database-cut"
    DATABASE_SILENCE = "database-silence"
    DATABASE_CRASH = "database-crash"
    DATABASE_RESTART = "database-restart"


OF_REPLICA = frozenset(
    {
        Kind.KILL,
        Kind.RESTART,
        Kind.FREEZE,
        Kind.BROKER_CUT,
        Kind.BROKER_SILENCE,
        Kind.DATABASE_CUT,
        Kind.DATABASE_SILENCE,
    }
)
OF_NODE = frozenset({Kind.BROKER_KILL, Kind.BROKER_RESTART, Kind.MEMORY_ALARM})
"""Of the broker."""
ENDS_PROCESS = frozenset({Kind.KILL, Kind.RESTART})


@dataclass(frozen=True, slots=True)
class Send:
    """One try of one client to hand a request over."""

    time: float
    """When it was over."""
    request_id: str
    face: str
    route: str
    """Queue in which its answer is expected, or GRPC."""
    correlation_id: str
    state: Sent
    expected: str = SUCCEEDED
    """The reason, for a request that is scripted to fail."""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """One answer as it came."""

    time: float
    request_id: str
    route: str
    correlation_id: str
    message_id: str
    job_id: str
    revision: int
    outcome: str
    reason: str
    digest: str
    """Of the document; "" without one."""


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One call as the simulated model saw it."""

    number: int
    request_id: str
    caller: str
    """Which replica."""
    begin: float
    end: float
    fault: str
    outcome: str
    """answered, failed or abandoned."""


@dataclass(frozen=True, slots=True)
class Disturbance:
    """One thing that was done."""

    kind: Kind
    target: str
    begin: float
    end: float
    """When it was undone: the replica serves again, the link is whole, the model answers."""
    gone: float = 0.0
    """When the process was gone, where that is later than the begin: a restart lets it drain."""

    @property
    def moment(self) -> float:
        """When whoever was at work lost it."""
        return max(self.begin, self.gone)


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job in the memory at the end."""

    job_id: str
    request_id: str
    origin: str
    state: str
    claims: int
    calls_written: list[float] = field(default_factory=list)
    """When each of its model calls was written, which is before it leaves."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Settings that decide what counts as explained."""

    lease_seconds: float = 15.0
    drain_seconds: float = 20.0
    """What still runs then in a replica that stops is given up; its process ends a while later, on a busy machine."""
    heartbeat_seconds: float = 3.0
    breaker_failures: int = 5
    probe_seconds: float = 1.0
    timeout_seconds: float = 15.0
    """Of a model call."""
    travel_seconds: float = 1.5
    """From a decision in a replica to the model's log, on a busy machine."""
    storing_seconds: float = 8.0
    """From the end of a call in the model's log until the replica has stored the reply, on a busy machine whose store
    was away just before: then everybody who waited calls at once, and every reply comes at once."""


@dataclass(slots=True)
class History:
    """All of a run."""

    terms: Terms = field(default_factory=Terms)
    sends: list[Send] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    calls: list[ModelCall] = field(default_factory=list)
    disturbances: list[Disturbance] = field(default_factory=list)
    rows: list[JobRow] = field(default_factory=list)
    leftovers: dict[str, int] = field(default_factory=dict)
    """What must be gone at the end, and is not: place → how many."""

    def write(self, folder: Path) -> None:
        """Keep it as JSON lines, a file for each kind."""
        for name, values in self._lists().items():
            lines = (orjson.dumps(dataclasses.asdict(value)) for value in values)
            (folder / f"{name}.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
        rest = {"terms": dataclasses.asdict(self.terms), "leftovers": self.leftovers}
        (folder / "rest.json").write_bytes(orjson.dumps(rest))

    @classmethod
    def read(cls, folder: Path) -> "History":
        """Read what write() kept."""
        rest = orjson.loads((folder / "rest.json").read_bytes())
        return cls(
            Terms(**rest["terms"]),
            _read(folder / "sends.jsonl", Send),
            _read(folder / "results.jsonl", Result),
            _read(folder / "calls.jsonl", ModelCall),
            _read(folder / "disturbances.jsonl", Disturbance),
            _read(folder / "rows.jsonl", JobRow),
            rest["leftovers"],
        )

    def _lists(self) -> Mapping[str, Sequence[Any]]:
        return {
            "sends": self.sends,
            "results": self.results,
            "calls": self.calls,
            "disturbances": self.disturbances,
            "rows": self.rows,
        }


def _read(file: Path, kind: type[T]) -> list[T]:
    enums = {name: hint for name, hint in get_type_hints(kind).items() if hint in (Sent, Kind)}
    found = [orjson.loads(line) for line in file.read_bytes().splitlines()]
    return [kind(**(one | {name: enum(one[name]) for name, enum in enums.items()})) for one in found]

"""Chaos: requests by three faces while everything is disturbed by a seeded schedule; then the oracle judges.

Run: .venv/bin/python -m tests.chaos.run --jobs 20000 --seed 1 --replicas 3. Exit 1: a promise did not hold; the
evidence is kept, and where it is is printed. `--recheck FOLDER` judges kept evidence again.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.chaos.checker import Verdict, check
from tests.chaos.conductor import Conductor, Goal
from tests.chaos.history import History, Kind, Terms
from tests.chaos.schedule import Plan, Span
from tests.chaos.stage import Size, Stage


@dataclass(frozen=True, slots=True)
class Run:
    """What a run is to be."""

    goal: Goal
    seed: int = 1
    size: Size = field(default_factory=Size)
    kinds: frozenset[Kind] = frozenset(Kind)
    pause_seconds: Span = (8.0, 20.0)
    most_steps: int | None = None
    """In each lane."""


async def play(run: Run, folder: Path, *, show: bool = True) -> tuple[History, dict[str, str]]:
    """Play it; returns what happened, and figures for people."""
    async with Stage(folder, run.size) as stage:
        plan = Plan(
            run.seed,
            run.size.replicas,
            run.size.nodes,
            run.size.terms.lease_seconds,
            run.pause_seconds,
            run.kinds,
            run.most_steps,
        )
        conductor = Conductor(stage, run.goal, plan, show=show)
        return await conductor.conduct(), conductor.figures()


def judge(run: Run, folder: Path, *, show: bool = True) -> Verdict:
    """Play it, keep the evidence in the folder, and judge."""
    history, figures = asyncio.run(play(run, folder, show=show))
    history.write(folder)
    verdict = check(history)
    for name, value in figures.items():
        sys.stderr.write(f"{name}: {value}\n")
    sys.stderr.write(f"{verdict.report()}\n")
    return verdict


def main() -> int:
    """Run it and print the one line."""
    options = _options()
    if options.recheck:
        verdict = check(History.read(options.recheck))
        sys.stderr.write(f"{verdict.report()}\n")
        sys.stdout.write(f"{verdict.line}\n")
        return 0 if verdict.is_good else 1
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    begun = time.monotonic()
    try:
        verdict = judge(_run(options), folder)
    except BaseException:
        sys.stderr.write(f"it did not come to an end; what there is is in {folder}\n")
        raise
    sys.stderr.write(f"took {time.monotonic() - begun:.0f} s\n")
    if verdict.is_good and not options.keep:
        shutil.rmtree(folder)
    else:
        sys.stderr.write(f"evidence: {folder}\n")
    sys.stdout.write(f"{verdict.line}\n")
    return 0 if verdict.is_good else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--jobs", type=int, default=500, help="at least so many requests")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--replicas", type=int, default=3)
    parser.add_argument("--nodes", type=int, default=3, help="of the broker")
    parser.add_argument("--kinds", default="", help="only these disturbances, with commas between")
    parser.add_argument("--kills", type=int, default=0, help="go on until so many processes were killed")
    parser.add_argument("--pause", default="8,20", help="seconds between disturbances of a lane, from and to")
    parser.add_argument("--in-flight", type=int, default=Size().in_flight, help="requests kept open for each replica")
    parser.add_argument("--latency", default=Size().latency, help="of the model")
    parser.add_argument("--short", action="store_true", help="the form that the tests have, with its own sizes")
    parser.add_argument("--keep", action="store_true", help="keep the evidence also when all is well")
    parser.add_argument("--recheck", type=Path, metavar="FOLDER", help="judge kept evidence again")
    return parser.parse_args()


def _run(options: argparse.Namespace) -> Run:
    if options.short:
        return short(options.seed)
    size = Size(options.replicas, options.nodes, options.latency, options.in_flight)
    kinds = frozenset(map(Kind, options.kinds.split(","))) if options.kinds else frozenset(Kind)
    shortest, longest = map(float, options.pause.split(","))
    return Run(Goal(options.jobs, options.kills), options.seed, size, kinds, (shortest, longest))


def short(seed: int = 1) -> Run:
    """A run of about a minute: one node, few requests, short leases, and a handful of disturbances."""
    terms = replace(Terms(), lease_seconds=8.0, heartbeat_seconds=1.0, travel_seconds=3.0)
    size = Size(nodes=1, latency="lognormal(0.8,0.3)", in_flight=15, terms=terms)
    kinds = frozenset({Kind.KILL, Kind.FREEZE, Kind.BROKER_KILL, Kind.MODEL_DOWN, Kind.DATABASE_CRASH})
    return Run(Goal(jobs=300, disturbances=6), seed, size, kinds, pause_seconds=(0.5, 2.0), most_steps=2)


if __name__ == "__main__":
    sys.exit(main())

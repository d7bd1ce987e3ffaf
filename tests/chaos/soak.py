"""Soak: a steady load for twenty minutes, a disturbance every fifteen seconds; nothing grows, and nothing is left over.

Run: .venv/bin/python -m tests.chaos.soak --seconds 1200 --seed 1. Exit 1: a promise did not hold, memory grew, or
something was held at rest that was not held before.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.chaos.checker import check
from tests.chaos.conductor import Conductor, Goal
from tests.chaos.schedule import Plan
from tests.chaos.stage import Size, Stage
from tests.chaos.vitals import slopes

# The first minutes fill caches and pools.
_WARM_SHARE = 0.25
_MOST_MIB_A_MINUTE = 0.5
_LATENCY = "lognormal(2,0.3)"
# With what a disturbance lasts, one begins every fifteen seconds.
_PAUSE_SECONDS = (8.0, 11.0)


def main() -> int:
    """Run it and print what came of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=1200.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--in-flight", type=int, default=20, help="requests kept open for each replica")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    size = Size(in_flight=options.in_flight, latency=_LATENCY)
    problems = asyncio.run(_soak(options.seed, options.seconds, size, folder))
    sys.stdout.write("".join(f"PROBLEM: {one}\n" for one in problems))
    sys.stdout.write(f"{'not good, evidence in ' + str(folder) if problems else 'good'}\n")
    return 1 if problems else 0


async def _soak(seed: int, seconds: float, size: Size, folder: Path) -> list[str]:
    # The first replica lives through it all: its memory shows what happens to memory.
    plan = Plan(
        seed,
        size.replicas,
        size.nodes,
        size.terms.lease_seconds,
        pause_seconds=_PAUSE_SECONDS,
        is_one_lane=True,
        spared=1,
    )
    async with Stage(folder, size) as stage:
        conductor = Conductor(stage, Goal(jobs=1, seconds=seconds), plan, show=True)
        history = await conductor.conduct()
    history.write(folder)
    verdict = check(history)
    warm = seconds * _WARM_SHARE
    grew = slopes(conductor.samples, after_seconds=warm, lasting_seconds=(seconds - warm) / 2)
    _tell(conductor.figures() | {f"memory of {name}": f"{slope:+.2f} MiB a minute" for name, slope in grew.items()})
    sys.stderr.write(f"{verdict.report()}\n")
    sys.stdout.write(f"{verdict.line}\n")
    problems = [] if verdict.is_good else ["a promise did not hold"]
    problems += [
        f"{name} grew by {slope:.2f} MiB a minute" for name, slope in grew.items() if slope > _MOST_MIB_A_MINUTE
    ]
    return problems + ([] if grew else ["no process was seen for long enough"]) + conductor.leaks


def _tell(figures: Mapping[str, str]) -> None:
    for name, value in figures.items():
        sys.stderr.write(f"{name}: {value}\n")


if __name__ == "__main__":
    sys.exit(main())

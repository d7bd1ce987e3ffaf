"""Figures of the replicas while they run: jobs in flight, memory, and what must be as before once all is at rest."""

import statistics
import urllib.request
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.stage import Replica

_TIMEOUT_SECONDS = 2.0
_IN_FLIGHT = "adapter_jobs_in_flight"
# What a replica holds: at rest as much as before there was any load.
_HELD = ("adapter_async_tasks", "adapter_deliveries", "adapter_unconfirmed", _IN_FLIGHT, "adapter_publications_pending")
_MIB = 1024.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One replica at one moment."""

    seconds: float
    """Since the load began."""
    replica: str
    process: int
    """Process id: a new process begins anew."""
    mib: float
    """Resident memory."""
    in_flight: int | None
    """None: it did not say."""


def sample(replica: Replica, seconds: float) -> Sample | None:
    """Look at a replica; None when it does not run."""
    process = replica.process.process
    if process is None or process.poll() is not None:
        return None
    status = Path(f"/proc/{process.pid}/status").read_text()
    resident = next((line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")), "0")
    figures = _figures(replica)
    level = int(figures[_IN_FLIGHT]) if figures else None
    return Sample(seconds, replica.name, process.pid, int(resident) / _MIB, level)


def held(replica: Replica) -> dict[str, int]:
    """Return what a replica holds; nothing when it does not say."""
    figures = _figures(replica)
    return {name: int(figures[name]) for name in _HELD if name in figures}


def slopes(samples: Sequence[Sample], *, after_seconds: float, lasting_seconds: float) -> dict[str, float]:
    """Return by how many MiB a minute the memory of each process grew, of those that were seen for long enough.

    after_seconds: of each process, which fills caches and pools first.
    """
    begun: dict[int, float] = {}
    lives: dict[tuple[str, int], list[Sample]] = defaultdict(list)
    for one in samples:
        if one.seconds >= begun.setdefault(one.process, one.seconds) + after_seconds:
            lives[one.replica, one.process].append(one)
    return {
        f"{replica} ({process})": 60
        * statistics.linear_regression([one.seconds for one in life], [one.mib for one in life]).slope
        for (replica, process), life in lives.items()
        if life[-1].seconds - life[0].seconds >= lasting_seconds
    }


def grown(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """Return what there is more of than there was, and how much."""
    return {name: after[name] for name, count in before.items() if after.get(name, 0) > count}


def _figures(replica: Replica) -> dict[str, float]:
    """Metrics without labels; none when it does not answer."""
    address = f"http://127.0.0.1:{replica.process.http_port}/metrics"
    try:
        with urllib.request.urlopen(address, timeout=_TIMEOUT_SECONDS) as page:
            lines = page.read().decode().splitlines()
    except OSError:
        return {}
    bare = (line.split(" ") for line in lines if line.startswith(("adapter_", "process_")) and "{" not in line)
    return {name: float(value) for name, value in bare}

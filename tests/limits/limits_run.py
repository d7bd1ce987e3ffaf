"""A crowd over the limits of one model, on three replicas that come and go; the simulated model counts.

Run: .venv/bin/python tests/limits/limits_run.py [--seconds 420] [--window 60]. Exit 1: a limit was exceeded, or
somebody starved. Beside the replicas it starts a PostgreSQL server, a broker and the simulated model, all private.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import uuid
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from adapter.pipeline.availability.limiter import ARRIVAL_SECONDS
from tests.integration.end_to_end.conftest import SimulatorProcess
from tests.kit import databases
from tests.kit.adapter_process import AdapterProcess
from tests.kit.crowd import Crowd
from tests.kit.limited_calls import largest_window
from tests.kit.rabbitmq import shared_broker

TASKS = Path(__file__).parent / "tasks"
REQUESTS, TOKENS = 60, 20_000
CALLERS = 100
LEASE_SECONDS = 3


@dataclass(frozen=True, slots=True)
class Plan:
    """How long, and in which windows the limits hold."""

    seconds: float
    window_seconds: float


@dataclass(frozen=True, slots=True)
class Report:
    """What came of it."""

    calls: int
    """Of the model, also of jobs that nobody got to see the end of."""
    most_requests: int
    most_tokens: int
    """In any window, whether the model counts a call when it comes or when it ends."""
    used: float
    """Part of the scarcer limit that was used, over the whole time."""
    least_served: int
    longest_wait_seconds: float
    turn_seconds: float
    """How long each would wait if all were served in turn, at the rate at which they were."""
    away_seconds: float
    """How long the share of a replica that dies or comes is nobody's."""
    refusals: int

    @property
    def problems(self) -> list[str]:
        """What must not be."""
        found = []
        if self.most_requests > REQUESTS:
            found.append(f"{self.most_requests} requests in a window")
        if self.most_tokens > TOKENS:
            found.append(f"{self.most_tokens} tokens in a window")
        if not self.least_served:
            found.append("a caller was never served")
        if self.longest_wait_seconds > self.turn_seconds + 2 * self.away_seconds:
            found.append(f"a request waited {self.longest_wait_seconds:.0f} s")
        return found


def run(plan: Plan, folder: Path) -> Report:
    """Start everything, let the crowd call while replicas die, join and stop; return what the model counted."""
    with ExitStack() as stack:
        simulator = SimulatorProcess(folder, "--latency", "lognormal(0.6,0.4)")
        stack.callback(simulator.stop)
        url = databases.clone()
        stack.callback(databases.drop, url)
        settings = shared_settings(url, simulator.url, plan)
        replicas = [stack.enter_context(AdapterProcess(folder, settings, name=f"replica-{n}")) for n in range(3)]
        late = AdapterProcess(folder, settings, name="replica-late")
        stack.callback(late.stop)
        crowd = Crowd([one.grpc_address for one in replicas], payloads())
        asyncio.run(_call(crowd, replicas, late, plan))
        return report(simulator.calls(), crowd, plan)


async def _call(crowd: Crowd, replicas: Sequence[AdapterProcess], late: AdapterProcess, plan: Plan) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(crowd.call(CALLERS, plan.seconds))
        group.create_task(_come_and_go(crowd, replicas, late, plan))


async def _come_and_go(crowd: Crowd, replicas: Sequence[AdapterProcess], late: AdapterProcess, plan: Plan) -> None:
    """One dies, one joins, one stops in order."""
    quarter = plan.seconds / 4
    await asyncio.sleep(quarter)
    crowd.addresses.remove(replicas[0].grpc_address)
    await asyncio.to_thread(replicas[0].kill)
    await asyncio.sleep(quarter / 2)
    await asyncio.to_thread(late.start)
    crowd.addresses.append(late.grpc_address)
    await asyncio.sleep(quarter)
    crowd.addresses.remove(replicas[1].grpc_address)
    await asyncio.to_thread(replicas[1].stop)


def shared_settings(database_url: str, model_url: str, plan: Plan) -> dict[str, Any]:
    """Return the settings of every replica: so much in any window, whatever its length."""
    in_minute = 60 / plan.window_seconds
    model = {
        "provider": "compatible",
        "base_url": model_url,
        "model": "simulated",
        "simulator": True,
        "requests_per_minute": round(REQUESTS * in_minute),
        "tokens_per_minute": round(TOKENS * in_minute),
        "limit_window_seconds": plan.window_seconds,
    }
    return {
        "database": {"url": database_url, "lease_seconds": LEASE_SECONDS, "heartbeat_seconds": 1},
        "amqp": {"urls": [shared_broker().url], "prefix": f"l{uuid.uuid4().hex[:8]}", "relay_poll_seconds": 0.3},
        "models": {"default": model},
        "tasks": str(TASKS),
    }


def payloads() -> list[tuple[str, str, bytes]]:
    """Return small requests, and one of several times their tokens; together they use both limits up."""
    sizes = [600] * 6 + [2000]
    notes = [json.dumps({"note": ("The printer is on fire. " * 100)[:size]}).encode() for size in sizes]
    return [("route-note", "application/json", note) for note in notes]


def report(calls: Sequence[dict[str, Any]], crowd: Crowd, plan: Plan) -> Report:
    """Count as the model does."""
    arrivals = [(datetime.fromisoformat(call["time"]).timestamp(), call) for call in calls]
    window = plan.window_seconds
    tokens = [(time, int(call["tokens"])) for time, call in arrivals]
    tokens_at_end = [(time + call["latency_seconds"], int(call["tokens"])) for time, call in arrivals]
    windows = plan.seconds / window
    served = [sum(one.caller == number for one in crowd.served) for number in range(CALLERS)]
    return Report(
        calls=len(calls),
        most_requests=largest_window([(time, 1) for time, _ in arrivals], window),
        most_tokens=max(largest_window(tokens, window), largest_window(tokens_at_end, window)),
        used=max(len(calls) / (REQUESTS * windows), sum(amount for _, amount in tokens) / (TOKENS * windows)),
        least_served=min(served),
        longest_wait_seconds=crowd.longest_wait_seconds,
        turn_seconds=CALLERS * plan.seconds / max(1, len(calls)),
        away_seconds=window + ARRIVAL_SECONDS + LEASE_SECONDS,
        refusals=crowd.refusals,
    )


def _described(found: Report, seconds: float, window_seconds: float) -> str:
    text = f"""\
{CALLERS} callers for {seconds:g} s over {REQUESTS} requests and {TOKENS} tokens in {window_seconds:g} s,
on three replicas, of which one dies, one joins and one stops:
  calls                            {found.calls}
  most requests in any window      {found.most_requests} of {REQUESTS}
  most tokens in any window        {found.most_tokens} of {TOKENS}
  used of the scarcer limit        {found.used:.0%}
  requests served to each caller   {found.least_served} or more
  longest wait of a request        {found.longest_wait_seconds:.0f} s; in turn it would be {found.turn_seconds:.0f} s
  told to come back later          {found.refusals} times
"""
    return text + "".join(f"PROBLEM: {problem}\n" for problem in found.problems)


def main() -> int:
    """Run it and print what came of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=420.0, help="how long the crowd calls")
    parser.add_argument("--window", type=float, default=60.0, help="seconds of the window of the limits")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="limits-") as folder:
        found = run(Plan(asked.seconds, asked.window), Path(folder))
    sys.stdout.write(_described(found, asked.seconds, asked.window))
    return 1 if found.problems else 0


if __name__ == "__main__":
    sys.exit(main())

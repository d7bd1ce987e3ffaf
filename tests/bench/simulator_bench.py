"""Measure the simulated model: requests a second and its CPU microseconds per call, by a raw aiohttp client.

Run: .venv/bin/python tests/bench/simulator_bench.py [--calls 20000] [--in-flight 50 1000] [--latency 0]
The server runs in a process of its own; both print what they used.
"""

import argparse
import asyncio
import json
import multiprocessing
import resource
import sys
import time
from multiprocessing.connection import Connection

import aiohttp
import uvloop

from adapter.simulator.latency import Latency
from adapter.simulator.server import SimulatedModelServer
from adapter.simulator.simulation import SimulatorSettings

SCHEMA = {
    "type": "object",
    "properties": {
        "category": {"type": "string", "enum": ["BILLING", "OUTAGE", "ACCESS", "OTHER"]},
        "priority": {"type": "string", "enum": ["LOW", "NORMAL", "HIGH"]},
        "summary": {"type": "string", "maxLength": 200},
        "team": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "due": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
        "amount": {"type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?$"},
        "lines": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"text": {"type": "string"}, "quantity": {"type": "integer"}},
                "required": ["text", "quantity"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["category", "priority", "summary", "team", "due", "amount", "lines"],
    "additionalProperties": False,
}
RECORD = "Customer Brandt reports that the invoice of October was charged twice and asks for a refund. " * 11


def body(number: int) -> bytes:
    """Write a request of about 2.5 KB, different for each number."""
    return json.dumps(
        {
            "model": "simulated",
            "messages": [
                {"role": "system", "content": "Classify the ticket."},
                {"role": "user", "content": f"{RECORD} Ticket {number}."},
            ],
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "bench", "schema": SCHEMA, "strict": True},
            },
        }
    ).encode()


def serve(pipe: Connection, latency: str) -> None:
    """Serve until the other end of the pipe speaks; answers its CPU seconds and peak memory each time."""

    async def run() -> None:
        server = SimulatedModelServer(SimulatorSettings(latency=Latency.parse(latency)))
        pipe.send(await server.start())
        loop = asyncio.get_running_loop()
        while await loop.run_in_executor(None, pipe.recv):
            usage = resource.getrusage(resource.RUSAGE_SELF)
            pipe.send((usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024))
        await server.stop()

    uvloop.run(run())


async def load(port: int, calls: int, in_flight: int) -> float:
    """Make the calls; return the seconds they took. Raises for an answer that is no 200."""
    bodies = [body(number) for number in range(200)]
    numbers = iter(range(calls))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def caller() -> None:
            for number in numbers:
                async with session.post(
                    f"http://127.0.0.1:{port}/v1/chat/completions",
                    data=bodies[number % len(bodies)],
                    headers={"content-type": "application/json", "x-llm-adapter-request-id": f"r{number}"},
                ) as response:
                    await response.read()
                    response.raise_for_status()

        begun = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(in_flight):
                group.create_task(caller())
        return time.perf_counter() - begun


def main() -> None:
    """Run each load and print one line for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--in-flight", type=int, nargs="+", default=[50, 1000])
    parser.add_argument("--latency", default="0")
    options = parser.parse_args()
    here, there = multiprocessing.get_context("spawn").Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(there, options.latency))
    server.start()
    port = here.recv()
    for in_flight in options.in_flight:
        here.send(True)
        before, _ = here.recv()
        seconds = uvloop.run(load(port, options.calls, in_flight))
        here.send(True)
        after, peak = here.recv()
        sys.stdout.write(
            f"{in_flight:>6} in flight: {options.calls / seconds:>7.0f} requests/s, simulator "
            f"{(after - before) / options.calls * 1e6:>5.0f} us CPU a call, peak {peak:.0f} MiB\n"
        )
    here.send(False)
    server.join()


if __name__ == "__main__":
    main()

"""Measure the simulated model, and a model call: requests a second, CPU microseconds a call on both sides.

Run: .venv/bin/python tests/bench/simulator_bench.py [--client raw|openai] [--calls 20000] [--in-flight 50 1000]
The server runs in a process of its own. A cold burst: --in-flight 10000 --calls 10000 --latency 5.
"""

import argparse
import asyncio
import json
import multiprocessing
import resource
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection

import aiohttp
import uvloop

from adapter.domain.model import ModelRequest, Turn
from adapter.outbound.models.endpoint import ModelEndpoint
from adapter.outbound.models.openai_model import OpenAIModel
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


def used() -> tuple[float, float]:
    """CPU seconds of this process so far, and its peak memory in MiB."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def serve(pipe: Connection, latency: str) -> None:
    """Serve until the other end of the pipe speaks; answers its CPU seconds and peak memory each time."""

    async def run() -> None:
        server = SimulatedModelServer(SimulatorSettings(latency=Latency.parse(latency)))
        pipe.send(await server.start())
        loop = asyncio.get_running_loop()
        while await loop.run_in_executor(None, pipe.recv):
            pipe.send(used())
        await server.stop()

    uvloop.run(run())


Call = Callable[[int], Awaitable[None]]


@asynccontextmanager
async def raw_client(port: int) -> AsyncIterator[Call]:
    """Call with nothing but aiohttp: the floor."""
    bodies = [body(number) for number in range(200)]
    url = f"http://127.0.0.1:{port}/v1/chat/completions"

    async def call(number: int) -> None:
        headers = {"content-type": "application/json", "x-llm-adapter-request-id": f"r{number}"}
        async with session.post(url, data=bodies[number % len(bodies)], headers=headers) as response:
            await response.read()
            response.raise_for_status()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        yield call


@asynccontextmanager
async def openai_client(port: int) -> AsyncIterator[Call]:
    """Call as the adapter does."""
    endpoint = ModelEndpoint("bench", "simulated", "compatible", f"http://127.0.0.1:{port}/v1", simulator=True)
    model = OpenAIModel(endpoint)
    system = Turn("system", "Classify the ticket.")

    async def call(number: int) -> None:
        turns = (system, Turn("user", f"{RECORD} Ticket {number}."))
        request = ModelRequest(turns, "bench", SCHEMA, 4000, tags={"request-id": f"r{number}"})
        await model.call(request, timeout_seconds=120)

    try:
        yield call
    finally:
        await model.close()


CLIENTS = {"raw": raw_client, "openai": openai_client}


async def load(client: str, port: int, calls: int, in_flight: int) -> float:
    """Make the calls; return the seconds they took. Raises for an answer that is no reply."""
    numbers = iter(range(calls))
    async with CLIENTS[client](port) as call:

        async def caller() -> None:
            for number in numbers:
                await call(number)

        begun = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(in_flight):
                group.create_task(caller())
        return time.perf_counter() - begun


def main() -> None:
    """Run each load and print one line for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--client", choices=CLIENTS, default="raw")
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--in-flight", type=int, nargs="+", default=[50, 1000])
    parser.add_argument("--latency", default="0")
    options = parser.parse_args()
    here, there = multiprocessing.get_context("spawn").Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(there, options.latency))
    server.start()
    port = here.recv()
    for in_flight in options.in_flight:
        here.send("used?")
        server_before, _ = here.recv()
        client_before, _ = used()
        seconds = uvloop.run(load(options.client, port, options.calls, in_flight))
        client_after, client_peak = used()
        here.send("used?")
        server_after, server_peak = here.recv()
        sys.stdout.write(
            f"{in_flight:>6} in flight: {seconds:>6.1f} s, {options.calls / seconds:>6.0f} requests/s; CPU us a call: "
            f"{options.client} client {(client_after - client_before) / options.calls * 1e6:.0f}, simulator "
            f"{(server_after - server_before) / options.calls * 1e6:.0f}; "
            f"peak MiB: {client_peak:.0f}, {server_peak:.0f}\n"
        )
    here.send("")
    server.join()


if __name__ == "__main__":
    main()

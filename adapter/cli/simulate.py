"""`adapter simulate`: the simulated model as a server."""

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from adapter.bootstrap.catalogue import read_catalogue
from adapter.cli.configured import settings_of
from adapter.cli.console import errors
from adapter.cli.exits import Exit, exit_codes, fail
from adapter.cli.options import ConfigOption, TasksOption
from adapter.operator_errors import UnreachableError
from adapter.simulator.answers import sample_answers
from adapter.simulator.faults import FaultRule, UnknownFault
from adapter.simulator.latency import Latency
from adapter.simulator.server import SimulatedModelServer
from adapter.simulator.simulation import SimulatorSettings


def command(
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="0 = any free port; it is printed.")] = 9100,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    latency: Annotated[
        str, typer.Option("--latency", help="Of each call: seconds, lognormal(0.8,0.4) or uniform(1,3).")
    ] = "0",
    fault: Annotated[list[str] | None, typer.Option("--fault", help="kind:rate, such as 429:0.1; may repeat.")] = None,
    log: Annotated[Path | None, typer.Option("--log", help="Write each call as a line of JSON to this file.")] = None,
    config: ConfigOption = None,
    tasks: TasksOption = None,
) -> None:
    """Serve the simulated model: OpenAI-compatible, deterministic, and faulty on request."""
    with exit_codes():
        settings = settings_of(config)
        try:
            rules = tuple(FaultRule.parse(text) for text in fault or [])
            chosen = SimulatorSettings(latency=Latency.parse(latency), faults=rules)
        except (UnknownFault, ValueError) as exc:
            fail(str(exc), Exit.WRONG_USAGE)
        answers = sample_answers(read_catalogue(settings, tasks).all())
        uvloop.run(_serve(SimulatedModelServer(chosen, answers, log_path=log), host, port))


async def _serve(server: SimulatedModelServer, host: str, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        actual = await server.start(host, port)
    except OSError as exc:
        raise UnreachableError(f"{host}:{port} cannot be listened on: {exc.strerror}. Choose another --port.") from exc
    errors.print(f"simulated model at http://{host}:{actual}/v1", highlight=False, soft_wrap=True)
    await stop.wait()
    await server.stop()

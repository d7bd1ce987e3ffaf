"""`adapter serve`: the service, until SIGTERM; a second signal ends it at once."""

import asyncio
import ipaddress
import os
import signal
from typing import Annotated

import structlog
import typer
import uvloop

from adapter.bootstrap.application import Application
from adapter.cli.exits import Exit, exit_codes, fail
from adapter.cli.options import ConfigOption, settings_of
from adapter.settings import ModelSection, Settings

log = structlog.get_logger()


def command(
    config: ConfigOption = None,
    simulated: Annotated[bool, typer.Option("--simulated", help="Simulate every model.")] = False,
    workers: Annotated[int, typer.Option("--workers", help="Processes; more than 1 comes with a later version.")] = 1,
) -> None:
    """Run the service."""
    with exit_codes():
        settings = settings_of(config)
        if simulated:
            models = {name: _simulated(section) for name, section in settings.models.items()}
            settings = settings.model_copy(update={"models": models})
        if workers != 1:
            fail(
                "--workers: SQLite allows exactly one serving process, and PostgreSQL comes with a later version. "
                "Leave it out.",
                Exit.INVALID_CONFIGURATION,
            )
        _refuse_public_address(settings)
        uvloop.run(_serve(Application(settings)))


def _simulated(section: ModelSection) -> ModelSection:
    if section.provider == "simulated":
        return section
    return ModelSection(provider="simulated", price=section.price, breaker=section.breaker)


def _refuse_public_address(settings: Settings) -> None:
    host = settings.grpc.listen.rpartition(":")[0].strip("[]")
    if host == "localhost" or settings.grpc.open:
        return
    try:
        is_private = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_private = False
    if not is_private:
        fail(
            f"grpc.listen {settings.grpc.listen} is a public address, and there is no authentication. Listen on "
            "127.0.0.1, or set grpc.open: true if the network around it keeps others out.",
            Exit.INVALID_CONFIGURATION,
        )


async def _serve(application: Application) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        if stop.is_set():
            os._exit(Exit.JOB_FAILED)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
    try:
        await application.start()
        stopped = asyncio.ensure_future(stop.wait())
        failed = asyncio.ensure_future(application.failed())
        done, _ = await asyncio.wait({stopped, failed}, return_when=asyncio.FIRST_COMPLETED)
        if failed in done:
            stopped.cancel()
            await failed
        failed.cancel()
        await application.drain()
    finally:
        await application.close()

"""`adapter serve`: the service, until SIGTERM; a second signal ends it at once."""

import asyncio
import ipaddress
import os
import signal
from collections.abc import Coroutine
from typing import Annotated, Any

import typer
import uvloop

from adapter.bootstrap.application import Application
from adapter.cli.configured import settings_of
from adapter.cli.exits import Exit, exit_codes, fail
from adapter.cli.options import ConfigOption
from adapter.settings import ModelSection, Settings

# The shell's word for a process that a signal ended.
_BY_SIGNAL = 128


def command(
    config: ConfigOption = None,
    simulated: Annotated[bool, typer.Option("--simulated", help="Simulate every configured model.")] = False,
    workers: Annotated[
        int, typer.Option("--workers", min=1, help="Processes; more than 1 comes with a later version.")
    ] = 1,
) -> None:
    """Run the service until SIGTERM, which lets running jobs end; a second one ends it at once."""
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
    if host == "localhost" or settings.grpc.open or settings.auth is not None:
        return
    try:
        is_private = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_private = False
    if not is_private:
        fail(
            f"grpc.listen {settings.grpc.listen} is a public address, and there is no authentication. Set auth, "
            "listen on 127.0.0.1, or set grpc.open: true if the network around it keeps others out.",
            Exit.INVALID_CONFIGURATION,
        )


async def _serve(application: Application) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal(number: int) -> None:
        if stop.is_set():
            os._exit(_BY_SIGNAL + number)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number)
    stopped = asyncio.ensure_future(stop.wait())
    try:
        if await _first(stopped, application.start()):
            return
        if await _first(stopped, application.failed()):
            await application.drain()
    finally:
        stopped.cancel()
        await application.close()


async def _first(stopped: asyncio.Future[Any], work: Coroutine[Any, Any, object]) -> bool:
    """Whether the signal comes before the work ends, which is then given up. Raises what the work raises."""
    working = asyncio.ensure_future(work)
    await asyncio.wait({stopped, working}, return_when=asyncio.FIRST_COMPLETED)
    if working.done():
        await working
        return False
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    return True

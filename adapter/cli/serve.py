"""`adapter serve`: the service, until SIGTERM; a second signal ends it at once."""

import ipaddress
from functools import partial
from typing import Annotated

import typer
import uvloop

from adapter.bootstrap.application import Application
from adapter.bootstrap.core import serves_alone
from adapter.bootstrap.seat import write_orders
from adapter.cli.configured import settings_of, with_cassettes
from adapter.cli.exits import Exit, exit_codes, fail
from adapter.cli.options import ConfigOption, RecordOption, ReplayOption
from adapter.cli.serving import StopSignals, serve_application
from adapter.settings import ModelSection, Settings

# Beyond drain_seconds: what is sent and closed after the jobs have ended.
_CLOSING_SECONDS = 30.0


def command(
    config: ConfigOption = None,
    simulated: Annotated[bool, typer.Option("--simulated", help="Simulate every configured model.")] = False,
    record: RecordOption = None,
    replay: ReplayOption = None,
    workers: Annotated[
        int, typer.Option("--workers", min=1, help="Processes; more than 1 need PostgreSQL and a broker.")
    ] = 1,
) -> None:
    """Run the service until SIGTERM, which lets running jobs end; a second one ends it at once."""
    with exit_codes():
        settings = with_cassettes(settings_of(config), record, replay)
        if simulated:
            models = {name: _simulated(section) for name, section in settings.models.items()}
            settings = settings.model_copy(update={"models": models})
        _refuse_public_address(settings)
        if workers == 1:
            uvloop.run(_serve(settings))
            return
        if settings.cassettes.record or settings.cassettes.replay:
            fail(f"--workers {workers}: recordings are numbered and repeated by one process.", Exit.WRONG_USAGE)
        if why := serves_alone(settings):
            fail(f"--workers {workers}: {why}", Exit.INVALID_CONFIGURATION)
        code = uvloop.run(_serve_workers(settings, workers))
    if code:
        raise typer.Exit(code)


async def _serve(settings: Settings) -> None:
    await serve_application(Application(settings), StopSignals())


async def _serve_workers(settings: Settings, workers: int) -> int:
    from adapter.workers.serve import WorkerService  # noqa: PLC0415 - one process needs none of it
    from adapter.workers.supervisor import SupervisorSettings  # noqa: PLC0415 - as above

    service = WorkerService(
        SupervisorSettings(workers, settings.drain_seconds + _CLOSING_SECONDS),
        partial(write_orders, settings),
        grpc_listen=settings.grpc.listen,
        http_listen=settings.http.listen,
    )
    return await service.run(StopSignals(before_the_end=service.kill).stopped)


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

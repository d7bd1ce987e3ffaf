"""`adapter worker`: one of the processes that `adapter serve --workers N` starts. Not for people."""

import asyncio
import os
import sys

import structlog
import uvloop

from adapter.bootstrap.application import Application
from adapter.bootstrap.seat import read_orders
from adapter.cli.exits import exit_codes
from adapter.cli.logs import configure_logs
from adapter.cli.serving import StopSignals, serve_application
from adapter.workers.process import STARTED


def command() -> None:
    """Serve as the parent says on stdin, until SIGTERM, or until the parent is gone."""
    with exit_codes():
        settings, seat = read_orders(sys.stdin.buffer.readline())
        configure_logs(settings.log)
        structlog.contextvars.bind_contextvars(worker=seat.number)
        uvloop.run(_serve(Application(settings, seat)))


async def _serve(application: Application) -> None:
    signals = StopSignals()
    loop = asyncio.get_running_loop()

    def on_parent_gone() -> None:
        loop.remove_reader(sys.stdin.fileno())
        signals.stop()

    loop.add_reader(sys.stdin.fileno(), on_parent_gone)
    await serve_application(application, signals, on_started=lambda: _tell_parent(STARTED))


def _tell_parent(line: bytes) -> None:
    os.write(sys.stdout.fileno(), line)

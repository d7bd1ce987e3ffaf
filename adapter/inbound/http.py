"""The operators' port: /healthz (alive), /readyz (can take requests), /metrics."""

import errno
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from adapter.operator_errors import UnreachableError


class PortTakenError(UnreachableError):
    """The address cannot be listened on."""


class OperationsServer:
    """Serves the three pages. `ready` returns the problems that stand against taking requests."""

    def __init__(
        self,
        listen: str,
        *,
        ready: Callable[[], Awaitable[list[str]]],
        states: Callable[[], Mapping[str, str]],
        metrics: Callable[[], Awaitable[bytes]],
    ) -> None:
        """Listen: host:port, port 0 = any free one; or unix:PATH. States are shown for people; they do not flip it."""
        self._listen = listen
        self._ready = ready
        self._states = states
        self._metrics = metrics
        self._runner: web.AppRunner | None = None

    async def start(self) -> int:
        """Listen; returns the port, 0 for a Unix socket. Raises PortTakenError."""
        app = web.Application()
        app.add_routes(
            [web.get("/healthz", self._healthz), web.get("/readyz", self._readyz), web.get("/metrics", self._page)]
        )
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        try:
            await self._site(self._runner).start()
        except OSError as exc:
            await self._runner.cleanup()
            cause = "is taken by another process" if exc.errno == errno.EADDRINUSE else str(exc.strerror)
            raise PortTakenError(f"http.listen {self._listen} {cause}. Stop it, or set ADAPTER_HTTP__LISTEN.") from exc
        address = self._runner.addresses[0]
        return int(address[1]) if isinstance(address, tuple) else 0

    def _site(self, runner: web.AppRunner) -> web.BaseSite:
        if self._listen.startswith("unix:"):
            return web.UnixSite(runner, self._listen.removeprefix("unix:"))
        host, _, port = self._listen.rpartition(":")
        return web.TCPSite(runner, host.strip("[]"), int(port))

    async def stop(self) -> None:
        """Close the port."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _healthz(self, _request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _readyz(self, _request: web.Request) -> web.Response:
        problems = await self._ready()
        page = {"ready": not problems, "problems": problems, "parts": dict(self._states())}
        return web.json_response(page, status=503 if problems else 200)

    async def _page(self, _request: web.Request) -> web.Response:
        return web.Response(body=await self._metrics(), headers={"Content-Type": "text/plain; version=0.0.4"})

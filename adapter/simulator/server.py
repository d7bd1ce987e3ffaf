"""The simulated model as an OpenAI-compatible server, with a log to count calls by and switches for outages."""

import asyncio
import math
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TextIO
from urllib.parse import unquote

import orjson
from aiohttp import web

from adapter.simulator import completion
from adapter.simulator.answers import SampleAnswers
from adapter.simulator.calls import CallEnd
from adapter.simulator.completion import UnusableQuestion, no_choices
from adapter.simulator.control import ControlError, apply_controls, shown_controls
from adapter.simulator.faults import Fault, UnknownFault
from adapter.simulator.generate import UnusableSchema
from adapter.simulator.simulation import RunningCall, Simulation, SimulatorSettings

TAG_PREFIX = "x-llm-adapter-"
REVIEW_HEADER = "x-llm-adapter-simulated-review"
_TAGS = ("request-id", "job-id", "task", "simulate", "payload-sha256", "caller")
_BACKLOG = 4096
_OK = 200
_BAD_REQUEST = 400
_LARGEST_BODY = 64 * 1024 * 1024
_KEEPALIVE_SECONDS = 75.0
_STOP_SECONDS = 1.0

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class SimulatedModelServer:
    """Serves /v1/chat/completions, /v1/models, /health, /simulator/calls and /simulator/control."""

    def __init__(
        self,
        settings: SimulatorSettings | None = None,
        answers: SampleAnswers | None = None,
        log_path: Path | None = None,
    ) -> None:
        """log_path: a JSON line for each finished call is appended there."""
        self._settings = settings or SimulatorSettings()
        self._log_path = log_path
        self._log_file: TextIO | None = None
        self._answers = answers or {}
        self.simulation = Simulation(self._settings, self._answers)
        self._runner: web.ServerRunner | None = None
        self.port = 0
        self._routes: Mapping[tuple[str, str], Handler] = {
            ("POST", "/v1/chat/completions"): self._complete,
            ("GET", "/v1/models"): self._models,
            ("GET", "/health"): self._health,
            ("GET", "/simulator/calls"): self._calls,
            ("DELETE", "/simulator/calls"): self._forget_calls,
            ("GET", "/simulator/control"): self._show_controls,
            ("POST", "/simulator/control"): self._control,
        }

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen; return the port. Raises OSError when it is taken."""
        if self._log_path is not None:
            self._log_file = self._log_path.open("a", buffering=1, encoding="utf-8")
            self.simulation.log.write_to(self._log_file)
        server = web.Server(
            self._handle, handler_cancellation=True, keepalive_timeout=_KEEPALIVE_SECONDS, access_log=None
        )
        self._runner = web.ServerRunner(server, shutdown_timeout=_STOP_SECONDS)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, backlog=_BACKLOG)
        await site.start()
        self.port = int(self._runner.addresses[0][1])
        return self.port

    async def stop(self) -> None:
        """Stop listening and end the calls in flight."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        if self._log_file is not None:
            self._log_file.close()
            self._log_file = None

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        handler = self._routes.get((request.method, request.path))
        if handler is None:
            return _json(completion.error("not_found", f"no such path: {request.path[:80]}"), status=404)
        return await handler(request)

    async def _complete(self, request: web.BaseRequest) -> web.StreamResponse:
        headers = request.headers
        tags = {tag: unquote(headers[f"{TAG_PREFIX}{tag}"]) for tag in _TAGS if f"{TAG_PREFIX}{tag}" in headers}
        if (request.content_length or 0) > _LARGEST_BODY:
            return _json(completion.error("request_too_large", "the body is over 64 MiB"), status=413)
        body = await request.content.read()
        try:
            call = self.simulation.begin(tags)
        except UnknownFault as exc:
            return _json(completion.error("unknown_fault", str(exc)), status=400)
        try:
            return await self._meet(request, body, call)
        finally:
            self.simulation.end(call)

    async def _meet(self, request: web.BaseRequest, body: bytes, call: RunningCall) -> web.StreamResponse:
        if call.latency_seconds:
            await asyncio.sleep(call.latency_seconds)
        fault = call.fault
        if fault is None or fault.error is None:
            return self._answer(body, call)
        if fault.word == "hang":
            await asyncio.Event().wait()
        call.ends(CallEnd.FAILED, fault.status)
        if fault.word == "reset":
            _abort(request)
            await asyncio.Event().wait()
        if fault.word == "cut":
            return await _cut(request, no_choices(call, self._settings.model))
        return self._failure(fault, call)

    def _answer(self, body: bytes, call: RunningCall) -> web.Response:
        call.ends(CallEnd.FAILED, _BAD_REQUEST)
        try:
            question = completion.read_question(body)
            reply = self.simulation.reply(question, call)
        except (UnusableQuestion, UnusableSchema) as exc:
            return _json(completion.error("invalid_request", str(exc)), status=_BAD_REQUEST)
        call.ends(CallEnd.ANSWERED, _OK)
        response = _json(completion.completion(reply, call, self._settings.model))
        response.headers["x-request-id"] = f"simulated-{call.number}"
        if reply.review:
            response.headers[REVIEW_HEADER] = "1"
        return response

    def _failure(self, fault: Fault, call: RunningCall) -> web.Response:
        if fault.word in {"not_json", "502"}:
            return web.Response(body=completion.HTML_PAGE, status=fault.status, content_type="text/html")
        if fault.word == "no_choices":
            return _json(no_choices(call, self._settings.model))
        if fault.word == "error_in_200":
            return _json(completion.error("502", f"simulated: {fault.meaning}", "server_error"))
        response = _json(completion.fault_error(fault), status=fault.status)
        if fault.word == "429":
            seconds = self._settings.retry_after_seconds
            response.headers["retry-after"] = str(math.ceil(seconds))
            response.headers["retry-after-ms"] = f"{seconds * 1000:g}"
        return response

    async def _models(self, _request: web.BaseRequest) -> web.StreamResponse:
        model = {"id": self._settings.model, "object": "model", "created": 0, "owned_by": "llm-adapter"}
        return _json(orjson.dumps({"object": "list", "data": [model]}))

    async def _health(self, _request: web.BaseRequest) -> web.StreamResponse:
        return _json(orjson.dumps({"status": "ok", "in_flight": self.simulation.log.in_flight}))

    async def _calls(self, request: web.BaseRequest) -> web.StreamResponse:
        log, wanted = self.simulation.log, request.query.get("request_id")
        since = request.query.get("since", "0")
        if not since.isdecimal():
            return _json(completion.error("bad_query", "since is the number of a call"), status=_BAD_REQUEST)
        calls = log.calls(since=int(since), keep=lambda call: wanted is None or call.request_id == wanted)
        lines = b",".join(call.to_json() for call in calls)
        head = orjson.dumps({"total": log.total, "in_flight": log.in_flight, "counts": log.counts})
        return _json(head[:-1] + b',"calls":[' + lines + b"]}")

    async def _forget_calls(self, _request: web.BaseRequest) -> web.StreamResponse:
        self.simulation.log.clear()
        return _json(b"{}")

    async def _show_controls(self, _request: web.BaseRequest) -> web.StreamResponse:
        return _json(orjson.dumps(shown_controls(self.simulation.controls)))

    async def _control(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            apply_controls(self.simulation.controls, await request.content.read())
        except ControlError as exc:
            return _json(completion.error("bad_control", str(exc)), status=_BAD_REQUEST)
        return await self._show_controls(request)


def _json(body: bytes, status: int = 200) -> web.Response:
    return web.Response(body=body, status=status, content_type="application/json")


def _abort(request: web.BaseRequest) -> None:
    """Close the connection with a TCP reset; the handler is cancelled when its loss is noticed."""
    transport = request.transport
    if transport is None:
        return
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def _cut(request: web.BaseRequest, body: bytes) -> web.StreamResponse:
    """Send half of an answer and close."""
    response = web.StreamResponse(headers={"content-type": "application/json", "content-length": str(len(body))})
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    _abort(request)
    return response

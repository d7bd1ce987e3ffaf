"""An OpenAI-compatible endpoint on a real socket that answers as a test tells it to, and remembers what it was told."""

import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def answer(
    body: object, status: int = 200, headers: Mapping[str, str] | None = None, content_type: str = "application/json"
) -> Answer:
    """Answer with a body: bytes as they are, anything else as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def respond(_request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=content, status=status, headers=headers, content_type=content_type)

    return respond


def completion(content: object = '{"a":1}', **changes: Any) -> dict[str, Any]:
    """Write a completion; changes are laid over it, those named message_… over its message."""
    message = {"role": "assistant", "content": content}
    message |= {key.removeprefix("message_"): value for key, value in changes.items() if key.startswith("message_")}
    choice = {"index": 0, "message": message, "finish_reason": changes.pop("finish_reason", "stop")}
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "served-model-2026",
        "system_fingerprint": "fp_1",
        "choices": [choice],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
    }
    return body | {key: value for key, value in changes.items() if not key.startswith("message_")}


@dataclass
class Asked:
    """One request that came in; headers in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


@dataclass
class ScriptedEndpoint:
    """Answers each request with the next of `script`, the last one again and again."""

    url: str
    script: list[Answer] = field(default_factory=lambda: [answer(completion())])
    asked: list[Asked] = field(default_factory=list)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Remember and answer."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.asked.append(Asked(str(request.rel_url), headers, await request.content.read()))
        respond = self.script[0] if len(self.script) == 1 else self.script.pop(0)
        return await respond(request)


@asynccontextmanager
async def scripted_endpoint(tls: ssl.SSLContext | None = None) -> AsyncIterator[ScriptedEndpoint]:
    """Serve on a free port of the loopback address."""
    endpoint = ScriptedEndpoint("")
    server = web.Server(endpoint.handle, handler_cancellation=True, access_log=None)
    runner = web.ServerRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=4096, ssl_context=tls)
    await site.start()
    endpoint.url = f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        yield endpoint
    finally:
        await runner.cleanup()

"""One model behind an OpenAI-compatible endpoint: each call is made once, its body given whole, not streamed.

The package's own parsing, retries and schema transform are left out: they lose replies, or pay twice.
"""

import asyncio
import ssl
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote

import httpx2
import openai

from adapter.domain.model import ModelRequest, Reply
from adapter.errors import CallMisconfigured, CallUnreachable
from adapter.outbound.models.classify import ErrorAnswer, call_error
from adapter.outbound.models.endpoint import ModelEndpoint
from adapter.outbound.models.failures import CALL_EXCEPTIONS, CallContext, parsed_or_none, translated
from adapter.outbound.models.profiles import profile_of
from adapter.outbound.models.reply import NoReply, read_reply
from adapter.outbound.models.request_body import write_body

TAG_PREFIX = "x-llm-adapter-"
REVIEW_HEADER = "x-llm-adapter-simulated-review"
_UNAUTHORIZED = 401
_TAG_CHARACTERS = "!\"#$&'()*+,/:;<=>?@[]^`{|}~"
# What the package tells of this machine: nobody needs it, and each header costs microseconds.
_LEFT_OUT = (
    "X-Stainless-Lang",
    "X-Stainless-Package-Version",
    "X-Stainless-OS",
    "X-Stainless-Arch",
    "X-Stainless-Runtime",
    "X-Stainless-Runtime-Version",
    "X-Stainless-Async",
    "x-stainless-retry-count",
    "x-stainless-read-timeout",
)
# Shorter than what servers keep an idle connection for (uvicorn, hence vLLM: 5 s): one that the server closes just as
# we write to it is a lost call.
_KEEPALIVE_SECONDS = 4.0


class OpenAIModel:
    """A configured endpoint, as the pipeline calls it."""

    def __init__(self, endpoint: ModelEndpoint) -> None:
        """Connect nothing yet. Raises UnknownProvider, OSError or ssl.SSLError for an unreadable ca_file."""
        self.name = endpoint.name
        self._endpoint = endpoint
        self._profile = profile_of(endpoint.provider, endpoint.model)
        self._url = f"{endpoint.url.rstrip('/')}/chat/completions"  # whole: the package would join it for each call
        self._key: str | None = None
        self._client = openai.AsyncOpenAI(
            api_key="given with each call",
            base_url=endpoint.url,
            max_retries=0,
            default_headers=dict(endpoint.headers),
            http_client=_http_client(endpoint),
        )
        # The package fills these from its own environment variables: they are not for other people's endpoints.
        self._client.organization = None
        self._client.project = None

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def call(self, request: ModelRequest, *, timeout_seconds: float) -> Reply:
        """Make one call. Raises a CallError when no reply came; after a 401 the next call reads the key again."""
        body = write_body(request, self._endpoint.model, self._profile, self._endpoint.extra_body)
        key = self._read_key()
        private = (key, *(turn.content for turn in request.turns))
        begun = time.monotonic()
        try:
            async with asyncio.timeout(timeout_seconds):
                response = await self._post(body.content, self._headers(request, key), timeout_seconds)
        except CALL_EXCEPTIONS as exc:
            error = translated(exc, CallContext(timeout_seconds, private))
            if error.status == _UNAUTHORIZED and self._key == key:
                self._key = None
            raise error from exc
        reply = self._reply(response, private)
        usage = replace(reply.usage, model_seconds=time.monotonic() - begun).priced(self._endpoint.price)
        return replace(reply, usage=usage, unsent_parameters=body.unsent_parameters)

    async def _post(
        self, content: bytes, headers: Mapping[str, str | openai.Omit], timeout_seconds: float
    ) -> httpx2.Response:
        connect_seconds = min(timeout_seconds, self._endpoint.connect_timeout_seconds)
        return await self._client.post(
            self._url,
            cast_to=httpx2.Response,
            content=content,
            options={"headers": headers, "timeout": httpx2.Timeout(timeout_seconds, connect=connect_seconds)},
        )

    def _reply(self, response: httpx2.Response, private: tuple[str, ...]) -> Reply:
        status = response.status_code
        body = parsed_or_none(response.content)
        if body is None:
            raise CallUnreachable("the endpoint's answer is not JSON: is base_url that of a model?", status=status)
        reply = read_reply(body)
        if isinstance(reply, NoReply):
            if reply.error is None:
                raise CallUnreachable("the endpoint's answer holds no reply", status=status)
            raise call_error(ErrorAnswer(status, dict(response.headers), reply.error), datetime.now(UTC), private)
        headers = response.headers
        return replace(
            reply,
            provider_request_id=headers.get("x-request-id", ""),
            simulated_review=self._endpoint.simulator and headers.get(REVIEW_HEADER) == "1",
        )

    def _headers(self, request: ModelRequest, key: str) -> dict[str, str | openai.Omit]:
        headers: dict[str, str | openai.Omit] = dict.fromkeys(_LEFT_OUT, openai.omit)
        if key:
            headers["Authorization"] = f"Bearer {key}"
        elif not any(name.lower() == "authorization" for name in self._endpoint.headers):
            headers["Authorization"] = openai.omit
        headers.update(request.trace.headers())
        if self._endpoint.simulator:
            # Quoted, because a label may hold any character, and a header may not.
            tags = request.tags.items()
            headers.update({f"{TAG_PREFIX}{tag}": quote(value, _TAG_CHARACTERS) for tag, value in tags if value})
        return headers

    def _read_key(self) -> str:
        if self._key is None:
            try:
                key = self._endpoint.api_key().strip() if self._endpoint.api_key is not None else ""
            except (OSError, ValueError, LookupError) as exc:
                raise CallMisconfigured(f"its key cannot be read ({type(exc).__name__}): correct api_key") from exc
            if not (key.isascii() and key.isprintable()):
                raise CallMisconfigured("its key holds characters that no header may: correct api_key")
            self._key = key
        return self._key


def _http_client(endpoint: ModelEndpoint) -> httpx2.AsyncClient:
    """Build the aiohttp transport without limits (0 = none to aiohttp): how many calls are made is not its business."""
    return openai.DefaultAioHttpClient(
        base_url=endpoint.url,
        limits=httpx2.Limits(max_connections=0, keepalive_expiry=_KEEPALIVE_SECONDS),
        follow_redirects=False,
        proxy=endpoint.proxy,
        trust_env=endpoint.proxy is None and not endpoint.is_on_this_machine,
        verify=_certificates(endpoint),
    )


def _certificates(endpoint: ModelEndpoint) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if endpoint.ca_file is not None:
        context.load_verify_locations(endpoint.ca_file)
    return context

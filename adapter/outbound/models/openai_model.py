"""One model behind an OpenAI-compatible endpoint: each call is made once, its body given whole, not streamed.

The package's own parsing, retries and schema transform are left out: they lose replies, or pay twice.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote

import httpx2
import openai

from adapter.domain.model import ModelRequest, Reply
from adapter.errors import CallUnauthorized, CallUnreachable
from adapter.outbound.models.addresses import completions_url
from adapter.outbound.models.classify import ErrorAnswer, call_error
from adapter.outbound.models.endpoint import ModelEndpoint
from adapter.outbound.models.failures import CALL_EXCEPTIONS, CallContext, parsed_or_none, translated
from adapter.outbound.models.links import http_client, trusted
from adapter.outbound.models.profiles import profile_of
from adapter.outbound.models.reply import NoReply, read_reply
from adapter.outbound.models.request_body import merged, write_body
from adapter.outbound.models.sign_in import key_source

TAG_PREFIX = "x-llm-adapter-"
REVIEW_HEADER = "x-llm-adapter-simulated-review"
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


class OpenAIModel:
    """A configured endpoint, as the pipeline calls it."""

    def __init__(self, endpoint: ModelEndpoint) -> None:
        """Connect nothing yet. Raises UnknownProvider, OSError or ssl.SSLError for an unreadable ca_file."""
        self.name = endpoint.name
        self._endpoint = endpoint
        self._kind = endpoint.kind
        self._profile = profile_of(endpoint.provider, endpoint.model)
        self._url = completions_url(endpoint)  # whole: the package would join it for each call
        self._extra = merged(self._kind.body, endpoint.extra_body)
        self._keys = key_source(endpoint)
        self._client = openai.AsyncOpenAI(
            api_key="given with each call",
            base_url=self._url,
            max_retries=0,
            default_headers=dict(endpoint.headers),
            http_client=http_client(self._url, proxy=endpoint.proxy, certificates=trusted(endpoint.ca_file)),
        )
        # The package fills these from its own environment variables: they are not for other people's endpoints.
        self._client.organization = None
        self._client.project = None

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
        await self._keys.close()

    async def call(self, request: ModelRequest, *, timeout_seconds: float) -> Reply:
        """Make one call. Raises a CallError when no reply came.

        A key that is refused is read, or its token fetched, anew; if that is another, the call is made once more.
        """
        body = write_body(request, self._endpoint.served_as, self._profile, self._extra)
        begun = time.monotonic()
        try:
            async with asyncio.timeout(timeout_seconds):
                reply = await self._asked(request, body.content, timeout_seconds)
        except TimeoutError as exc:
            raise translated(exc, CallContext(timeout_seconds, ())) from exc
        usage = replace(reply.usage, model_seconds=time.monotonic() - begun)
        if self._endpoint.price is not None:
            usage = usage.priced(self._endpoint.price)
        return replace(reply, usage=usage, unsent_parameters=body.unsent_parameters)

    async def _asked(self, request: ModelRequest, content: bytes, timeout_seconds: float) -> Reply:
        key = await self._keys.current()
        try:
            return await self._once(request, content, key, timeout_seconds)
        except CallUnauthorized:
            newer = await self._keys.current()
            if newer == key:
                raise
        return await self._once(request, content, newer, timeout_seconds)

    async def _once(self, request: ModelRequest, content: bytes, key: str, timeout_seconds: float) -> Reply:
        private = (key, *(turn.content for turn in request.turns))
        try:
            response = await self._post(content, self._headers(request, key), timeout_seconds)
            return self._reply(response, private)
        except CallUnauthorized:
            self._keys.refused(key)
            raise
        except CALL_EXCEPTIONS as exc:
            error = translated(exc, CallContext(timeout_seconds, private))
            if isinstance(error, CallUnauthorized):
                self._keys.refused(key)
            raise error from exc

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
        reply = read_reply(body, self._kind)
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
        if not any(name.lower() == "authorization" for name in self._endpoint.headers):
            headers["Authorization"] = openai.omit
        if key and self._kind.key_header != "authorization" and self._endpoint.credentials is None:
            headers[self._kind.key_header] = key
        elif key:
            headers["Authorization"] = f"Bearer {key}"
        headers.update(request.trace.headers())
        if self._endpoint.simulator:
            # Quoted, because a label may hold any character, and a header may not.
            tags = request.tags.items()
            headers.update({f"{TAG_PREFIX}{tag}": quote(value, _TAG_CHARACTERS) for tag, value in tags if value})
        return headers

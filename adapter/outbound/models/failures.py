"""The translator of the openai package: which of its exceptions, and of the transport below it, is which CallError."""

import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
import httpx2
import openai
import orjson

from adapter.errors import CallError, CallMisconfigured, CallUnreachable
from adapter.outbound.models.classify import ErrorAnswer, call_error

CALL_EXCEPTIONS = (openai.OpenAIError, aiohttp.ClientError, httpx2.HTTPError, httpx2.InvalidURL, OSError)
"""What a call may raise; TimeoutError is an OSError. The transport maps most of aiohttp's to its own, not all."""

# Every exception class of the package, and what we make of it; a test compares this with the package.
FATES: Mapping[str, str] = {
    "OpenAIError": "misconfigured: the package refuses to make the call",
    "APIError": "unreachable",
    "APIConnectionError": "by its cause",
    "APITimeoutError": "by its cause",
    "APIResponseValidationError": "unreachable",
    "APIStatusError": "by its answer",
    "BadRequestError": "by its answer",
    "AuthenticationError": "by its answer",
    "OAuthError": "by its answer",
    "PermissionDeniedError": "by its answer",
    "NotFoundError": "by its answer",
    "ConflictError": "by its answer",
    "UnprocessableEntityError": "by its answer",
    "RateLimitError": "by its answer",
    "InternalServerError": "by its answer",
    "SubjectTokenProviderError": "misconfigured: not used",
    "LengthFinishReasonError": "never: only .parse() raises it",
    "ContentFilterFinishReasonError": "never: only .parse() raises it",
    "InvalidWebhookSignatureError": "never: webhooks are not used",
    "WebSocketConnectionClosedError": "never: websockets are not used",
    "WebSocketQueueFullError": "never: websockets are not used",
}


@dataclass(frozen=True, slots=True)
class CallContext:
    """What a message about a failed call may say, and what it must not."""

    timeout_seconds: float
    private: tuple[str, ...]
    """Key and prompt."""


@dataclass(frozen=True, slots=True)
class _LinkRule:
    cause: type[BaseException]
    error: type[CallError]
    meaning: str


# Most specific first: the classes overlap, a certificate error is also a connection error.
_LINK_RULES = (
    _LinkRule(ssl.SSLCertVerificationError, CallMisconfigured, "its certificate is not trusted: give ca_file"),
    _LinkRule(
        aiohttp.ClientConnectorCertificateError, CallMisconfigured, "its certificate is not trusted: give ca_file"
    ),
    _LinkRule(aiohttp.ClientSSLError, CallUnreachable, "TLS could not be agreed on"),
    _LinkRule(aiohttp.InvalidURL, CallMisconfigured, "base_url is not an address: correct it"),
    _LinkRule(httpx2.InvalidURL, CallMisconfigured, "base_url is not an address: correct it"),
    _LinkRule(httpx2.UnsupportedProtocol, CallMisconfigured, "base_url is not an address: correct it"),
    _LinkRule(aiohttp.ClientConnectorDNSError, CallUnreachable, "its host name is not known"),
    _LinkRule(aiohttp.ClientProxyConnectionError, CallUnreachable, "the proxy takes no connection"),
    _LinkRule(aiohttp.ClientHttpProxyError, CallUnreachable, "the proxy refused to connect"),
    _LinkRule(aiohttp.ConnectionTimeoutError, CallUnreachable, "no connection in time"),
    _LinkRule(aiohttp.ClientConnectorError, CallUnreachable, "it takes no connection"),
    _LinkRule(aiohttp.ClientPayloadError, CallUnreachable, "the connection ended in the middle of the answer"),
    _LinkRule(aiohttp.ClientResponseError, CallUnreachable, "its answer is not HTTP"),
    _LinkRule(httpx2.DecodingError, CallUnreachable, "its answer cannot be decompressed"),
    _LinkRule(TimeoutError, CallUnreachable, "no answer in time"),
    _LinkRule(aiohttp.ClientConnectionError, CallUnreachable, "the connection ended without an answer"),
    _LinkRule(OSError, CallUnreachable, "the connection failed"),
)


def translated(exc: BaseException, context: CallContext) -> CallError:
    """Return the CallError for whatever a call raised."""
    if isinstance(exc, openai.APIStatusError):
        return _by_answer(exc, context)
    if isinstance(exc, openai.OpenAIError) and not isinstance(exc, openai.APIError):
        return CallMisconfigured(f"the call cannot be made ({type(exc).__name__}): correct the model's configuration")
    return _by_cause(exc, context)


def _by_answer(exc: openai.APIStatusError, context: CallContext) -> CallError:
    response = exc.response
    answer = ErrorAnswer(response.status_code, dict(response.headers), parsed_or_none(response.content))
    return call_error(answer, datetime.now(UTC), context.private)


def _by_cause(exc: BaseException, context: CallContext) -> CallError:
    for rule in _LINK_RULES:
        if any(isinstance(cause, rule.cause) for cause in _causes(exc)):
            limit = f" ({context.timeout_seconds:.3g} s)" if rule.cause is TimeoutError else ""
            return rule.error(f"the endpoint cannot be reached: {rule.meaning}{limit}")
    return CallUnreachable(f"the endpoint cannot be reached: {type(exc).__name__}")


def _causes(exc: BaseException | None) -> Iterator[BaseException]:
    while exc is not None:
        yield exc
        exc = exc.__cause__ or exc.__context__


def parsed_or_none(body: bytes) -> Any:
    """Parse a body; what is not JSON (an HTML page of a proxy) says nothing and is None."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None

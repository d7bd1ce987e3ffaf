"""What an endpoint's error means for a call, as data: the first rule that applies counts.

Error bodies come as an object, an array of one (Google), a bare string (xAI) or flat (old vLLM).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapter.errors import (
    CallError,
    CallFiltered,
    CallForbidden,
    CallMisconfigured,
    CallRejected,
    CallThrottled,
    CallTooLong,
    CallUnauthorized,
    CallUnreachable,
)
from adapter.outbound.models.quoting import quotable
from adapter.outbound.models.retry_after import retry_after_seconds

_REDIRECTS = frozenset(range(300, 400))
_CLIENT_ERRORS = frozenset(range(400, 500))
_OF_THIS_REQUEST = frozenset({400, 413, 422})
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{1,63}\Z")


@dataclass(frozen=True, slots=True)
class ErrorFacts:
    """An error body, whatever its form: status if it names one, codes in lower case, the provider's words."""

    status: int | None = None
    codes: tuple[str, ...] = ()
    words: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """Applies to these statuses (none = any) when a code is among these or the words match (neither = always)."""

    error: type[CallError]
    meaning: str
    statuses: frozenset[int] = frozenset()
    codes: frozenset[str] = frozenset()
    words: re.Pattern[str] | None = None

    def applies(self, status: int, facts: ErrorFacts) -> bool:
        """Tell whether the rule is about this error."""
        if self.statuses and status not in self.statuses:
            return False
        if not self.codes and self.words is None:
            return True
        if self.codes.intersection(facts.codes):
            return True
        return self.words is not None and self.words.search(facts.words) is not None


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


RULES = (
    Rule(
        CallTooLong,
        "the prompt does not fit the model's context",
        frozenset({400, 413, 422}),
        frozenset(
            {"context_length_exceeded", "exceed_context_size_error", "request_too_large", "string_above_max_length"}
        ),
        _words(
            r"maximum context length|context (length|window|size)|prompt is too long|input is too long"
            r"|too many (input )?tokens|input token count .* exceeds"
        ),
    ),
    Rule(
        CallTooLong,
        "the request is larger than the token limit of a minute",
        frozenset({429}),
        words=_words("request too large"),
    ),
    Rule(CallTooLong, "the request is too large for the endpoint", frozenset({413})),
    Rule(
        CallFiltered,
        "the provider's content filter refused the prompt",
        frozenset({400, 403, 422}),
        frozenset({"content_filter", "content_policy_violation", "responsibleaipolicyviolation", "moderation_blocked"}),
        # xAI says it with a 403, as of a refused key: taken for that, one such record would close the model to all.
        _words(
            r"content (filter|management policy)|flagged (by|input|as)|moderation"
            r"|violat\w+ .{0,20}(usage|content|safety) (polic|guideline)|safety_check"
        ),
    ),
    Rule(
        CallMisconfigured,
        "the account has no credits or quota left: top it up, or use another key",
        codes=frozenset(
            {
                "insufficient_quota",
                "insufficient_credits",
                "credits_exhausted",
                "billing_hard_limit_reached",
                "billing_not_active",
            }
        ),
        words=_words(
            r"insufficient (credits|balance|funds)|(used|run out of|out of) .{0,20}credits|spending limit|monthly limit"
        ),
    ),
    Rule(
        CallUnauthorized,
        "the key is refused: renew it, or correct api_key",
        codes=frozenset(
            {"invalid_api_key", "api_key_invalid", "invalid_authentication", "unauthenticated", "account_deactivated"}
        ),
        words=_words(r"(incorrect|invalid) api key|api key not valid"),
    ),
    Rule(
        CallMisconfigured,
        "the endpoint has no such model or deployment: correct model",
        codes=frozenset({"model_not_found", "invalid_model", "deploymentnotfound", "unknown_model"}),
        words=_words(r"not a valid model|model .{0,80}(does not exist|not found)|unknown model"),
    ),
    Rule(
        CallMisconfigured,
        "the provider serves nobody before the project is set up: look at its billing, region and services",
        codes=frozenset({"failed_precondition", "unsupported_country_region_territory"}),
        words=_words(r"user location is not supported"),
    ),
    Rule(CallUnauthorized, "the key is refused: renew it, or correct api_key", frozenset({401})),
    Rule(CallForbidden, "the key may not use this model or endpoint", frozenset({403})),
    Rule(CallMisconfigured, "nothing is served there: correct base_url or model", frozenset({404, 405, 410, 421})),
    Rule(CallMisconfigured, "the endpoint redirects: put its final address into base_url", _REDIRECTS),
    Rule(CallMisconfigured, "payment is required: top up the account", frozenset({402})),
    Rule(CallThrottled, "the provider asks us to wait", frozenset({429, 529})),
    Rule(
        CallThrottled,
        "the provider asks us to wait",
        codes=frozenset({"rate_limit_exceeded", "resource_exhausted", "too_many_requests", "rate_limit_error"}),
    ),
    Rule(CallUnreachable, "the provider gave up on the call", frozenset({408, 409, 425, 499})),
    Rule(CallRejected, "the endpoint refuses this request", _CLIENT_ERRORS),
    Rule(CallUnreachable, "the provider failed"),
)

_PASSING_BUDGET = Rule(CallThrottled, "the budget of calls in flight is used up for the moment")


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """An answer that is an error: HTTP status, headers with lower-case names, parsed body or its text."""

    status: int
    headers: Mapping[str, str]
    body: Any


def call_error(answer: ErrorAnswer, now: datetime, private: tuple[str, ...] = ()) -> CallError:
    """Translate an error answer. `private` are texts that its message must not repeat: key and prompt."""
    facts = error_facts(answer.body)
    in_success = answer.status < 300  # noqa: PLR2004 - HTTP's success classes
    status = (facts.status or 502) if in_success else answer.status
    wait = retry_after_seconds(answer.headers, answer.body, now)
    passes = status == 402 and wait is not None  # noqa: PLR2004 - OpenRouter's budget in flight
    rule = _PASSING_BUDGET if passes else next(rule for rule in RULES if rule.applies(status, facts))
    return rule.error(_message(rule, answer.status, facts, private), status=answer.status, retry_after_seconds=wait)


def _message(rule: Rule, status: int, facts: ErrorFacts, private: tuple[str, ...]) -> str:
    code = next((code for code in facts.codes if _CODE.match(code)), "")
    words = quotable(facts.words, private)
    named = f"HTTP {status}, {code}" if code else f"HTTP {status}"
    return f"{rule.meaning} ({named}){': ' if words else ''}{words}"


def error_facts(body: Any) -> ErrorFacts:
    """Read what an error body says, whatever its form."""
    if isinstance(body, list):
        return error_facts(body[0]) if body else ErrorFacts()
    if isinstance(body, str):
        return ErrorFacts(words=body)
    if not isinstance(body, dict):
        return ErrorFacts()
    error = body.get("error", body)
    if not isinstance(error, dict):
        error = {"message": error, "code": body.get("code")}
    codes = tuple(dict.fromkeys(code.lower() for code in _codes(error)))
    message = error.get("message")
    return ErrorFacts(_status(error), codes, message if isinstance(message, str) else "")


def _codes(error: Mapping[str, Any]) -> Iterator[str]:
    inner = error.get("innererror")
    details = error.get("details")
    places = [error, inner if isinstance(inner, dict) else {}]
    places += [detail for detail in details if isinstance(detail, dict)] if isinstance(details, list) else []
    for place in places:
        for key in ("code", "status", "reason", "type"):
            if isinstance(place.get(key), str) and place[key]:
                yield place[key]


def _status(error: Mapping[str, Any]) -> int | None:
    for said in (error.get("code"), error.get("status")):
        code = int(said) if isinstance(said, str) and said.isdecimal() else said
        if isinstance(code, int) and not isinstance(code, bool) and 400 <= code < 600:  # noqa: PLR2004 - HTTP's errors
            return code
    return None

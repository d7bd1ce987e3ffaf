"""Headers and properties of requests and results, as JSON Schema. AMQP's own properties are marked as such."""

from typing import Any


def request_headers() -> dict[str, Any]:
    """Describe what goes with a request."""
    properties = {
        "message_id": _own("Request id: 1 to 200 bytes of printable ASCII. A repeat is known by it", "string"),
        "correlation_id": _own("Echoed byte for byte; without one the message_id is", "string"),
        "reply_to": _own("Queue <name>.replies, or direct reply-to; without one: the exchange", "string"),
        "llm-deadline": _header("RFC 3339 time after which the request is not worked on", "string"),
        "llm-timeout-ms": _header("The same, from the property timestamp on", "integer"),
        "llm-model": _header("A model that the task allows", "string"),
        "traceparent": _header("W3C trace context", "string"),
    }
    return {"type": "object", "properties": properties, "patternProperties": {"^llm-label-": {"type": "string"}}}


def result_headers(outcome: str) -> dict[str, Any]:
    """Describe what comes with a result."""
    properties = {
        "message_id": _own("The same whenever this outcome is sent this way again: deduplicate by it", "string"),
        "correlation_id": _own("Of the request, else its message_id", "string"),
        "llm-outcome": {"const": outcome},
        "llm-request-id": _header("Id of the request", "string"),
        "llm-job-id": _header("For GetJob", "string"),
        "llm-revision": _header("1, unless a person looked again", "integer"),
        "llm-task-version": _header("What made it", "string"),
        "llm-task-hash": _header("What made it, to the byte", "string"),
        "llm-model": _header("Name of the model in the adapter's configuration", "string"),
        "llm-attempts": _header("Replies it took", "integer"),
        "llm-change-count": _header("Repairs of the reply", "integer"),
        "llm-finding-count": _header("What somebody has to look at", "integer"),
        "llm-deduplicated": _header("Whether the request had an id to be known by", "boolean"),
        "llm-input-tokens": _header("Of all attempts", "integer"),
        "llm-output-tokens": _header("Of all attempts", "integer"),
        "llm-cost": _header("Decimal, where a price is configured", "string"),
        "traceparent": _header("Of the request", "string"),
    }
    if outcome in {"succeeded", "review"}:
        properties["llm-verdict"] = _header("ACCEPTED, ACCEPTED_REPAIRED or NEEDS_REVIEW", "string")

    else:
        properties["llm-reason"] = _header("Why: `adapter explain REASON`", "string")
    return {
        "type": "object",
        "required": ["message_id", "llm-outcome"],
        "properties": properties,
        "patternProperties": {"^llm-label-": {"type": "string"}},
    }


def _own(description: str, kind: str) -> dict[str, Any]:
    return {"type": kind, "description": f"Property of AMQP. {description}", "x-amqp-property": True}


def _header(description: str, kind: str) -> dict[str, Any]:
    return {"type": kind, "description": description}

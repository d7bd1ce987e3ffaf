"""JSON Schemas of envelopes: what a review, a failure and a whole job look like on a queue. Open: keys may be added."""

from collections.abc import Mapping
from typing import Any

_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}
_TIME = {"type": "string", "format": "date-time"}
_DURATION = {"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?s$", "description": "Seconds"}


def job_schema(output: Mapping[str, Any], states: tuple[str, ...], required: tuple[str, ...]) -> dict[str, Any]:
    """Describe the JSON form of a job in some states; output is (a reference to) the schema of the document."""
    properties = {
        "job_id": {**_TEXT, "description": "Empty where nothing was recorded"},
        "request_id": _TEXT,
        "client": _TEXT,
        "task": _TEXT,
        "task_version": _TEXT,
        "task_hash": _TEXT,
        "state": {"enum": list(states)},
        "result": _result(output),
        "error": _error(),
        "usage": _usage(),
        "attempts": {"type": "array", "items": _attempt()},
        "revision": _COUNT,
        "create_time": _TIME,
        "start_time": _TIME,
        "finish_time": _TIME,
        "labels": {"type": "object", "additionalProperties": _TEXT},
    }
    return {"type": "object", "required": ["task", "state", *required], "properties": properties}


def _result(output: Mapping[str, Any]) -> dict[str, Any]:
    change = dict.fromkeys(("pointer", "rule", "from_json", "to_json"), _TEXT)
    finding = {**dict.fromkeys(("code", "pointer", "message"), _TEXT), "severity": {"enum": ["INFO", "REVIEW"]}}
    return _object(
        output=output,
        content_type=_TEXT,
        verdict={"enum": ["ACCEPTED", "ACCEPTED_REPAIRED", "NEEDS_REVIEW"]},
        changes={"type": "array", "items": _object(**change), "description": "What was repaired in the reply"},
        findings={"type": "array", "items": _object(**finding), "description": "What somebody has to look at"},
    )


def _error() -> dict[str, Any]:
    violation = _object(pointer=_TEXT, rule=_TEXT, message=_TEXT)
    return _object(
        reason={**_TEXT, "description": "Stable, UPPER_SNAKE; `adapter explain REASON`"},
        message={**_TEXT, "description": "For developers"},
        retryable={"enum": ["NO", "YES", "FIX"]},
        violations={"type": "array", "items": violation},
    )


def _usage() -> dict[str, Any]:
    counts = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_tokens", "model_calls")
    return _object(
        **dict.fromkeys(counts, _COUNT),
        cost={**_TEXT, "description": "Decimal; empty without a price"},
        currency=_TEXT,
        model_time=_DURATION,
        overhead_time=_DURATION,
    )


def _attempt() -> dict[str, Any]:
    texts = ("model", "served_model", "system_fingerprint", "mode", "finish_reason", "reason")
    return _object(
        **dict.fromkeys(texts, _TEXT),
        usage=_usage(),
        start_time=_TIME,
        duration=_DURATION,
        unsent_parameters={"type": "array", "items": _TEXT},
    )


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}

"""The bodies of an OpenAI-compatible endpoint: questions read, completions and errors written."""

import time
from collections.abc import Mapping
from typing import Any

import orjson

from adapter.simulator.faults import Fault
from adapter.simulator.simulation import Question, RunningCall, SimulatedReply

HTML_PAGE = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


class UnusableQuestion(ValueError):
    """The body is not a chat completion request. The message says what is missing."""


def read_question(body: bytes) -> Question:
    """Read a chat completion request. Raises UnusableQuestion."""
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        raise UnusableQuestion(f"the body is not JSON: {exc}") from exc
    messages = asked.get("messages") if isinstance(asked, dict) else None
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages) or not messages:
        raise UnusableQuestion("messages is missing or not a list of objects")
    if asked.get("stream"):
        raise UnusableQuestion("streaming is not simulated; leave stream out")
    limit = asked.get("max_completion_tokens", asked.get("max_tokens"))
    turns = [(str(message.get("role", "")), _content(message.get("content"))) for message in messages]
    return Question(turns, _schema(asked), limit if isinstance(limit, int) else None)


def completion(reply: SimulatedReply, call: RunningCall, model: str) -> bytes:
    """Write a chat completion."""
    message = {"role": "assistant", "content": reply.text, "refusal": reply.refusal}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reply.finish_reason}
    return orjson.dumps(
        {
            "id": f"chatcmpl-simulated-{call.number}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": model,
            "system_fingerprint": "simulated",
            "choices": [choice],
            "usage": {
                "prompt_tokens": reply.prompt_tokens,
                "completion_tokens": reply.completion_tokens,
                "total_tokens": reply.prompt_tokens + reply.completion_tokens,
                "prompt_tokens_details": {"cached_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 0},
            },
        }
    )


def error(code: str, message: str, kind: str = "invalid_request_error") -> bytes:
    """Write an error object."""
    return orjson.dumps({"error": {"message": message, "type": kind, "param": None, "code": code}})


def fault_error(fault: Fault) -> bytes:
    """Write the error object of a fault."""
    kind = "server_error" if fault.status >= 500 else "invalid_request_error"  # noqa: PLR2004 - HTTP's own classes
    return error(fault.code or "server_error", f"simulated: {fault.meaning}", kind)


def no_choices(call: RunningCall, model: str) -> bytes:
    """Write a completion without any choice."""
    return orjson.dumps(
        {"id": f"chatcmpl-simulated-{call.number}", "object": "chat.completion", "model": model, "choices": []}
    )


def _content(content: Any) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return "\n".join(part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str))


def _schema(asked: Mapping[str, Any]) -> Mapping[str, Any] | None:
    wanted = asked.get("response_format")
    if not isinstance(wanted, dict) or wanted.get("type") != "json_schema":
        return None
    described = wanted.get("json_schema")
    schema = described.get("schema") if isinstance(described, dict) else None
    if not isinstance(schema, dict):
        raise UnusableQuestion("response_format.json_schema.schema is missing or not an object")
    return schema

"""The task's queues as AsyncAPI 3.0: requests in, four outcomes out, all that both sides can rely on."""

from collections.abc import Iterable
from typing import Any

from adapter.tasks.export.asyncapi_headers import request_headers, result_headers
from adapter.tasks.export.embedding import embedded
from adapter.tasks.export.envelope_schema import job_schema
from adapter.tasks.export.payload_schema import input_schema, takes_json
from adapter.tasks.task import Task

CONTENT_TYPES = {
    "json": "application/json",
    "xml": "application/xml",
    "csv": "text/csv",
    "fixed-width": "text/x-fixed-width",
    "properties": "text/x-java-properties",
    "text": "text/plain",
    "html": "text/html",
}
_SCHEMAS = "/components/schemas"
_OUTPUT = {"$ref": f"#{_SCHEMAS}/output"}
_BINDING = "0.3.0"
# outcome: (what it is, content type of the envelope, states, what the envelope holds)
_ENVELOPES = {
    "succeeded": ("The job and its document.", "job", ("SUCCEEDED",), ("result",)),
    "review": (
        "The document satisfies its contract, but somebody has to look at it before it is used.",
        "review",
        ("SUCCEEDED",),
        ("result",),
    ),
    "failed": ("Why there is no document.", "failure", ("FAILED", "SUCCEEDED"), ("error",)),
    "cancelled": ("The job was cancelled.", "failure", ("CANCELLED",), ("error",)),
}


def asyncapi_document(task: Task, prefix: str) -> dict[str, Any]:
    """Describe the queues of one task; prefix is that of the adapter's names at the broker."""
    formats = task.definition.input.formats.names
    requests = [f"request-{name}" for name in formats]
    return {
        "asyncapi": "3.0.0",
        "info": {"title": task.name, "version": task.version, "description": task.definition.summary or task.name},
        "defaultContentType": "application/json",
        "channels": _channels(task, prefix, requests),
        "operations": _operations(requests),
        "components": {
            "messages": {
                **{f"request-{name}": _request(task, name) for name in formats},
                **{outcome: _result(task, outcome) for outcome in _ENVELOPES},
            },
            "schemas": _schemas(task),
        },
    }


def _channels(task: Task, prefix: str, requests: Iterable[str]) -> dict[str, Any]:
    stem = f"{task.name}.v{task.major}"
    channels: dict[str, Any] = {
        "requests": {
            "address": stem,
            "description": f"Routing key {stem}, or {task.name} for the default version.",
            "messages": _listed("components/messages", requests),
            "bindings": _exchange(f"{prefix}.requests"),
        }
    }
    for outcome in _ENVELOPES:
        channels[outcome] = {
            "address": f"{stem}.{outcome}.{{client}}",
            "description": "Results of requests without reply_to. Bind a queue of your own to it.",
            "parameters": {"client": {"description": "Name of the client that asked, in a-z, 0-9 and -"}},
            "messages": _listed("components/messages", [outcome]),
            "bindings": _exchange(f"{prefix}.results"),
        }
    channels["replies"] = {
        "address": None,
        "description": "Results of requests with reply_to: the queue that it names.",
        "messages": _listed("components/messages", _ENVELOPES),
    }
    return channels


def _operations(requests: Iterable[str]) -> dict[str, Any]:
    reply = {
        "address": {"location": "$message.header#/reply_to", "description": "The property reply_to"},
        "channel": {"$ref": "#/channels/replies"},
        "messages": [{"$ref": f"#/channels/replies/messages/{outcome}"} for outcome in _ENVELOPES],
    }
    take = {
        "action": "receive",
        "summary": "Work on a request.",
        "channel": {"$ref": "#/channels/requests"},
        "messages": [{"$ref": f"#/channels/requests/messages/{name}"} for name in requests],
        "reply": reply,
    }
    send = {
        f"send-{outcome}": {
            "action": "send",
            "summary": f"Tell the outcome {outcome}.",
            "channel": {"$ref": f"#/channels/{outcome}"},
            "messages": [{"$ref": f"#/channels/{outcome}/messages/{outcome}"}],
        }
        for outcome in _ENVELOPES
    }
    return {"take-request": take, **send}


def _request(task: Task, name: str) -> dict[str, Any]:
    has_schema = name == "json" and takes_json(task)
    payload = {"$ref": f"#{_SCHEMAS}/input"} if has_schema else {"description": "As the old system writes it"}
    return {
        "title": f"Request as {name}",
        "contentType": CONTENT_TYPES[name],
        "headers": request_headers(),
        "payload": payload,
        "correlationId": {"location": "$message.header#/correlation_id"},
    }


def _result(task: Task, outcome: str) -> dict[str, Any]:
    said, kind, *_ = _ENVELOPES[outcome]
    is_document = outcome == "succeeded" and task.definition.results.body == "document"
    message_type = f"{task.name}.v{task.major}.{outcome}"
    return {
        "title": outcome,
        "description": "The document alone." if is_document else said,
        "contentType": "application/json" if is_document else f"application/vnd.llm-adapter.{kind}",
        "headers": result_headers(outcome),
        "payload": _OUTPUT if is_document else {"$ref": f"#{_SCHEMAS}/{outcome}"},
        "correlationId": {"location": "$message.header#/correlation_id"},
        "bindings": {"amqp": {"contentEncoding": "UTF-8", "messageType": message_type, "bindingVersion": _BINDING}},
    }


def _schemas(task: Task) -> dict[str, Any]:
    schemas = {"output": embedded(task.output.schema, f"{_SCHEMAS}/output")}
    if takes_json(task):
        schemas["input"] = embedded(input_schema(task), f"{_SCHEMAS}/input")
    for outcome, (_, _, states, required) in _ENVELOPES.items():
        if outcome != "succeeded" or task.definition.results.body == "envelope":
            schemas[outcome] = job_schema(_OUTPUT, states, required)
    return schemas


def _listed(place: str, names: Iterable[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/{place}/{name}"} for name in names}


def _exchange(name: str) -> dict[str, Any]:
    exchange = {"name": name, "type": "topic", "durable": True, "autoDelete": False}
    return {"amqp": {"is": "routingKey", "exchange": exchange, "bindingVersion": _BINDING}}

"""The real model, if it is installed: called as any other. Its values are weak; only their shape is promised."""

import json
from dataclasses import replace

import jsonschema_rs
import pytest

from adapter.domain.model import FinishReason, ModelRequest
from adapter.errors import CallTooLong
from adapter.outbound.models.local_model import (
    MODEL_NAME,
    LocalModelMissing,
    LocalModelSettings,
    load_engine,
    start_local_model,
    weights_path,
)
from tests.integration.models.conftest import Open

SCHEMA = {
    "type": "object",
    "properties": {
        "category": {"type": "string", "enum": ["BILLING", "OUTAGE", "OTHER"]},
        "urgent": {"type": "boolean"},
    },
    "required": ["category", "urgent"],
    "additionalProperties": False,
}


async def test_the_local_model_answers_in_the_schema_s_shape(open_model: Open, request_body: ModelRequest) -> None:
    try:
        load_engine()
        weights_path()
    except LocalModelMissing as exc:
        pytest.skip(f"NOT TESTED: {exc}")
    server, address = start_local_model("127.0.0.1", 0, LocalModelSettings(context_tokens=1024, calls_at_once=1))
    model = open_model(base_url=f"{address}/v1", model=MODEL_NAME)
    request = replace(request_body, schema=SCHEMA, max_output_tokens=100)
    reply = await model.call(request, timeout_seconds=60)
    assert reply.finish_reason is FinishReason.STOP
    assert reply.text is not None
    jsonschema_rs.validate(SCHEMA, json.loads(reply.text))
    assert reply.usage.input_tokens > 10
    assert reply.usage.output_tokens > 5
    assert reply.served_model == MODEL_NAME
    long = replace(request.turns[-1], content="word " * 2000)
    with pytest.raises(CallTooLong):
        await model.call(replace(request, turns=(long,)), timeout_seconds=60)
    del server

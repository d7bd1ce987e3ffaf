"""A task with one model of each provider: each is told the same contract as far as it takes it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from adapter.domain.model import ModelRequest
from adapter.outbound.models.providers import PROVIDERS
from adapter.tasks.strict_schema import strictify
from tests.integration.models.conftest import Open
from tests.kit.scripted_endpoint import ScriptedEndpoint

CONTRACT: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["kind", "note", "amount", "lines"],
    "properties": {
        "kind": {"const": "INVOICE"},
        "note": {"type": "string", "maxLength": 4000, "pattern": "^[A-Z]"},
        "amount": {"type": "integer", "minimum": 1},
        "lines": {"type": "array", "maxItems": 500, "items": {"type": "string", "maxLength": 80}},
    },
}


def limits_in(schema: dict[str, Any]) -> dict[str, Any]:
    """Constraints of the four properties, and of a line."""
    told = schema["properties"]
    plain = {"description", "title", "type", "items"}
    found = {name: {key: value for key, value in told[name].items() if key not in plain} for name in told}
    return found | {"line": {key: value for key, value in told["lines"]["items"].items() if key not in plain}}


EVERYTHING = {
    "kind": {"const": "INVOICE"},
    "note": {"maxLength": 4000, "pattern": "^[A-Z]"},
    "amount": {"minimum": 1},
    "lines": {"maxItems": 500},
    "line": {"maxLength": 80},
}
IN_WORDS = {"kind": {"const": "INVOICE"}, "note": {}, "amount": {}, "lines": {}, "line": {}}
GEMINI = {"kind": {"enum": ["INVOICE"]}, "note": {}, "amount": {"minimum": 1}, "lines": {"maxItems": 500}, "line": {}}


@pytest.mark.parametrize(
    ("provider", "told"),
    [
        ("openai", EVERYTHING),
        ("compatible", EVERYTHING),
        ("xai", EVERYTHING | {"note": {"pattern": "^[A-Z]"}, "lines": {}}),
        ("azure", IN_WORDS),
        ("openrouter", IN_WORDS),
        ("gemini", GEMINI),
        ("vertex", GEMINI),
    ],
)
async def test_each_provider_is_told_the_contract_within_its_limits(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest, provider: str, told: dict[str, Any]
) -> None:
    strict = strictify(CONTRACT, PROVIDERS[provider].schema)
    await open_model(provider=provider).call(replace(request_body, schema=strict.schema), timeout_seconds=30)
    sent = endpoint.asked[0].document["response_format"]["json_schema"]
    assert sent["strict"] is True
    assert limits_in(sent["schema"]) == told
    assert list(sent["schema"]["properties"]) == list(CONTRACT["properties"]), "in the order of the contract"
    in_words = json.dumps(sent["schema"])
    assert ("At most 4000 characters" in in_words) == ("maxLength" not in told["note"])
    assert "$schema" not in in_words

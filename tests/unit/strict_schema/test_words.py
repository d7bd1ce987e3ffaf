"""What a decoder cannot enforce is told to the model in words, and listed."""

from typing import Any

import pytest

from adapter.tasks.strict_schema import COMMON, strictify
from tests.unit.strict_schema.telling import NULL, told


@pytest.mark.parametrize(
    ("rule", "keyword", "words"),
    [
        ({"type": "string", "format": "uri"}, "format", "Format: uri."),
        ({"type": "string", "pattern": "^(?=a)b"}, "pattern", "Matches the regular expression ^(?=a)b."),
        ({"type": "number", "maximum": 100}, "maximum", "At most 100."),
        ({"type": "array", "items": {"type": "string"}, "uniqueItems": True}, "uniqueItems", "No item twice."),
        ({"type": "string", "not": {"const": "x"}}, "not", 'Also holds: {"not":{"const":"x"}}'),
        (
            {"type": "object", "properties": {"a": {}, "b": {}}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
            "anyOf",
            "Needs a or b.",
        ),
        (
            {"type": "object", "properties": {"a": {}, "b": {}}, "dependentRequired": {"a": ["b"]}},
            "dependentRequired",
            "With a also b.",
        ),
        (
            {"type": "object", "properties": {"a": {}}, "if": {"required": ["a"]}, "then": {"minProperties": 1}},
            "if",
            'Also holds: {"if":{"required":["a"]},"then":{"minProperties":1}}',
        ),
    ],
)
def test_what_the_decoder_cannot_enforce_is_said_in_words_and_listed(
    rule: dict[str, Any], keyword: str, words: str
) -> None:
    strict = told({"description": "Said", **rule})

    assert strict.schema["properties"]["x"]["description"] == f"Said. {words}"
    assert [(one.pointer, one.keyword, one.hint) for one in strict.dropped] == [("/properties/x", keyword, words)]


def test_an_enum_that_is_too_long_becomes_a_string_with_its_first_values() -> None:
    strict = told({"enum": [f"code-{number}" for number in range(1200)]})

    assert strict.schema["properties"]["x"]["type"] == "string"
    assert "and 1150 more" in strict.schema["properties"]["x"]["description"]
    assert strict.dropped[0].keyword == "enum"


def test_a_poorer_profile_is_told_more_in_words() -> None:
    schema = {"type": "object", "properties": {"x": {"type": "number", "minimum": 0, "multipleOf": 0.01}}}

    strict = strictify(schema, COMMON)

    assert strict.schema["properties"]["x"] == {
        "description": "At least 0. A multiple of 0.01. A decimal number as text, like 12.50.",
        "anyOf": [{"type": "string"}, NULL],
    }
    assert len(strict.dropped) == 2

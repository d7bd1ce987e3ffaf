"""What an endpoint would refuse is found before it is sent; what cannot be told to a model is refused with a reason."""

from typing import Any

import pytest

from adapter.tasks.contract import ContractRefused
from adapter.tasks.strict_schema import AZURE, COMMON, OPENAI, SchemaProfile, strict_lint, strictify

TEXT = {"type": "string"}


def closed(**properties: Any) -> dict[str, Any]:
    """Write a strict object."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"anyOf": [closed(a=TEXT)]}, "the root must be an object"),
        ({"type": "array", "items": TEXT}, "the root must be an object"),
        ({**closed(a=TEXT), "additionalProperties": True}, "additionalProperties must be false"),
        ({**closed(a=TEXT), "required": []}, "must name every property"),
        (closed(a={**TEXT, "default": "x"}), "is not a keyword of the subset"),
        (closed(a={"oneOf": [TEXT]}), "is not a keyword of the subset"),
        (closed(a={**TEXT, "format": "uri"}), "is not a format of the subset"),
        (closed(a={}), "has no single type"),
        (closed(a={"type": ["string", "null"]}), "has no single type"),
        (closed(a={"type": "array"}), "an array needs items"),
        (closed(a={"enum": [], "type": "string"}), "is empty"),
        (closed(a={"anyOf": []}), "is empty"),
        (closed(a={"anyOf": [TEXT], "type": "string"}), "type must not stand beside anyOf"),
        ({**closed(a={"$ref": "#/$defs/t", "description": "x"}), "$defs": {"t": TEXT}}, "a $ref must stand alone"),
        (closed(a={"$ref": "#/$defs/none"}), "must be # or name one of $defs"),
    ],
)
def test_what_leaves_the_subset_is_named(schema: dict[str, Any], message: str) -> None:
    assert message in [problem.message for problem in strict_lint(schema, OPENAI)]


@pytest.mark.parametrize(
    ("schema", "profile", "words"),
    [
        (closed(**{f"p{n}": TEXT for n in range(101)}), AZURE, "101 properties; azure takes 100"),
        (closed(**{f"p{n}": TEXT for n in range(5001)}), OPENAI, "5001 properties; openai takes 5000"),
        (closed(**{f"p{n}": {"enum": list("ab")} for n in range(501)}), OPENAI, "1002 enum values"),
        (closed(**{"x" * 130_000: TEXT}), OPENAI, "130000 characters"),
        (closed(a=closed(a=closed(a=closed(a=closed(a=closed(a=TEXT)))))), AZURE, "6 levels"),
        ({**closed(a=TEXT, b={"$ref": "#"})}, COMMON, "refers to itself"),
        (closed(a={"anyOf": [closed(k=TEXT, a=TEXT), closed(k=TEXT, b=TEXT)]}), AZURE, "begin with the key 'k'"),
    ],
)
def test_limits_of_a_profile_are_counted(schema: dict[str, Any], profile: SchemaProfile, words: str) -> None:
    assert words in " ".join(problem.message for problem in strict_lint(schema, profile))


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "object", "properties": {f"p{n}": TEXT for n in range(5001)}}, "5001 properties"),
        ({"type": "object", "required": ["a"], "additionalProperties": False}, "'a' is required, but no property"),
        (
            {"type": "object", "properties": {"a": {"allOf": [TEXT, {"type": "integer"}]}}, "required": ["a"]},
            "different types",
        ),
        (
            {
                "type": "object",
                "allOf": [{"anyOf": [{"properties": {f"{s}{n}": TEXT}} for s in "ab"]} for n in range(20)],
            },
            "more than 100 alternatives",
        ),
        ({"type": "object", "properties": {"a": {"$ref": "https://x.example"}}}, "leads nowhere"),
    ],
)
def test_what_cannot_be_told_to_a_model_is_refused_with_the_reason(schema: dict[str, Any], words: str) -> None:
    with pytest.raises(ContractRefused) as caught:
        strictify(schema)

    assert words in str(caught.value)


def test_a_schema_nested_deeper_than_an_endpoint_takes_is_refused() -> None:
    schema: dict[str, Any] = TEXT
    for _ in range(12):
        schema = {"type": "object", "properties": {"x": schema}}

    with pytest.raises(ContractRefused, match="12 levels"):
        strictify(schema)


def test_objects_that_begin_alike_are_wrapped_for_an_endpoint_that_refuses_them() -> None:
    branches = [{"type": "object", "properties": {"name": TEXT, key: TEXT}, "required": ["name", key]} for key in "ab"]
    strict = strictify({"type": "object", "properties": {"x": {"anyOf": branches}}, "required": ["x"]}, AZURE)
    document = {"x": {"name": "n", "b": "v"}}

    assert strict_lint(strict.schema, AZURE) == ()
    assert strict.lift(strict.lower(document)).document == document

"""What `adapter tasks check` says of tasks that can be built."""

import pytest

from adapter.tasks.lint import lint_task
from adapter.tasks.problem import Level
from tests.unit.tasks.folders import CASE, INPUT, OUTPUT, PROMPT, TASK, build


def _said(**changes: str | bytes | None) -> list[str]:
    return [str(problem) for problem in lint_task(build(**changes))]


def _output(property_schema: str) -> str:
    return OUTPUT.replace('{"enum": ["WARM", "COOL"]}', property_schema)


def test_a_good_task_gets_no_remarks() -> None:
    assert _said() == []


def test_a_field_that_the_input_contract_does_not_have_is_an_error_at_its_line() -> None:
    [said] = _said(prompt_md=PROMPT.replace("record.name", "record.nmae"))

    assert said.startswith("greet/prompt.md:7: error: ")


def test_a_mapped_field_that_the_contract_does_not_have_is_an_error_at_its_line() -> None:
    closed = INPUT.replace('"required"', '"additionalProperties": false,\n  "required"')

    [said] = _said(task_yaml=TASK.replace("  formats:", "  map: {nmae: NAME}\n  formats:"), input_schema_json=closed)

    assert said.startswith('greet/task.yaml:6: error: input.map.nmae: the input contract has no field "nmae"')


def test_several_formats_and_nothing_assumed_is_a_warning() -> None:
    [said] = _said(task_yaml=TASK.replace("json: {}", "json: {}\n    csv: {}"))

    assert said.startswith("greet/task.yaml:6: warning: input.formats: several formats and no assume")


def test_an_assumed_format_that_is_not_accepted_is_an_error() -> None:
    [said] = _said(task_yaml=TASK.replace("  formats:", "  assume: xml\n  formats:"))

    assert said.startswith('greet/task.yaml:6: error: input.assume: "xml" is not among the formats')


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ('{"type": "string"}', "/properties/tone: a text without maxLength; a small model may run away"),
        ('{"type": "array", "items": {"type": "boolean"}}', "/properties/tone: a list without maxItems"),
        (
            '{"type": "array", "maxItems": 3, "items": {"type": "string"}}',
            "/properties/tone/items: a text without maxLength",
        ),
        (
            '{"type": "object", "additionalProperties": {"type": "boolean"}}',
            "/properties/tone: an object of any keys without maxProperties",
        ),
    ],
)
def test_what_has_no_bound_in_the_output_is_a_warning_at_its_line(schema: str, said: str) -> None:
    [warning] = [text for text in _said(output_schema_json=_output(schema), cases__ada_yaml=CASE) if "warning" in text]

    assert warning.startswith(f"greet/output.schema.json:5: warning: {said}")


@pytest.mark.parametrize(
    "schema",
    [
        '{"type": "string", "maxLength": 5}',
        '{"type": "string", "enum": ["A"]}',
        '{"type": "string", "format": "date"}',
        '{"const": "A"}',
        '{"type": "array", "maxItems": 3, "items": {"type": "integer"}}',
    ],
)
def test_what_is_bounded_gets_no_warning(schema: str) -> None:
    assert [text for text in _said(output_schema_json=_output(schema)) if "warning" in text] == []


def test_what_the_model_is_told_in_words_only_is_listed() -> None:
    schema = '{"type": "array", "maxItems": 3, "uniqueItems": true, "items": {"type": "integer"}}'

    [said] = _said(output_schema_json=_output(schema))

    assert said.startswith("greet/output.schema.json:5: info: /properties/tone: the model is told uniqueItems in words")


@pytest.mark.parametrize(
    ("model", "policy", "said"),
    [
        (
            "max_output_tokens: 100, temperature: 0.5, reasoning: low",
            "tokens: 1000",
            "greet/task.yaml:10: warning: model.temperature: reasoning models take no temperature",
        ),
        (
            "max_output_tokens: 100, allow: [default]",
            "tokens: 1000",
            'greet/task.yaml:10: warning: model.allow: "default" is in use already',
        ),
        (
            "max_output_tokens: 1001",
            "tokens: 1000",
            "greet/task.yaml:11: error: policy.tokens: one reply may have 1001 tokens, more than the",
        ),
        (
            "max_output_tokens: 400",
            "tokens: 1000",
            "greet/task.yaml:11: warning: policy.tokens: the first reply and 2 repairs may need more tokens",
        ),
        (
            "max_output_tokens: 100",
            "tokens: 1000, attempts: 2",
            "greet/task.yaml:11: warning: policy.attempts: 2 attempts leave no room for 2 repairs; allow 3",
        ),
    ],
)
def test_a_policy_that_cannot_hold_is_told_at_its_line(model: str, policy: str, said: str) -> None:
    text = TASK.replace("max_output_tokens: 100", model).replace("tokens: 1000", policy)

    [found] = _said(task_yaml=text)

    assert found.startswith(said)


def test_a_task_without_cases_is_a_warning() -> None:
    [said] = _said(cases__ada_yaml=None)

    assert said.startswith("greet/task.yaml:1: warning: there is no golden case; put at least one into cases/")


def test_two_cases_with_one_payload_are_a_warning_at_the_second() -> None:
    [said] = _said(cases__bob_yaml=CASE)

    assert said.startswith('greet/cases/bob.yaml:1: warning: has the payload of "ada"')


def test_errors_come_with_their_level() -> None:
    found = lint_task(build(prompt_md=PROMPT.replace("record.name", "record.nmae"), cases__ada_yaml=None))

    assert [problem.level for problem in found] == [Level.ERROR, Level.WARNING]

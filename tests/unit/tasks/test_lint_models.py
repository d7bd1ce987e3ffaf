"""What `adapter tasks check` says of a task and the models it uses."""

from collections.abc import Mapping

from adapter.tasks.definition import ModelDefinition
from adapter.tasks.lint_models import ModelTraits, currency_problem, inexpressible, model_problems
from adapter.tasks.strict_schema import AZURE, GEMINI, OPENAI
from tests.unit.tasks.folders import OUTPUT, TASK, build

NESTED = '{"type": "object", "properties": {"a": %s}, "required": ["a"], "additionalProperties": false}'


def nothing(_options: ModelDefinition) -> tuple[str, ...]:
    return ()


def temperature(options: ModelDefinition) -> tuple[str, ...]:
    return ("temperature",) if options.temperature is not None else ()


def deep(levels: int) -> str:
    schema = '{"enum": ["WARM", "COOL"]}'
    for _ in range(levels):
        schema = NESTED % schema
    return OUTPUT.replace('{"enum": ["WARM", "COOL"]}', schema)


def using(*names: str) -> str:
    return TASK.replace("model: {", f"model: {{use: [{', '.join(names)}], temperature: 0.5, ")


MODELS: Mapping[str, ModelTraits] = {
    "cloud": ModelTraits("openai", OPENAI, nothing, "USD"),
    "corp": ModelTraits("azure", AZURE, temperature, "EUR"),
    "goo": ModelTraits("gemini", GEMINI, nothing),
}


def test_a_model_that_cannot_be_told_the_contract_is_an_error_that_names_it() -> None:
    loaded = build(task_yaml=using("cloud", "corp"), output_schema_json=deep(7))

    [(pointer, name, message)] = inexpressible(loaded.task, MODELS)
    said = [str(problem) for problem in model_problems(loaded, MODELS)]

    assert (pointer, name) == ("", "corp")
    assert "8 levels" in message
    assert [line for line in said if "cannot be told to the model corp" in line and "error" in line]


def test_a_parameter_that_a_model_does_not_take_is_a_warning_at_its_line() -> None:
    loaded = build(task_yaml=using("goo", "corp"))

    warnings = [problem for problem in model_problems(loaded, MODELS) if problem.level.value == "warning"]

    [warning] = warnings
    assert str(warning).startswith("greet/task.yaml:")
    assert "model.temperature: the model corp (azure) does not take this" in str(warning)


def test_what_one_model_alone_is_told_in_words_is_said_of_it() -> None:
    output = OUTPUT.replace('{"enum": ["WARM", "COOL"]}', '{"type": "string", "maxLength": 9}')
    loaded = build(task_yaml=using("cloud", "goo"), output_schema_json=output)

    infos = [str(problem) for problem in model_problems(loaded, MODELS) if problem.level.value == "info"]

    assert [line for line in infos if "goo (gemini) is told maxLength in words only" in line]
    assert not [line for line in infos if "cloud" in line]


def test_prices_of_one_task_have_one_currency() -> None:
    assert "EUR and USD" in currency_problem(build(task_yaml=using("cloud", "corp")).task, MODELS)
    assert currency_problem(build(task_yaml=using("cloud", "goo")).task, MODELS) == ""


def test_models_that_are_not_configured_are_not_spoken_of_here() -> None:
    assert list(model_problems(build(task_yaml=using("nobody")), MODELS)) == []

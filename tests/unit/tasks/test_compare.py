"""`tasks check --against`: a version keeps its content, and a change raises the number that it has to."""

import pytest

from adapter.tasks.build import LoadedTask
from adapter.tasks.compare import compare_tasks
from tests.unit.tasks.folders import INPUT, OUTPUT, PROMPT, TASK, build

WIDER = OUTPUT.replace('"COOL"', '"COOL", "DRY"')
OPTIONAL = OUTPUT.replace('"tone":', '"sign": {"type": "string", "maxLength": 9},\n    "tone":')
OTHER_PROMPT = PROMPT.replace("Greet", "Welcome")


def _version(version: str, **changes: str) -> LoadedTask:
    changes.setdefault("task_yaml", TASK)
    changes["task_yaml"] = changes["task_yaml"].replace("1.0.0", version)
    return build(cases__ada_yaml=None, **changes)


def _said(old: list[LoadedTask], new: list[LoadedTask]) -> list[str]:
    return [str(problem) for problem in compare_tasks(old=old, new=new)]


def test_nothing_changed_is_nothing_to_say() -> None:
    assert _said([_version("1.0.0")], [_version("1.0.0")]) == []


def test_a_new_task_is_nothing_to_say() -> None:
    assert _said([], [_version("1.0.0")]) == []


def test_the_same_version_with_another_content_is_an_error_at_its_line() -> None:
    [said] = _said([_version("1.0.0")], [_version("1.0.0", prompt_md=OTHER_PROMPT)])

    assert said == (
        "greet/task.yaml:2: error: version: this version with another content is still 1.0.0, "
        "it needs 1.0.1 or higher: its content changed"
    )


@pytest.mark.parametrize(
    ("version", "changes"),
    [
        ("1.0.1", {"prompt_md": OTHER_PROMPT}),
        ("1.1.0", {"prompt_md": OTHER_PROMPT}),
        ("2.0.0", {"prompt_md": OTHER_PROMPT}),
        ("1.1.0", {"output_schema_json": OPTIONAL}),
        ("2.0.0", {"output_schema_json": WIDER}),
        ("2.0.0", {"input_schema_json": INPUT.replace("50", "40")}),
        ("1.1.0", {"input_schema_json": INPUT.replace("50", "60")}),
        ("1.1.0", {"task_yaml": TASK.replace("json: {}", "json: {}\n    xml: {}\n  assume: json")}),
        ("1.0.1", {"task_yaml": TASK.replace("tokens: 1000", "tokens: 2000")}),
    ],
)
def test_a_change_that_raises_the_right_number_is_fine(version: str, changes: dict[str, str]) -> None:
    first = _version("1.0.0")

    assert _said([first], [first, _version(version, **changes)]) == []


@pytest.mark.parametrize(
    ("version", "changes", "said"),
    [
        ("1.1.0", {"output_schema_json": WIDER}, "it needs 2.0.0 or higher: output /tone: gains DRY"),
        ("1.0.1", {"output_schema_json": OPTIONAL}, "it needs 1.1.0 or higher: output /sign: is new"),
        (
            "1.1.0",
            {"input_schema_json": INPUT.replace('["name"]', '["name", "vip"]')},
            "it needs 2.0.0 or higher: input /vip: is required now",
        ),
        (
            "1.1.0",
            {"task_yaml": TASK.replace("json: {}", "xml: {}\n  assume: xml")},
            "it needs 2.0.0 or higher: input /: the format json is no longer accepted; input /: payloads whose",
        ),
        (
            "1.1.0",
            {"task_yaml": TASK.replace("json: {}", "json: {select: /person}")},
            "it needs 2.0.0 or higher: input /: the format json is read differently",
        ),
        (
            "1.1.0",
            {"task_yaml": TASK.replace("  formats:", "  map: {name: NAME}\n  formats:")},
            "it needs 2.0.0 or higher: input /name: has another name in the payload",
        ),
        (
            "1.0.1",
            {"task_yaml": f"{TASK}results: {{body: envelope}}\n"},
            "it needs 2.0.0 or higher: output /: the result's body is the envelope now",
        ),
    ],
)
def test_a_change_that_raises_too_little_is_an_error(version: str, changes: dict[str, str], said: str) -> None:
    [found] = _said([_version("1.0.0")], [_version(version, **changes)])

    assert found.startswith("greet/task.yaml:2: error: version: this version follows 1.0.0 and is only ")
    assert said in found


def test_a_new_version_is_held_against_the_one_just_before_it() -> None:
    old = [_version("1.0.0"), _version("2.0.0", output_schema_json=WIDER)]

    assert _said(old, [*old, _version("1.0.1", prompt_md=OTHER_PROMPT)]) == []
    assert _said(old, [*old, _version("2.0.1", prompt_md=OTHER_PROMPT, output_schema_json=WIDER)]) == []


def test_a_version_lower_than_any_before_is_a_warning() -> None:
    second = _version("2.0.0")

    [said] = _said([second], [second, _version("1.0.0")])

    assert said == "greet/task.yaml:2: warning: version: 1.0.0 is lower than every version there was"


def test_a_major_that_is_gone_is_a_warning() -> None:
    [said] = _said([_version("1.0.0"), _version("2.0.0")], [_version("2.0.0")])

    assert said == "greet/task.yaml: warning: greet@1 is gone; who still asks for it gets TASK_NOT_FOUND"

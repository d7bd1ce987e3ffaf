"""A task is built from its files, or everything wrong with them is said with file and line."""

from types import ModuleType

import pytest

from adapter.tasks.build import build_task
from adapter.tasks.problem import TaskProblems
from adapter.tasks.task_files import TaskFiles
from tests.unit.tasks.folders import INPUT, MODEL_CONTRACT, OUTPUT, PROMPT, TASK, build, complaints, files, module_of

PYTHON_TASK = TASK.replace("  schema: input.schema.json", "  contract: contract.py:Person").replace(
    "schema: output.schema.json", "contract: contract.py:Greeting"
)
LAYOUT_TASK = TASK.replace("json: {}", "fixed-width: {layout: greet.layout.yaml}")
LAYOUT = "length: 20\nfields:\n  - {name: name, start: 1, length: 20}\n"


def test_a_folder_without_python_is_a_task() -> None:
    task = build().task

    assert task.ref == "greet@1.0.0"
    assert task.major == 1
    assert task.input.check({"name": "Ada"}) == ()
    assert [violation.pointer for violation in task.output.check({"greeting": "Hi", "tone": "RUDE"})] == ["/tone"]
    assert task.strict_output.schema["required"] == ["greeting", "tone"]
    assert task.layout is None
    assert [case.name for case in task.cases] == ["ada"]


def test_nothing_is_executed_in_a_folder_whose_contracts_are_schemas() -> None:
    assert build(contract_py="raise SystemExit(1)").task.ref == "greet@1.0.0"


def test_a_python_contract_is_run_once_for_both_sides() -> None:
    runs: list[str] = []

    def execute(name: str) -> ModuleType:
        runs.append(name)
        return module_of(MODEL_CONTRACT)

    task = build_task(TaskFiles("greet", files(task_yaml=PYTHON_TASK, contract_py=MODEL_CONTRACT)), execute).task

    assert runs == ["contract.py"]
    assert [violation.pointer for violation in task.input.check({})] == ["/name"]
    assert task.output.check({"greeting": "Hi"}) == ()


def test_a_layout_file_is_read() -> None:
    task = build(task_yaml=LAYOUT_TASK, greet_layout_yaml=LAYOUT).task

    assert task.layout is not None
    assert task.layout.length == 20


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"task_yaml": None}, "greet/task.yaml: error: is missing"),
        ({"task_yaml": "task: [\n"}, "greet/task.yaml:2: error: "),
        ({"prompt_md": None}, 'greet/task.yaml:1: error: prompt: there is no file "prompt.md" in the task folder'),
        ({"prompt_md": PROMPT.replace("# System", "## System")}, "greet/prompt.md:1: error: text before the first"),
        ({"prompt_md": PROMPT.replace("}}", "}")}, "greet/prompt.md:7: error: "),
        ({"prompt_md": b"# User\n\n\xff\n"}, "greet/prompt.md: error: not UTF-8"),
        (
            {"output_schema_json": None},
            'greet/task.yaml:9: error: output.schema: there is no file "output.schema.json"',
        ),
        (
            {"output_schema_json": OUTPUT.replace('"COOL"]', '"COOL",]')},
            "greet/output.schema.json:5: error: is not JSON",
        ),
        ({"output_schema_json": "[]"}, "greet/output.schema.json:1: error: is not a contract"),
        (
            {"output_schema_json": '{"type": "string"}'},
            "greet/output.schema.json:1: error: (root): a contract is an object",
        ),
        ({"input_schema_json": INPUT.replace('"string"', '"text"')}, "greet/input.schema.json:4: error: "),
        (
            {"input_schema_json": INPUT.replace('{"type": "boolean"}', '{"$ref": "http://x/y"}')},
            "greet/input.schema.json:5: error: /properties/vip/$ref: nothing outside the file is read",
        ),
        ({"task_yaml": LAYOUT_TASK}, "there is no file"),
        (
            {"task_yaml": LAYOUT_TASK, "greet_layout_yaml": LAYOUT.replace("length: 20}", "length: 30}")},
            "greet/greet.layout.yaml:1: error: field",
        ),
        (
            {"task_yaml": LAYOUT_TASK, "greet_layout_yaml": LAYOUT.replace("start: 1", "begin: 1")},
            'greet/greet.layout.yaml:3: error: unknown key "fields.0.begin"',
        ),
    ],
)
def test_each_bad_file_is_told_with_its_line(change: dict[str, str | bytes | None], said: str) -> None:
    assert any(complaint.startswith(said) or said in complaint for complaint in complaints(**change)), complaints(
        **change
    )


def test_what_is_wrong_in_several_files_is_said_at_once() -> None:
    found = complaints(
        prompt_md="no heading",
        input_schema_json="{",
        output_schema_json='{"type": "string"}',
        cases__ada_yaml="payload: x\n",
    )

    assert [complaint.partition(":")[0] for complaint in found] == [
        "greet/cases/ada.yaml",
        "greet/input.schema.json",
        "greet/output.schema.json",
        "greet/prompt.md",
    ]


@pytest.mark.parametrize("name", ["../other/prompt.md", "/etc/passwd", "cases/../../x"])
def test_a_file_outside_the_folder_is_not_found(name: str) -> None:
    [complaint] = complaints(task_yaml=f"{TASK}prompt: {name}\n")

    assert f'there is no file "{name}" in the task folder' in complaint


def test_a_class_that_is_not_there_is_told_with_those_that_are() -> None:
    task_files = TaskFiles(
        "greet", files(task_yaml=PYTHON_TASK.replace("Greeting", "Salute"), contract_py=MODEL_CONTRACT)
    )

    with pytest.raises(TaskProblems) as caught:
        build_task(task_files, lambda _: module_of(MODEL_CONTRACT))

    assert str(caught.value) == (
        'greet/task.yaml:9: error: output.contract: contract.py has no pydantic model "Salute"; it has Greeting, Person'
    )


def test_a_model_that_json_cannot_describe_is_told_at_its_class() -> None:
    code = MODEL_CONTRACT.replace("greeting: str", "greeting: complex").replace(
        "class Greeting(BaseModel):", "class Greeting(BaseModel, arbitrary_types_allowed=True):"
    )
    code = code.replace("complex", "ModuleType").replace('"""A contract', 'from types import ModuleType\n"""A contract')
    task_files = TaskFiles("greet", files(task_yaml=PYTHON_TASK, contract_py=code))

    with pytest.raises(TaskProblems) as caught:
        build_task(task_files, lambda _: module_of(code))

    assert str(caught.value).startswith("greet/contract.py:13: error: (root): Greeting has no JSON Schema")

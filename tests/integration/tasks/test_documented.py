"""What the documentation prints works as printed."""

import re
import shutil
from pathlib import Path

from adapter.outbound.task_check import check_tasks
from adapter.outbound.task_folders import load_tasks
from adapter.tasks.definition import TaskDefinition
from adapter.tasks.located_yaml import parse_located
from adapter.tasks.problem import Level
from adapter.tasks.read_model import read_model
from tests.unit.tasks.test_definition import PRINTED

ROOT = Path(__file__).parents[3]
TUTORIAL = ("task.yaml", "input.schema.json", "output.schema.json", "prompt.md", "cases/ada.yaml")


def test_the_printed_definition_runs_the_example_task(tmp_path: Path) -> None:
    folder = tmp_path / "classify-ticket"
    shutil.copytree(ROOT / "examples" / "tasks" / "classify-ticket", folder)
    (folder / "task.yaml").write_text(PRINTED)

    checked = check_tasks(tmp_path)

    assert [str(problem) for problem in checked.problems if problem.level is not Level.INFO] == []


def test_the_example_is_the_printed_definition() -> None:
    example = load_tasks(ROOT / "examples" / "tasks").resolve("classify-ticket").definition

    assert read_model(TaskDefinition, parse_located(PRINTED.encode(), "task.yaml")) == example


def test_the_first_task_of_the_documentation_is_without_fault(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "tasks.md").read_text()
    first = page[page.index("## Your first one") : page.index("## task.yaml")]
    blocks = re.findall(r"```\w+\n(.*?)```", first, re.DOTALL)
    for name, block in zip(TUTORIAL, blocks, strict=True):
        (tmp_path / "greet" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "greet" / name).write_text(block)

    checked = check_tasks(tmp_path)

    assert (checked.versions, checked.problems) == (1, ())

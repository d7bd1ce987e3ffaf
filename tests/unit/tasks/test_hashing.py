"""The content hash tells tasks apart by every byte that matters, and by nothing else."""

import pytest

from adapter.tasks.hashing import task_hash
from tests.unit.tasks.folders import INPUT, MODEL_CONTRACT, PROMPT, TASK, build


def test_the_hash_is_the_same_on_every_machine() -> None:
    assert task_hash({"a": b"1", "b/c": b"2"}) == "afbd693e19405b9b78cc663d61cee5e58ba8b6f6d3ab73db517cef162eda0d09"


def test_the_order_of_files_does_not_matter() -> None:
    assert task_hash({"a": b"1", "b": b"2"}) == task_hash({"b": b"2", "a": b"1"})


def test_files_cannot_run_into_each_other() -> None:
    assert task_hash({"a": b"1b", "c": b""}) != task_hash({"a": b"1", "bc": b""})
    assert task_hash({"a": b"x"}) != task_hash({"ax": b""})


@pytest.mark.parametrize(
    "change",
    [
        {"task_yaml": TASK.replace("Greets", "Welcomes")},
        {"prompt_md": PROMPT.replace("Greet", "Welcome")},
        {"prompt_md": PROMPT.replace("\n", "\r\n")},
        {"input_schema_json": INPUT.replace("50", "51")},
    ],
)
def test_a_byte_of_what_matters_makes_another_task(change: dict[str, str]) -> None:
    assert build(**change).task.task_hash != build().task.task_hash


@pytest.mark.parametrize(
    "change",
    [{"cases__ada_yaml": None}, {"samples__new_json": "{}"}, {"README_md": "Hello"}, {"contract_py": MODEL_CONTRACT}],
)
def test_cases_samples_and_files_that_nothing_names_do_not_matter(change: dict[str, str | None]) -> None:
    assert build(**change).task.task_hash == build().task.task_hash

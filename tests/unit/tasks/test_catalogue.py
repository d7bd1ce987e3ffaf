"""Which task a reference means."""

from dataclasses import replace

import pytest

from adapter.errors import TaskNotFound
from adapter.tasks.catalogue import Catalogue
from adapter.tasks.problem import TaskProblems
from adapter.tasks.task import Task
from tests.unit.tasks.folders import TASK, build


def _task(version: str, name: str = "greet") -> Task:
    return build(task_yaml=TASK.replace("1.0.0", version).replace("task: greet", f"task: {name}")).task


TASKS = [_task("1.10.0"), _task("2.0.1"), _task("1.2.0"), _task("1.9.3"), _task("2.0.0"), _task("3.1.4", "thank")]


@pytest.mark.parametrize(
    ("ref", "found"),
    [
        ("greet", "greet@1.10.0"),
        ("greet@1", "greet@1.10.0"),
        ("greet@2", "greet@2.0.1"),
        ("greet@1.2.0", "greet@1.2.0"),
        ("greet@2.0.0", "greet@2.0.0"),
        ("thank", "thank@3.1.4"),
    ],
)
def test_a_reference_means_one_version(ref: str, found: str) -> None:
    assert Catalogue(TASKS).resolve(ref).ref == found


def test_a_bare_name_means_the_configured_major() -> None:
    catalogue = Catalogue(TASKS, {"greet": 2})

    assert catalogue.resolve("greet").ref == "greet@2.0.1"
    assert catalogue.resolve("greet@1").ref == "greet@1.10.0"


@pytest.mark.parametrize("ref", ["wave", "", "greet@", "greet@x", "greet@1.2", "Greet", "greet@1.2.0.0", "greet @1"])
def test_an_unknown_name_is_told_what_there_is(ref: str) -> None:
    with pytest.raises(TaskNotFound) as caught:
        Catalogue(TASKS).resolve(ref)

    assert "Loaded are: greet, thank." in caught.value.message
    assert caught.value.metadata == {"task": ref}


@pytest.mark.parametrize("ref", ["greet@4", "greet@1.2.1", "greet@0", "greet@999999"])
def test_an_unknown_version_is_told_which_there_are(ref: str) -> None:
    with pytest.raises(TaskNotFound, match=r"Loaded are: 1\.2\.0, 1\.9\.3, 1\.10\.0, 2\.0\.0, 2\.0\.1\."):
        Catalogue(TASKS).resolve(ref)


def test_a_hostile_reference_is_not_echoed_at_length() -> None:
    with pytest.raises(TaskNotFound) as caught:
        Catalogue(TASKS).resolve("x" * 100_000)

    assert len(caught.value.message) < 250
    assert len(caught.value.metadata["task"]) == 200


def test_the_catalogue_lists_names_versions_and_tasks_in_order() -> None:
    catalogue = Catalogue(TASKS)

    assert catalogue.names() == ("greet", "thank")
    assert [task.version for task in catalogue.versions("greet")] == ["1.2.0", "1.9.3", "1.10.0", "2.0.0", "2.0.1"]
    assert catalogue.versions("wave") == ()
    assert [task.ref for task in catalogue.all()][-2:] == ["greet@2.0.1", "thank@3.1.4"]


def test_the_same_version_twice_is_refused() -> None:
    with pytest.raises(TaskProblems, match=r"greet@1\.2\.0: error: two folders hold this version"):
        Catalogue([*TASKS, replace(TASKS[2])])


@pytest.mark.parametrize(("name", "major"), [("greet", 4), ("wave", 1)])
def test_a_default_version_that_is_not_loaded_is_refused(name: str, major: int) -> None:
    with pytest.raises(TaskProblems, match=f"default_versions: error: {name}: {major} is not there"):
        Catalogue(TASKS, {name: major})

"""Folders on disk: one task, many, versions side by side; links, odd files and everything wrong at once."""

import sys
from pathlib import Path

import pytest

from adapter.outbound import task_folders
from adapter.outbound.task_folders import load_tasks, read_tasks
from adapter.tasks.problem import Level, TaskProblems
from tests.unit.tasks.folders import MODEL_CONTRACT, TASK, files, write

PYTHON_TASK = TASK.replace("  schema: input.schema.json", "  contract: contract.py:Person").replace(
    "schema: output.schema.json", "contract: contract.py:Greeting"
)


def _version(version: str, name: str = "greet") -> dict[str, bytes]:
    return files(task_yaml=TASK.replace("1.0.0", version).replace("task: greet", f"task: {name}"))


def _complaints(root: Path) -> list[str]:
    return [str(problem).removeprefix(f"{root}/") for problem in read_tasks(root).errors]


def test_a_folder_of_task_folders_is_loaded(tmp_path: Path) -> None:
    write(tmp_path / "greet", _version("1.0.0"))
    write(tmp_path / "thank", _version("2.1.0", "thank"))

    assert [task.ref for task in load_tasks(tmp_path).all()] == ["greet@1.0.0", "thank@2.1.0"]


def test_versions_side_by_side_are_loaded(tmp_path: Path) -> None:
    for version in ("1.0.0", "1.1.0", "2.0.0"):
        write(tmp_path / "greet" / version, _version(version))

    catalogue = load_tasks(tmp_path, {"greet": 2})

    assert [task.version for task in catalogue.versions("greet")] == ["1.0.0", "1.1.0", "2.0.0"]
    assert catalogue.resolve("greet").version == "2.0.0"


def test_one_task_folder_is_loaded_whatever_it_is_called(tmp_path: Path) -> None:
    assert load_tasks(write(tmp_path / "work", _version("1.0.0"))).names() == ("greet",)


def test_one_folder_of_versions_is_loaded(tmp_path: Path) -> None:
    write(tmp_path / "1.0.0", _version("1.0.0"))
    write(tmp_path / "2.0.0", _version("2.0.0"))

    assert [task.version for task in load_tasks(tmp_path).all()] == ["1.0.0", "2.0.0"]


def test_hidden_folders_caches_and_plain_files_are_no_tasks(tmp_path: Path) -> None:
    write(tmp_path / "greet", _version("1.0.0") | {"__pycache__/x.pyc": b"\0", ".cache/y": b"", ".hidden": b""})
    write(tmp_path, {".git/config": b"", "__pycache__/x.pyc": b"", "README.md": b"Tasks."})

    [loaded] = read_tasks(tmp_path).loaded

    assert sorted(loaded.files.files) == [
        "cases/ada.yaml",
        "input.schema.json",
        "output.schema.json",
        "prompt.md",
        "task.yaml",
    ]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(TaskProblems, match="no such folder; name the folder that holds the task folders"):
        load_tasks(tmp_path / "gone")


def test_a_folder_without_tasks_is_told(tmp_path: Path) -> None:
    with pytest.raises(TaskProblems, match="holds no task folder"):
        load_tasks(tmp_path)


def test_a_folder_without_a_definition_is_told_by_the_file_it_lacks(tmp_path: Path) -> None:
    write(tmp_path / "greet", {"task.yml": TASK.encode()})

    assert _complaints(tmp_path) == ["greet/task.yaml: error: is missing; every task folder has one"]


def test_a_version_folder_without_a_definition_is_told(tmp_path: Path) -> None:
    write(tmp_path / "greet" / "1.0.0", _version("1.0.0"))
    write(tmp_path / "greet" / "2.0.0", {"prompt.md": b""})

    assert _complaints(tmp_path) == ["greet/2.0.0/task.yaml: error: is missing; every version folder has one"]


def test_a_task_in_a_folder_of_another_name_is_refused_at_its_line(tmp_path: Path) -> None:
    write(tmp_path / "welcome" / "2.0.0", _version("1.0.0"))

    assert _complaints(tmp_path) == [
        'welcome/2.0.0/task.yaml:1: error: task is "greet" but its folder is called "welcome"; make them the same',
        'welcome/2.0.0/task.yaml:2: error: version is "1.0.0" but its folder is called "2.0.0"; make them the same',
    ]


def test_a_task_with_version_folders_below_it_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "greet", _version("2.0.0"))
    write(tmp_path / "greet" / "1.0.0", _version("1.0.0"))

    assert _complaints(tmp_path) == ["greet: error: has a task.yaml and version folders; keep one of the two"]


def test_everything_wrong_in_all_folders_is_said_at_once(tmp_path: Path) -> None:
    write(tmp_path / "a", files(task_yaml=TASK.replace("task: greet", "task: a"), prompt_md="x"))
    write(tmp_path / "b", files(task_yaml="task: b\n"))
    write(tmp_path / "c", files(task_yaml=TASK.replace("task: greet", "task: c"), input_schema_json="{"))
    write(tmp_path / "good", _version("1.0.0", "good"))

    with pytest.raises(TaskProblems) as caught:
        load_tasks(tmp_path)

    assert {Path(problem.file).parent.name for problem in caught.value.problems} == {"a", "b", "c"}


def test_a_warning_keeps_no_task_from_being_loaded(tmp_path: Path) -> None:
    write(tmp_path / "greet", files(cases__ada_yaml=None))

    assert load_tasks(tmp_path).names() == ("greet",)
    assert [problem.level for problem in read_tasks(tmp_path).problems] == [Level.WARNING]


def test_a_prompt_that_asks_for_an_unknown_field_keeps_its_task_from_being_loaded(tmp_path: Path) -> None:
    write(tmp_path / "greet", files(prompt_md="# User\n\n{{ record.nmae }}\n"))

    [complaint] = _complaints(tmp_path)

    assert complaint.startswith("greet/prompt.md:3: error: ")
    assert "nmae" in complaint


@pytest.mark.parametrize("name", ["prompt.md", "samples/secret.txt"])
def test_a_link_out_of_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    folder = write(tmp_path / "tasks" / "greet", _version("1.0.0"))
    (tmp_path / "secret").write_text("# User\n\nsecret\n")
    (folder / "samples").mkdir()
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(tmp_path / "secret")

    [complaint] = _complaints(tmp_path / "tasks")

    assert complaint == f"greet/{name}: error: is a link that leads out of the task folder; put the file itself here"


def test_a_linked_folder_inside_a_task_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "tasks" / "greet", _version("1.0.0"))
    write(tmp_path / "elsewhere", {"x.json": b"{}"})
    (folder / "samples").symlink_to(tmp_path / "elsewhere")

    [complaint] = _complaints(tmp_path / "tasks")

    assert "greet/samples: error: is a link that leads out of the task folder" in complaint


def test_a_task_folder_that_is_a_link_to_elsewhere_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere", _version("1.0.0"))
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "greet").symlink_to(tmp_path / "elsewhere")

    [complaint] = _complaints(tmp_path / "tasks")

    assert complaint == "greet: error: is a link that leads out of the folder; put the task itself here"


def test_links_within_the_folder_are_followed_as_config_maps_are_mounted(tmp_path: Path) -> None:
    folder = tmp_path / "greet"
    write(folder / "..2026_11_23", files(cases__ada_yaml=None))
    (folder / "..data").symlink_to("..2026_11_23")
    for name in ("task.yaml", "prompt.md", "input.schema.json", "output.schema.json"):
        (folder / name).symlink_to(Path("..data") / name)

    assert load_tasks(tmp_path).names() == ("greet",)


def test_a_link_that_goes_round_in_circles_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "greet", _version("1.0.0"))
    (folder / "loop").symlink_to(folder / "loop")

    [complaint] = _complaints(tmp_path)

    assert complaint.startswith("greet/loop: error: is ")


def test_a_file_beyond_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_folders, "MAX_FILE_BYTES", 1000)
    write(tmp_path / "greet", _version("1.0.0") | {"samples/big.bin": b"x" * 1001})

    assert _complaints(tmp_path) == ["greet/samples/big.bin: error: is larger than 1000 bytes"]


def test_a_folder_of_too_many_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_folders, "MAX_FILES", 3)
    write(tmp_path / "greet", _version("1.0.0"))

    assert _complaints(tmp_path) == ["greet: error: holds more than 3 files; a task is a few"]


def test_a_python_contract_is_loaded_from_its_own_module(tmp_path: Path) -> None:
    before = list(sys.path)
    code = f"from __future__ import annotations\n{MODEL_CONTRACT}\n\nGreeting.__doc__ = __name__\n"
    write(tmp_path / "greet", files(task_yaml=PYTHON_TASK, contract_py=code))

    task = load_tasks(tmp_path).resolve("greet")

    assert str(task.output.schema["description"]).startswith("llm_adapter_contract_")
    assert sys.path == before
    assert "contract" not in sys.modules


def test_two_tasks_with_contracts_of_the_same_name_do_not_mix(tmp_path: Path) -> None:
    for name, field in (("a", "first"), ("b", "second")):
        code = MODEL_CONTRACT.replace("greeting", field)
        write(
            tmp_path / name,
            files(
                task_yaml=PYTHON_TASK.replace("task: greet", f"task: {name}"), contract_py=code, cases__ada_yaml=None
            ),
        )

    catalogue = load_tasks(tmp_path)

    assert list(catalogue.resolve("a").output.schema["properties"]) == ["first"]
    assert list(catalogue.resolve("b").output.schema["properties"]) == ["second"]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("x = 1\ndef broken(:\n", "greet/contract.py:2: error: is not valid Python: "),
        ("x = 1\n\ny = x / 0\n", "greet/contract.py:3: error: cannot be executed: ZeroDivisionError: division by zero"),
        (
            "def f():\n    raise ValueError('no')\n\nf()\n",
            "greet/contract.py:2: error: cannot be executed: ValueError: no",
        ),
        ("import neighbour\n", "greet/contract.py:1: error: cannot be executed: ModuleNotFoundError: No module named"),
        ("raise SystemExit(3)\n", "greet/contract.py:1: error: cannot be executed: SystemExit: 3"),
        ("\0", "greet/contract.py"),
    ],
)
def test_a_contract_that_does_not_run_is_told_once_with_its_line(tmp_path: Path, code: str, said: str) -> None:
    before = set(sys.modules)
    write(tmp_path / "greet", files(task_yaml=PYTHON_TASK, contract_py=code, neighbour_py="x = 1"))

    [complaint] = _complaints(tmp_path)

    assert complaint.startswith(said)
    assert not [name for name in set(sys.modules) - before if name.startswith("llm_adapter_contract")]

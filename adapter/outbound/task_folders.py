"""Reads task folders: the only place that touches them. Everything wrong in any of them is reported at once."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from adapter.outbound.contract_module import execute_contract
from adapter.tasks.build import LoadedTask, build_task
from adapter.tasks.catalogue import Catalogue
from adapter.tasks.definition import VERSION
from adapter.tasks.lint import lint_task
from adapter.tasks.problem import Problem, TaskProblems, errors_of
from adapter.tasks.task_files import DEFINITION_FILE, TaskFiles

MAX_FILE_BYTES = 16 * 1024 * 1024
MAX_FILES = 5000


@dataclass(frozen=True, slots=True)
class TaskFolders:
    """What was read of a path: the tasks that could be built, and everything there is to say about all of them."""

    loaded: tuple[LoadedTask, ...]
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        """Those problems that keep tasks from being used."""
        return errors_of(self.problems)


def load_tasks(root: Path, default_versions: Mapping[str, int] | None = None) -> Catalogue:
    """Read a folder of task folders, or one task folder. Raises TaskProblems with every error in all of them."""
    folders = read_tasks(root)
    if folders.errors:
        raise TaskProblems(folders.errors)
    return Catalogue([loaded.task for loaded in folders.loaded], default_versions)


def read_tasks(root: Path) -> TaskFolders:
    """Read as much as can be read, and lint it; never raises for what is in the folders."""
    reading = _Reading(root)
    reading.read_all()
    return TaskFolders(tuple(reading.loaded), tuple(sorted(reading.problems)))


@dataclass(slots=True)
class _Reading:
    """One pass over a path."""

    root: Path
    loaded: list[LoadedTask] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def read_all(self) -> None:
        if not self.root.is_dir():
            self._problem(self.root, "no such folder; name the folder that holds the task folders")
        elif (self.root / DEFINITION_FILE).exists():
            self._read_version(self.root)
        elif self._is_versioned(self.root):
            self._read_versions(self.root)
        else:
            self._read_children()

    def _read_children(self) -> None:
        children = list(_subfolders(self.root))
        if not children:
            self._problem(self.root, f"holds no task folder (a folder with a {DEFINITION_FILE})")
        for child in children:
            if not _is_inside(child, self.root):
                self._problem(child, "is a link that leads out of the folder; put the task itself here")
            elif (child / DEFINITION_FILE).exists():
                self._read_version(child, name=child.name)
            elif self._is_versioned(child):
                self._read_versions(child, name=child.name)
            else:
                self._problem(child / DEFINITION_FILE, "is missing; every task folder has one")

    def _is_versioned(self, folder: Path) -> bool:
        """Whether folders named like versions are in it."""
        versions = (child for child in _subfolders(folder) if VERSION.match(child.name))
        return any((version / DEFINITION_FILE).exists() for version in versions)

    def _read_versions(self, folder: Path, name: str = "") -> None:
        for version in _subfolders(folder):
            if not _is_inside(version, folder):
                self._problem(version, "is a link that leads out of the folder; put the version itself here")
            elif (version / DEFINITION_FILE).exists():
                self._read_version(version, name=name, version=version.name)
            else:
                self._problem(version / DEFINITION_FILE, "is missing; every version folder has one")

    def _read_version(self, folder: Path, name: str = "", version: str = "") -> None:
        if self._is_versioned(folder):
            self._problem(folder, f"has a {DEFINITION_FILE} and version folders; keep one of the two")
        try:
            loaded = _build(folder)
        except TaskProblems as exc:
            self.problems.extend(exc.problems)
            return
        definition = loaded.task.definition
        for key, said, expected in (("task", definition.task, name), ("version", definition.version, version)):
            if expected and said != expected:
                message = f'{key} is "{said}" but its folder is called "{expected}"; make them the same'
                self.problems.append(loaded.source.problem((key,), message))
        self.loaded.append(loaded)
        self.problems.extend(lint_task(loaded))

    def _problem(self, path: Path, message: str) -> None:
        self.problems.append(Problem(str(path), 0, message))


def _build(folder: Path) -> LoadedTask:
    files = read_files(folder)

    def execute(name: str) -> ModuleType:
        return execute_contract(files.files[name], str((folder / name).resolve()), files.label(name))

    return build_task(files, execute)


def _subfolders(folder: Path) -> Iterator[Path]:
    for child in sorted(folder.iterdir()):
        if child.is_dir() and not _is_skipped(child.name):
            yield child


def _is_skipped(name: str) -> bool:
    return name.startswith(".") or name == "__pycache__"


def read_files(folder: Path) -> TaskFiles:
    """Read every file of one version. Raises TaskProblems for what cannot be read or lies outside."""
    files: dict[str, bytes] = {}
    problems: list[Problem] = []
    for path in _walk(folder):
        if len(files) >= MAX_FILES:
            problems.append(Problem(str(folder), 0, f"holds more than {MAX_FILES} files; a task is a few"))
            break
        refusal = _refusal(path, folder)
        if refusal:
            problems.append(Problem(str(path), 0, refusal))
            continue
        try:
            files[path.relative_to(folder).as_posix()] = path.read_bytes()
        except OSError as exc:
            problems.append(Problem(str(path), 0, f"cannot be read: {exc.strerror}"))
    if problems:
        raise TaskProblems(problems)
    return TaskFiles(str(folder), files)


def _walk(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        linked = [name for name in folders if (Path(parent) / name).is_symlink() and not _is_skipped(name)]
        folders[:] = sorted(name for name in folders if not _is_skipped(name) and name not in linked)
        yield from (Path(parent) / name for name in sorted([*names, *linked]) if not _is_skipped(name))


def _is_inside(path: Path, folder: Path) -> bool:
    """Whether a path, all links followed, is in a folder; links that go round in circles are not."""
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):
        return False


def _refusal(path: Path, folder: Path) -> str:
    """Why a path of the folder is not read; "" = it is."""
    if not _is_inside(path, folder):
        return "is a link that leads out of the task folder; put the file itself here"
    if not path.is_file():
        return "is no regular file; a task folder holds files and folders only"
    if path.stat().st_size > MAX_FILE_BYTES:
        return f"is larger than {MAX_FILE_BYTES} bytes"
    return ""

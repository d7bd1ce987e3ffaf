"""The files of one task folder as bytes, by their names inside it."""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass

from adapter.tasks.problem import Problem, TaskProblems

DEFINITION_FILE = "task.yaml"
CASES_FOLDER = "cases/"


@dataclass(frozen=True, slots=True)
class TaskFiles:
    """One version of a task as read. Names are relative to the folder, with slashes."""

    folder: str
    """How the folder is called in problems."""
    files: Mapping[str, bytes]

    def label(self, name: str) -> str:
        """Name of a file as people can open it."""
        return posixpath.join(self.folder, name)

    def find(self, name: str, beside: str = "") -> str | None:
        """Name of a file given relative to another (`beside`); None = not there, or outside the folder."""
        found = posixpath.normpath(posixpath.join(posixpath.dirname(beside), name))
        return found if found in self.files else None

    def case_files(self) -> tuple[str, ...]:
        """Names of the golden cases, in order."""
        return tuple(sorted(name for name in self.files if is_case_file(name)))

    def case_file(self, case_name: str) -> str:
        """Name of the file of a case."""
        return f"{CASES_FOLDER}{case_name}.yaml"

    def refuse(self, name: str, message: str, line: int = 0) -> TaskProblems:
        """Return an error about one file, to be raised."""
        return TaskProblems([Problem(self.label(name), line, message)])


def is_case_file(name: str) -> bool:
    """Whether a file is a golden case."""
    return name.startswith(CASES_FOLDER) and name.endswith(".yaml") and name.count("/") == 1

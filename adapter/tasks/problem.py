"""What is wrong with a task folder: where, and what to do about it. All of it is collected before anybody is told."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from adapter.operator_errors import ConfigurationError


class Level(StrEnum):
    """How much a problem weighs: an error keeps the task from being loaded, info is only worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in one file. line counts from 1; 0 = the whole file, or it is missing."""

    file: str
    line: int
    message: str
    level: Level = Level.ERROR

    def __str__(self) -> str:
        """Return it as compilers print theirs: file:line: level: message."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.level}: {self.message}"


class TaskProblems(ConfigurationError):
    """Task folders cannot be used as they are. Holds every problem found, not only the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def errors_of(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Those that keep a task from being loaded."""
    return tuple(problem for problem in problems if problem.level is Level.ERROR)

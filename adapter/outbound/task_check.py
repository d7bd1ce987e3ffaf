"""All that `adapter tasks check` says of a path: building, lint, golden cases, and breaks against how it was."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from adapter.outbound.task_folders import read_tasks
from adapter.pipeline.check_cases import check_cases
from adapter.tasks.catalogue import Catalogue
from adapter.tasks.compare import compare_tasks
from adapter.tasks.lint_models import ModelTraits, model_problems
from adapter.tasks.problem import Problem, TaskProblems, errors_of


@dataclass(frozen=True, slots=True)
class Checked:
    """What was checked, and what there is to say about it, by file and line."""

    versions: int
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        """Those that would keep the tasks from being served, or break their users."""
        return errors_of(self.problems)


def check_tasks(root: Path, against: Path | None = None, models: Mapping[str, ModelTraits] | None = None) -> Checked:
    """Check task folders, also for the models they use, and against an older copy; never raises for what is in them."""
    folders = read_tasks(root)
    problems = list(folders.problems)
    for loaded in folders.loaded:
        problems.extend(check_cases(loaded))
        problems.extend(model_problems(loaded, models or {}))
    try:
        Catalogue([loaded.task for loaded in folders.loaded])
    except TaskProblems as exc:
        problems.extend(exc.problems)
    if against is not None:
        before = read_tasks(against)
        problems.extend(before.errors)
        problems.extend(compare_tasks(old=before.loaded, new=folders.loaded))
    return Checked(len(folders.loaded), tuple(sorted(set(problems))))

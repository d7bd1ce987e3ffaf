"""All that `adapter tasks check` says of a path: building, lint, golden cases, and breaks against how it was."""

from pathlib import Path

from adapter.outbound.task_folders import read_tasks
from adapter.pipeline.check_cases import check_cases
from adapter.tasks.catalogue import Catalogue
from adapter.tasks.compare import compare_tasks
from adapter.tasks.problem import Problem, TaskProblems


def check_tasks(root: Path, against: Path | None = None) -> tuple[Problem, ...]:
    """Check task folders, and hold them against an older copy. () = nothing to say; never raises for the folders."""
    folders = read_tasks(root)
    problems = list(folders.problems)
    for loaded in folders.loaded:
        problems.extend(check_cases(loaded))
    try:
        Catalogue([loaded.task for loaded in folders.loaded])
    except TaskProblems as exc:
        problems.extend(exc.problems)
    if against is not None:
        before = read_tasks(against)
        problems.extend(before.errors)
        problems.extend(compare_tasks(before.loaded, folders.loaded))
    return tuple(sorted(set(problems)))

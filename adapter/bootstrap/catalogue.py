"""The tasks of a configuration."""

from pathlib import Path

from adapter.bootstrap.traits import traits_of
from adapter.outbound.task_folders import load_tasks
from adapter.settings import Settings
from adapter.settings_file import ConfigurationProblems
from adapter.tasks.catalogue import Catalogue
from adapter.tasks.lint_models import currency_problem, inexpressible
from adapter.tasks.problem import Problem


def read_catalogue(settings: Settings, folder: Path | None = None) -> Catalogue:
    """Load the tasks. Raises TaskProblems; ConfigurationProblems when a task cannot use a model it names."""
    catalogue = load_tasks(folder or settings.tasks, settings.default_versions)
    problems = [
        Problem(task.ref, 0, f"model {name!r} is not configured; add it under models, or change the task's model.use")
        for task in catalogue.all()
        for name in (*task.definition.model.use, *task.definition.model.allow)
        if name not in settings.models
    ]
    traits = traits_of(settings)
    for task in catalogue.all():
        problems += [
            Problem(
                task.ref, 0, f"its output contract cannot be told to the model {name!r} at {pointer or '/'}: {message}"
            )
            for pointer, name, message in inexpressible(task, traits)
        ]
        if message := currency_problem(task, traits):
            problems.append(Problem(task.ref, 0, message))
    if problems:
        raise ConfigurationProblems(tuple(problems))
    return catalogue

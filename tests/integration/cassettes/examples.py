"""The example tasks and the calls that are recorded of them: for the tests that replay, and for whoever records."""

from pathlib import Path

from adapter.outbound.task_folders import load_tasks
from adapter.tasks.cases import Case
from adapter.tasks.task import Task
from tests.kit.adapter_process import ROOT

TASKS = ROOT / "examples" / "tasks"
CASSETTES = ROOT / "examples" / "cassettes"
RECORDED_TAGS = frozenset({"demo", "bad-reply"})


def recorded_cases(folder: Path = TASKS) -> list[tuple[Task, Case]]:
    """Cases of which recordings are kept: the short ones, and those with a second call."""
    return [(task, case) for task in load_tasks(folder).all() for case in task.cases if RECORDED_TAGS & {*case.tags}]

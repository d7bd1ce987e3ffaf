"""Builds a task from the files of its folder: everything that is wrong is found before anybody is told."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from adapter.tasks.build_cases import read_case
from adapter.tasks.build_contract import ContractReader, Execute, require_file
from adapter.tasks.cases import Case
from adapter.tasks.definition import TaskDefinition
from adapter.tasks.hashing import task_hash
from adapter.tasks.layout import FixedWidthLayout
from adapter.tasks.located_yaml import LocatedYaml, parse_located
from adapter.tasks.problem import Problem, TaskProblems
from adapter.tasks.prompt_template import PromptTemplate, PromptTemplateError
from adapter.tasks.read_model import read_model
from adapter.tasks.task import Task
from adapter.tasks.task_files import DEFINITION_FILE, TaskFiles

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LoadedTask:
    """A task with the files it was built from, for those who have more to say about them."""

    task: Task
    files: TaskFiles
    source: LocatedYaml
    """task.yaml, with its lines."""


def build_task(files: TaskFiles, execute: Execute) -> LoadedTask:
    """Build one version of a task. execute runs a Python contract by its name. Raises TaskProblems with all of them."""
    if DEFINITION_FILE not in files.files:
        raise files.refuse(DEFINITION_FILE, "is missing; every task folder has one")
    return _Build(files, execute).build()


class _Build:
    """One task being built. Each step that fails leaves its problems and None."""

    def __init__(self, files: TaskFiles, execute: Execute) -> None:
        self.files = files
        self.execute = execute
        self.problems: list[Problem] = []

    def build(self) -> LoadedTask:
        content, label = self.files.files[DEFINITION_FILE], self.files.label(DEFINITION_FILE)
        source = self._step(lambda: parse_located(content, label))
        definition = None if source is None else self._step(partial(read_model, TaskDefinition, source))
        cases = [case for name in self.files.case_files() if (case := self._step(partial(read_case, self.files, name)))]
        task = self._task(source, definition, cases) if source is not None and definition is not None else None
        if self.problems or source is None or task is None:
            raise TaskProblems(self.problems)
        return LoadedTask(task, self.files, source)

    def _step(self, step: Callable[[], T]) -> T | None:
        try:
            return step()
        except TaskProblems as exc:
            self.problems.extend(exc.problems)
            return None

    def _task(self, source: LocatedYaml, definition: TaskDefinition, cases: list[Case]) -> Task | None:
        contracts = ContractReader(self.files, source, definition, self.execute)
        record = self._step(lambda: contracts.read("input"))
        output = self._step(lambda: contracts.read("output"))
        strict = None if output is None else self._step(partial(contracts.strict, output))
        prompt = self._step(lambda: self._prompt(source, definition))
        layout = self._step(lambda: self._layout(source, definition))
        if self.problems or record is None or output is None or strict is None or prompt is None:
            return None
        content_hash = task_hash({name: self.files.files[name] for name in files_that_matter(definition)})
        return Task(definition, record, output, strict, prompt, layout, content_hash, tuple(cases))

    def _prompt(self, source: LocatedYaml, definition: TaskDefinition) -> PromptTemplate:
        name = require_file(self.files, source, ("prompt",), definition.prompt)
        try:
            return PromptTemplate.parse(self.files.files[name].decode("utf-8-sig"))
        except UnicodeDecodeError as exc:
            raise self.files.refuse(name, "not UTF-8; save the file as UTF-8") from exc
        except PromptTemplateError as exc:
            found = [Problem(self.files.label(name), line, message) for line, message in exc.problems]
            raise TaskProblems(found) from exc

    def _layout(self, source: LocatedYaml, definition: TaskDefinition) -> FixedWidthLayout | None:
        options = definition.input.formats.fixed_width
        if options is None:
            return None
        name = require_file(self.files, source, ("input", "formats", "fixed-width", "layout"), options.layout)
        return read_model(FixedWidthLayout, parse_located(self.files.files[name], self.files.label(name)))


def files_that_matter(definition: TaskDefinition) -> frozenset[str]:
    """Names of the files that make the task what it is: not its cases and samples, nor files that nothing names."""
    sections = (definition.input, definition.output)
    names = {DEFINITION_FILE, definition.prompt}
    names |= {(section.contract or "").partition(":")[0] or section.schema_file or "" for section in sections}
    if definition.input.formats.fixed_width is not None:
        names.add(definition.input.formats.fixed_width.layout)
    return frozenset(names)

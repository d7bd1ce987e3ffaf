"""Where in its file a contract says something: the line of a JSON Schema's place, or of a Python class."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field

from adapter.tasks.definition import InputDefinition, OutputDefinition
from adapter.tasks.located_yaml import LocatedYaml, Path, parse_located
from adapter.tasks.problem import Level, Problem, TaskProblems
from adapter.tasks.task_files import TaskFiles


@dataclass(frozen=True, slots=True)
class ContractPlace:
    """The file of one contract, and what is known of its lines."""

    label: str
    class_name: str = ""
    class_lines: Mapping[str, int] = field(default_factory=dict)
    located: LocatedYaml | None = None

    @staticmethod
    def of(files: TaskFiles, section: InputDefinition | OutputDefinition) -> "ContractPlace":
        """Find the contract that a section of task.yaml names; its file is in the folder."""
        if section.contract is None:
            name = files.find(section.schema_file or "") or ""
            return ContractPlace(files.label(name), located=_located(files, name))
        file, _, class_name = section.contract.partition(":")
        name = files.find(file) or ""
        return ContractPlace(files.label(name), class_name=class_name, class_lines=_class_lines(files.files[name]))

    def problem(self, pointer: str, message: str, level: Level = Level.ERROR) -> Problem:
        """Say something of a place of the contract's schema (JSON Pointer)."""
        return Problem(self.label, self._line(pointer), f"{pointer or '(root)'}: {message}", level)

    def _line(self, pointer: str) -> int:
        if self.located is not None:
            return self.located.line(_steps(pointer))
        inner = pointer.removeprefix("/$defs/").partition("/")[0]
        return self.class_lines.get(inner, self.class_lines.get(self.class_name, 0))


def _steps(pointer: str) -> Path:
    """Steps of a pointer; a number may be a key or an index, LocatedYaml.line takes the one that is there."""
    names = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    return tuple(step for name in names for step in ((name, int(name)) if name.isdecimal() else (name,)))


def _located(files: TaskFiles, name: str) -> LocatedYaml | None:
    """JSON read as YAML, for its lines; None where the two differ (tabs)."""
    try:
        return parse_located(files.files[name], files.label(name))
    except TaskProblems:
        return None


def _class_lines(code: bytes) -> Mapping[str, int]:
    return {node.name: node.lineno for node in ast.walk(ast.parse(code)) if isinstance(node, ast.ClassDef)}

"""Reads the contracts of a task: JSON Schema files, which are data, or classes of a Python file, which is run once."""

import json
from collections.abc import Callable
from types import ModuleType
from typing import Literal

from pydantic import BaseModel

from adapter.domain import exact_json
from adapter.tasks.contract import ContractRefused, contract_from_schema
from adapter.tasks.contract_place import ContractPlace
from adapter.tasks.definition import InputDefinition, OutputDefinition, TaskDefinition
from adapter.tasks.located_yaml import LocatedYaml, Path
from adapter.tasks.problem import TaskProblems
from adapter.tasks.pydantic_contract import contract_from_model
from adapter.tasks.strict_schema import StrictSchema, strictify
from adapter.tasks.task import Contract
from adapter.tasks.task_files import TaskFiles

Execute = Callable[[str], ModuleType]
Side = Literal["input", "output"]


class ContractReader:
    """Contracts of one task folder, as its task.yaml names them. All methods raise TaskProblems."""

    def __init__(self, files: TaskFiles, source: LocatedYaml, definition: TaskDefinition, execute: Execute) -> None:
        self._files = files
        self._source = source
        self._definition = definition
        self._execute = execute
        self._modules: dict[str, ModuleType | None] = {}

    def read(self, side: Side) -> Contract:
        """Build the contract of one side."""
        section = self._definition.input if side == "input" else self._definition.output
        try:
            return self._from_schema(side, section) if section.contract is None else self._from_model(side, section)
        except ContractRefused as exc:
            raise self._refused(section, exc) from exc

    def strict(self, output: Contract) -> StrictSchema:
        """Make what the model is told of the output contract."""
        try:
            return strictify(output.schema)
        except ContractRefused as exc:
            raise self._refused(self._definition.output, exc) from exc

    def _from_schema(self, side: Side, section: InputDefinition | OutputDefinition) -> Contract:
        file = require_file(self._files, self._source, (side, "schema"), section.schema_file or "")
        try:
            schema = exact_json.loads(self._files.files[file])
        except exact_json.JsonError as exc:
            cause = exc.__cause__
            line = cause.lineno if isinstance(cause, json.JSONDecodeError) else 0
            raise self._files.refuse(file, f"is not JSON: {exc}", line) from exc
        if not isinstance(schema, dict):
            raise self._files.refuse(file, "is not a contract: a JSON Schema is an object", 1)
        return contract_from_schema(schema)

    def _from_model(self, side: Side, section: InputDefinition | OutputDefinition) -> Contract:
        name, _, class_name = (section.contract or "").partition(":")
        file = require_file(self._files, self._source, (side, "contract"), name)
        module = self._module(file)
        model = getattr(module, class_name, None)
        if not isinstance(model, type) or not issubclass(model, BaseModel):
            message = f'{side}.contract: {file} has no pydantic model "{class_name}"; it has {_models_of(module)}'
            raise TaskProblems([self._source.problem((side, "contract"), message)])
        return contract_from_model(model, mode=side)

    def _module(self, file: str) -> ModuleType:
        """Run a contract once; what is wrong with it is said once, whoever asks."""
        if file not in self._modules:
            self._modules[file] = None
            self._modules[file] = self._execute(file)
        module = self._modules[file]
        if module is None:
            raise TaskProblems([])
        return module

    def _refused(self, section: InputDefinition | OutputDefinition, refused: ContractRefused) -> TaskProblems:
        place = ContractPlace.of(self._files, section)
        return TaskProblems(place.problem(problem.pointer, problem.message) for problem in refused.problems)


def require_file(files: TaskFiles, source: LocatedYaml, place: Path, name: str) -> str:
    """Name of a file that task.yaml names at a place. Raises TaskProblems with that line when it is not there."""
    found = files.find(name)
    if found is None:
        message = f'{".".join(map(str, place))}: there is no file "{name}" in the task folder'
        raise TaskProblems([source.problem(place, message)])
    return found


def _models_of(module: ModuleType) -> str:
    names = (
        name
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, BaseModel) and value.__module__ == module.__name__
    )
    return ", ".join(sorted(names)) or "none"

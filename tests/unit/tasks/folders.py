"""A small task without Python, file by file, for tests to bend."""

from pathlib import Path
from types import ModuleType
from typing import NoReturn

from adapter.tasks.build import LoadedTask, build_task
from adapter.tasks.problem import TaskProblems
from adapter.tasks.task_files import TaskFiles

TASK = """\
task: greet
version: 1.0.0
summary: Greets a customer.
input:
  schema: input.schema.json
  formats:
    json: {}
output:
  schema: output.schema.json
model: {max_output_tokens: 100}
policy: {tokens: 1000}
"""
INPUT = """\
{
  "type": "object",
  "properties": {
    "name": {"type": "string", "maxLength": 50},
    "vip": {"type": "boolean"}
  },
  "required": ["name"]
}
"""
OUTPUT = """\
{
  "type": "object",
  "properties": {
    "greeting": {"type": "string", "maxLength": 80},
    "tone": {"enum": ["WARM", "COOL"]}
  },
  "required": ["greeting", "tone"],
  "additionalProperties": false
}
"""
PROMPT = """\
# System

Greet the customer.

# User

{{ record.name }}
"""
CASE = """\
payload: '{"name": "Ada"}'
content_type: application/json
expect: {output: {greeting: "Hello, Ada.", tone: WARM}, match: exact}
"""
MODEL_CONTRACT = '''\
"""A contract in Python."""

from pydantic import BaseModel


class Person(BaseModel):
    """Who is greeted."""

    name: str


class Greeting(BaseModel):
    """What is said."""

    greeting: str
'''

FILES = {
    "task.yaml": TASK,
    "input.schema.json": INPUT,
    "output.schema.json": OUTPUT,
    "prompt.md": PROMPT,
    "cases/ada.yaml": CASE,
}


def files(**changes: str | bytes | None) -> dict[str, bytes]:
    """Files of the small task; a changed one by its name with _ for . and __ for /, None = left out."""
    changed = {name.replace("__", "/").replace("_", "."): content for name, content in changes.items()}
    merged: dict[str, str | bytes | None] = {**FILES, **changed}
    return {
        name: content.encode() if isinstance(content, str) else content
        for name, content in merged.items()
        if content is not None
    }


def write(folder: Path, contents: dict[str, bytes]) -> Path:
    """Write a task folder."""
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def no_python(name: str) -> NoReturn:
    """Refuse to run a contract."""
    raise AssertionError(f"{name} was executed")


def module_of(code: str) -> ModuleType:
    """Run a contract without a file."""
    module = ModuleType("contract_of_a_test")
    exec(code, module.__dict__)  # noqa: S102 - the test's own code
    return module


def build(**changes: str | bytes | None) -> LoadedTask:
    """Build the small task."""
    return build_task(TaskFiles("greet", files(**changes)), no_python)


def complaints(**changes: str | bytes | None) -> list[str]:
    """Build the small task and return what is wrong with it, as printed."""
    try:
        build(**changes)
    except TaskProblems as exc:
        return [str(problem) for problem in exc.problems]
    return []

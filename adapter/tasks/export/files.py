"""All files that are exported of a task. The same task gives the same bytes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from adapter.tasks.export.asyncapi import asyncapi_document
from adapter.tasks.export.java_model import JavaFile
from adapter.tasks.export.java_names import class_name, package_of
from adapter.tasks.export.java_reader import java_file
from adapter.tasks.export.java_source import java_source
from adapter.tasks.export.payload_schema import input_schema, takes_json
from adapter.tasks.task import Task

Java = Literal["beans", "records", "none"]


@dataclass(frozen=True, slots=True)
class Exported:
    """Documents and sources by path below the folder, and what could not be made."""

    documents: Mapping[str, Mapping[str, Any]]
    sources: Mapping[str, str]
    remarks: tuple[str, ...] = field(default=())


def export(task: Task, *, prefix: str, java: Java, package: str = "") -> Exported:
    """Export a task. prefix is that of the adapter's names at the broker; package "" = one named after the task."""
    documents = {
        f"{task.name}/input.schema.json": input_schema(task),
        f"{task.name}/output.schema.json": task.output.schema,
        f"{task.name}/asyncapi.json": asyncapi_document(task, prefix),
    }
    if java == "none":
        return Exported(documents, {})
    package = package or package_of(task.name)
    origin = f"{task.name}@{task.major}"
    sides, remarks = _sides(task)
    folder = f"java/{package.replace('.', '/')}"
    sources = {f"{folder}/{side.root.name}.java": java_source(side, package, origin, java) for side in sides}
    return Exported(documents, sources, remarks)


def _sides(task: Task) -> tuple[list[JavaFile], tuple[str, ...]]:
    """Input and output, called differently also where their titles are the same."""
    output = java_file(task.output.schema, class_name(f"{task.name}-output", ""))
    taken = (output.root.name,) if output else ()
    received = java_file(task.input.schema, class_name(f"{task.name}-input", ""), taken) if takes_json(task) else None
    remarks = []
    if not takes_json(task):
        formats = ", ".join(task.definition.input.formats.names)
        remarks.append(f"no class for the input: {task.name} takes no JSON record, but {formats}")
    elif received is None:
        remarks.append("no class for the input: its contract names no keys")
    if output is None:
        remarks.append("no class for the output: its contract names no keys")
    return [side for side in (received, output) if side is not None], tuple(remarks)

"""The schema of the JSON that a caller sends: the input contract, where the task looks for the record."""

from collections.abc import Mapping
from typing import Any

from adapter.tasks.export.embedding import below
from adapter.tasks.task import Task


def takes_json(task: Task) -> bool:
    """Whether a JSON payload is the record, and not only one field of it."""
    json_format = task.definition.input.formats.json_format
    return json_format is not None and json_format.field is None


def input_schema(task: Task) -> Mapping[str, Any]:
    """Describe the JSON payload; of a task that takes none, the record that its formats become."""
    json_format = task.definition.input.formats.json_format
    if json_format is None or json_format.field is not None:
        return task.input.schema
    return below(task.input.schema, json_format.select) if json_format.select else task.input.schema

"""YAML as plain JSON values with the line of each key: no tags, no anchors, no duplicate keys, nothing reinterpreted.

Only true and false are booleans, dates and 007 stay text, and 12.50 keeps its digits (Decimal): what a case expects
is compared with what JSON really holds.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import yaml

from adapter.tasks.problem import Problem, TaskProblems

Path = tuple[str | int, ...]

MAX_DEPTH = 64
_NULL = re.compile(r"(?:~|null|)\Z")
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,300})\Z")
_DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,300})(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,3})?\Z")


@dataclass(frozen=True, slots=True)
class LocatedYaml:
    """A parsed file, and where in it each key and list item begins."""

    file: str
    value: Any
    lines: Mapping[Path, int]

    def line(self, path: Sequence[str | int]) -> int:
        """Line of a path, or of the nearest thing around it that the file has; steps it does not know are skipped."""
        known: Path = ()
        for step in path:
            if (*known, step) in self.lines:
                known = (*known, step)
        return self.lines[known]

    def problem(self, path: Sequence[str | int], message: str) -> Problem:
        """Return an error at a path."""
        return Problem(self.file, self.line(path), message)


def parse_located(content: bytes, file: str) -> LocatedYaml:
    """Parse one YAML document. Raises TaskProblems with file and line."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = content[: exc.start].count(b"\n") + 1
        raise TaskProblems([Problem(file, line, "not UTF-8; save the file as UTF-8")]) from exc
    try:
        _refuse_what_is_no_data(text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        raise TaskProblems([Problem(file, mark.line + 1 if mark else 0, _yaml_message(exc))]) from exc
    except yaml.YAMLError as exc:
        raise TaskProblems([Problem(file, 0, "not readable as YAML: it has control characters")]) from exc
    reader = _Reader(file)
    value = {} if node is None else reader.read(node, ())
    return LocatedYaml(file, value, reader.lines)


def _refuse_what_is_no_data(text: str) -> None:
    """Look before anything is composed: aliases expand to gigabytes, tags ask for objects, depth costs its square."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            cause = f"nested deeper than {MAX_DEPTH} levels"
        elif getattr(event, "anchor", None):
            cause = "anchors and aliases (& and *) are not supported; repeat the value"
        elif getattr(event, "tag", None):
            cause = "tags (!...) are not supported; write the plain value"
        else:
            continue
        mark = event.start_mark
        raise yaml.MarkedYAMLError(problem=cause, problem_mark=mark if isinstance(mark, yaml.Mark) else None)


def _yaml_message(error: yaml.MarkedYAMLError) -> str:
    return "; ".join(part for part in (error.context, error.problem) if part)


class _Reader:
    """Turns nodes into values and remembers their lines."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[Path, int] = {(): 1}

    def read(self, node: yaml.Node, path: Path) -> Any:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*path, index)) for index, item in enumerate(node.value)]
        return node.value if getattr(node, "style", None) else plain_value(node.value)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._refuse(key_node, "a key must be plain text")
            key = str(key_node.value)
            if key in result:
                self._refuse(key_node, f'the key "{key}" appears twice')
            self.lines[(*path, key)] = key_node.start_mark.line + 1
            result[key] = self.read(value_node, (*path, key))
        return result

    def _refuse(self, node: yaml.Node, message: str) -> None:
        raise TaskProblems([Problem(self.file, node.start_mark.line + 1, message)])


def plain_value(text: str) -> Any:
    """Value of an unquoted scalar, by the rules of JSON; whatever is not null, true, false or a number is text."""
    if _NULL.match(text):
        return None
    if text in {"true", "false"}:
        return text == "true"
    if _INTEGER.match(text):
        return int(text)
    if _DECIMAL.match(text):
        return Decimal(text)
    return text

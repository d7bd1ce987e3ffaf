"""The log events of the adapter's code, read from the code."""

import ast
from collections.abc import Iterator

from tests.unit.docs.pages import ROOT

WARNS = frozenset({"warning", "error", "exception"})
TELLS = WARNS | {"info", "emit"}


def events(functions: frozenset[str]) -> set[str]:
    """Events that are told by these functions, where they are written out."""
    return {event for call in _calls() if _is_teller(call.func, functions) for event in _texts(call.args[0])}


def all_events() -> set[str]:
    """Every event: those of closed connections, and those that are chosen before they are told, included."""
    told = events(TELLS)
    for node in _nodes():
        if isinstance(node, ast.Assign) and any(
            isinstance(one, ast.Name) and one.id == "event" for one in node.targets
        ):
            told |= _texts(node.value)
    for call in _calls():
        function = call.func
        if isinstance(function, ast.Name) and function.id == "CloseRule":
            told |= _texts(call.args[1])
        if isinstance(function, ast.Attribute) and function.attr == "_tell_problem":
            told |= _texts(call.args[1])
    return told


def _nodes() -> Iterator[ast.AST]:
    for path in sorted((ROOT / "adapter").rglob("*.py")):
        yield from ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def _calls() -> Iterator[ast.Call]:
    yield from (node for node in _nodes() if isinstance(node, ast.Call))


def _is_teller(function: ast.expr, names: frozenset[str]) -> bool:
    """Say whether it is a method of a log, or of what tells the broker's events."""
    if not isinstance(function, ast.Attribute) or function.attr not in names:
        return False
    owner = function.value
    name = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
    return name.strip("_").lower() in {"log", "events"}


def _texts(node: ast.expr) -> set[str]:
    """What an expression may be, where it is written out."""
    return {one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)}

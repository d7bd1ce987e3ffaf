"""JSON Pointer (RFC 6901): one way to write it, one way to follow it."""

from collections.abc import Iterable
from typing import Any


def escape(step: str | int) -> str:
    """Write one step of a pointer."""
    return str(step).replace("~", "~0").replace("/", "~1")


def join(steps: Iterable[str | int]) -> str:
    """Write a pointer from its steps; "" = the whole document."""
    return "".join(f"/{escape(step)}" for step in steps)


def child(pointer: str, *steps: str | int) -> str:
    """Go down from a pointer."""
    return pointer + join(steps)


def follow(document: Any, pointer: str) -> Any:
    """Return what a pointer names. Raises LookupError when there is no such place."""
    node = document
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(node, dict):
            node = node[name]
        elif isinstance(node, list) and name.isdecimal():
            node = node[int(name)]
        else:
            raise LookupError(pointer)
    return node

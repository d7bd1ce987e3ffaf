"""Switches of a running simulated model as JSON: outage, status, latency, faults."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from adapter.simulator.faults import FaultRule, fault_of_status
from adapter.simulator.latency import Latency
from adapter.simulator.simulation import Controls

_KEYS = ("down", "status", "latency", "faults")


class ControlError(ValueError):
    """The switches are not understood. The message says which and why."""


def shown_controls(controls: Controls) -> dict[str, Any]:
    """Return the switches as they stand, in the form that is accepted."""
    return {
        "down": controls.down,
        "status": controls.status,
        "latency": str(controls.latency),
        "faults": [str(rule) for rule in controls.faults],
    }


def apply_controls(controls: Controls, body: bytes) -> None:
    """Change the switches that are named, all or none. Raises ControlError."""
    try:
        wanted = orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        raise ControlError(f"the body is not JSON: {exc}") from exc
    if not isinstance(wanted, dict) or not wanted.keys() <= set(_KEYS):
        raise ControlError(f"an object with some of {', '.join(_KEYS)} is expected")
    try:
        read = {key: _READERS[key](value) for key, value in wanted.items()}
    except (ValueError, TypeError, AttributeError) as exc:
        raise ControlError(str(exc)) from exc
    for key, value in read.items():
        setattr(controls, key, value)


def _read_down(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ControlError("down is true or false")
    return value


def _read_status(value: Any) -> int | None:
    if value is None:
        return None
    fault_of_status(value)
    return int(value)


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "down": _read_down,
    "status": _read_status,
    "latency": lambda value: Latency.parse(str(value)),
    "faults": lambda values: tuple(FaultRule.parse(text) for text in values),
}

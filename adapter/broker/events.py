"""How the broker layer tells what happens: events with fields, for logs and metrics."""

import logging
from collections.abc import Callable, Mapping

EventField = str | int | float | bool
EventHook = Callable[[str, Mapping[str, EventField]], None]

_LOG = logging.getLogger(__name__)


def ignore_event(_name: str, _fields: Mapping[str, EventField]) -> None:
    """Tell nobody: the hook where none is given."""


class Events:
    """A hook that cannot hurt: pika turns an exception in any callback into a dead connection."""

    def __init__(self, hook: EventHook, **fields: EventField) -> None:
        """Add `fields` to every event."""
        self._hook = hook
        self._fields = fields

    def emit(self, name: str, **fields: EventField) -> None:
        """Tell the hook; its exceptions are logged and go no further."""
        try:
            self._hook(name, {**self._fields, **fields})
        except Exception:  # noqa: BLE001 - a broken hook must not break the connection
            _LOG.exception("event_hook_failed", extra={"event": name})

    def bind(self, **fields: EventField) -> "Events":
        """Return events that also carry these fields."""
        return Events(self._hook, **{**self._fields, **fields})

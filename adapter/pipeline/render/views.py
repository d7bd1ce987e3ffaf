"""What a prompt template sees of a record: objects and lists that print fenced, typed values bare, free text fenced."""

from collections.abc import Sequence
from typing import Any

from adapter.pipeline.render.fence import Fence
from adapter.pipeline.render.record_text import record_text
from adapter.pipeline.render.scalars import is_bare
from adapter.tasks.shape import Shape
from adapter.tasks.template_values import NOT_GIVEN, FreeText, TemplateList, TemplateObject


def view(value: Any, shape: Shape, fence: Fence) -> Any:
    """Return what a template is given for a value of the record."""
    if isinstance(value, dict):
        return ObjectView(value, shape, fence)
    if isinstance(value, list):
        return ListView(value, shape, fence)
    if isinstance(value, str):
        return value if is_bare(value, shape) else FreeText(value, fence)
    return NOT_GIVEN if value is None else value


class ObjectView(TemplateObject):
    """An object of the record; printed as a whole it is fenced lines."""

    def __init__(self, value: dict[str, Any], shape: Shape, fence: Fence) -> None:
        self._value = value
        self._shape = shape
        self._fence = fence

    def member(self, key: object) -> Any:
        """Field by name; NOT_GIVEN when the contract has it and the record does not."""
        if not isinstance(key, str):
            raise KeyError(key)
        self._fence.charge(1)
        if key in self._value:
            return view(self._value[key], self._shape.field(key), self._fence)
        if key in self._shape.names or self._shape.is_open:
            return NOT_GIVEN
        raise KeyError(key)

    def __len__(self) -> int:
        """Count the fields; none is false."""
        return len(self._value)

    def __str__(self) -> str:
        """Return its fields as fenced lines."""
        return self._fence.fenced(record_text(self._value, self._shape))


class ListView(TemplateList):
    """A list of the record; printed as a whole it is a fenced table or lines."""

    def __init__(self, values: Sequence[Any], shape: Shape, fence: Fence) -> None:
        super().__init__(values, fence)
        self._shape = shape
        self._fence = fence

    def item(self, item: Any) -> Any:
        """View of an item."""
        return view(item, self._shape.items, self._fence)

    def __str__(self) -> str:
        """Return its items as a fenced table or lines."""
        return self._fence.fenced(record_text(self._items, self._shape))

"""What a prompt template works with: free text that is always fenced, objects and lists of the record, a step budget.

Nothing here has methods a template could call; it reaches members through the environment alone.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, Final, Protocol

from jinja2.exceptions import TemplateRuntimeError

_CHARACTERS_PER_STEP = 256


class TemplateBudgetError(TemplateRuntimeError):
    """The template takes more steps than a prompt may."""


class Rendering(Protocol):
    """One rendering of a prompt: how text is fenced, and how much work is left."""

    def fenced(self, text: str) -> str:
        """Return text between the markers of this prompt."""

    def charge(self, steps: int) -> None:
        """Take steps off the budget. Raises TemplateBudgetError."""


class NotGiven:
    """Type of NOT_GIVEN: a field of the contract that the record does not have. False, and prints as `(not given)`."""

    def __bool__(self) -> bool:
        """Absent is false."""
        return False

    def __str__(self) -> str:
        """Return what a model reads in its place."""
        return "(not given)"


NOT_GIVEN: Final = NotGiven()


class FreeText:
    """Text of a record that nobody has checked. Printing it fences it; filters and `~` keep it free text."""

    __slots__ = ("rendering", "text")

    def __init__(self, text: str, rendering: Rendering) -> None:
        self.text = text
        self.rendering = rendering

    def __str__(self) -> str:
        """Return the text between the markers."""
        return self.rendering.fenced(self.text)

    def __len__(self) -> int:
        """Count the characters."""
        return len(self.text)

    def __getitem__(self, part: int | slice) -> "FreeText":
        """Cut a piece, which stays free text."""
        return FreeText(self.text[part], self.rendering)

    def __contains__(self, part: object) -> bool:
        """Tell whether a text occurs in it."""
        return plain_text(part) in self._charged()

    def __eq__(self, other: object) -> bool:
        """Compare with a text."""
        return isinstance(other, (str, FreeText)) and self._charged() == plain_text(other)

    def __lt__(self, other: object) -> bool:
        """Order texts."""
        return self._charged() < plain_text(other)

    def __hash__(self) -> int:
        """Hash as the text does."""
        return hash(self._charged())

    __iter__ = None

    def _charged(self) -> str:
        self.rendering.charge(1 + len(self.text) // _CHARACTERS_PER_STEP)
        return self.text


class TemplateObject(ABC):
    """Something with members that a template may read."""

    @abstractmethod
    def member(self, key: object) -> Any:
        """Value of a member. Raises KeyError when there is none."""


class TemplateList(TemplateObject):
    """A list in a template; walking it is charged."""

    def __init__(self, items: Sequence[Any], rendering: Rendering) -> None:
        self._items = items
        self.rendering = rendering

    def __iter__(self) -> Iterator[Any]:
        """Walk the items, each charged."""
        for item in self._items:
            self.rendering.charge(1)
            yield self.item(item)

    def __len__(self) -> int:
        """Count the items."""
        return len(self._items)

    def __contains__(self, value: object) -> bool:
        """Tell whether an item equals the value."""
        return any(item == value for item in self)

    def __getitem__(self, part: slice) -> "TemplateList":
        """Cut a piece."""
        self.rendering.charge(1 + len(self._items))
        return TemplateList([self.item(item) for item in self._items[part]], self.rendering)

    def __str__(self) -> str:
        """Refuse: how its items are to be printed is the template's to say."""
        raise TemplateRuntimeError("a list cannot be printed: loop over it, or use the filter join")

    def item(self, item: Any) -> Any:
        """Return what a template sees of an item."""
        return item

    def member(self, key: object) -> Any:
        """Item by number, counted from 0 or, negative, from the end."""
        if not isinstance(key, int) or not -len(self._items) <= key < len(self._items):
            raise KeyError(key)
        return self.item(self._items[key])


def plain_text(value: object) -> str:
    """Text of a text value, unfenced. Raises TemplateRuntimeError for other values."""
    if isinstance(value, FreeText):
        return value.text
    if isinstance(value, str):
        return value
    raise TemplateRuntimeError(f"a text is needed here, not {type(value).__name__}")

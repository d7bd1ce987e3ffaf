"""A task: a named, versioned kind of work, loaded, checked and hashed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from adapter.errors import Violation
from adapter.tasks.cases import Case
from adapter.tasks.definition import TaskDefinition
from adapter.tasks.layout import FixedWidthLayout
from adapter.tasks.prompt_template import PromptTemplate
from adapter.tasks.strict_schema import StrictSchema


class Contract(Protocol):
    """What a record or an output document must satisfy; `schema` describes its JSON bytes as they really are."""

    schema: Mapping[str, Any]

    def check(self, document: object) -> tuple[Violation, ...]:
        """All violations of a parsed document (exact_json types), () = satisfied. Never changes the document."""

    def ordered(self, document: Any) -> Any:
        """Return the document with its keys in the contract's order."""


@dataclass(frozen=True, slots=True)
class Task:
    """Everything needed to work on a request of this kind."""

    definition: TaskDefinition
    input: Contract
    output: Contract
    strict_output: StrictSchema
    """The output contract as the model is told it, with the way back."""
    prompt: PromptTemplate
    layout: FixedWidthLayout | None
    """The declared layout, if fixed-width is among the formats."""
    task_hash: str
    cases: tuple[Case, ...]

    @property
    def name(self) -> str:
        """Task name."""
        return self.definition.task

    @property
    def version(self) -> str:
        """MAJOR.MINOR.PATCH."""
        return self.definition.version

    @property
    def major(self) -> int:
        """First number of the version."""
        return int(self.version.partition(".")[0])

    @property
    def ref(self) -> str:
        """name@version."""
        return f"{self.name}@{self.version}"

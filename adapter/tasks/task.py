"""A task: a named, versioned kind of work, loaded, checked and hashed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from adapter.errors import Violation
from adapter.tasks.cases import Case
from adapter.tasks.definition import TaskDefinition
from adapter.tasks.layout import FixedWidthLayout
from adapter.tasks.prompt_template import PromptTemplate
from adapter.tasks.strict_schema import SchemaProfile, StrictSchema, strictify


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
    """The output contract as OpenAI and local models are told it, with the way back."""
    prompt: PromptTemplate
    layout: FixedWidthLayout | None
    """The declared layout, if fixed-width is among the formats."""
    task_hash: str
    cases: tuple[Case, ...]
    _strict: dict[str, StrictSchema] = field(default_factory=dict, init=False, repr=False, compare=False)
    """By profile, once it was asked for."""

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

    def strict_for(self, profile: SchemaProfile) -> StrictSchema:
        """The output contract as models of a profile are told it, made once. Raises ContractRefused."""
        if profile == self.strict_output.profile:
            return self.strict_output
        if profile.name not in self._strict:
            self._strict[profile.name] = strictify(self.output.schema, profile)
        return self._strict[profile.name]

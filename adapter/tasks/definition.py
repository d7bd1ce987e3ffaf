"""What task.yaml may say: each key with its meaning, limits and default. Unknown keys are errors."""

import re
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, field_validator, model_validator

from adapter.tasks.input_formats import InputFormats

TASK_NAME = re.compile(r"[a-z0-9-]{1,64}\Z")
RESERVED_NAMES = frozenset({"unrouted"})
VERSION = re.compile(r"(?:0|[1-9][0-9]{0,5})(?:\.(?:0|[1-9][0-9]{0,5})){2}\Z")
# Replies a job may cost beyond the first and its repairs: a truncated or empty one is asked for once more.
SPARE_ATTEMPTS = 2

ModelName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
ContractClass = Annotated[str, Field(pattern=r"^[A-Za-z0-9_./-]+\.py:[A-Za-z_][A-Za-z0-9_]*$")]
FileName = Annotated[str, Field(min_length=1, max_length=200)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, protected_namespaces=())


class _Contracted(_Section):
    contract: ContractClass | None = None
    """`file.py:Class`, a pydantic model."""
    schema_file: FileName | None = Field(default=None, alias="schema")
    """Name of a JSON Schema file."""

    @model_validator(mode="after")
    def _names_one_contract(self) -> Self:
        if (self.contract is None) == (self.schema_file is None):
            raise ValueError("name either a contract (contract.py:Class) or a schema (a JSON Schema file)")
        return self


class InputDefinition(_Contracted):
    """What is accepted, and how it becomes the record."""

    formats: InputFormats
    assume: str = ""
    """Format of payloads whose content type says nothing; by default the only one; "" = they are refused."""
    map: dict[str, str] = {}
    """Record field → its name in the payload, where they differ."""

    @model_validator(mode="before")
    @classmethod
    def _assume_the_only_format(cls, value: object) -> object:
        if isinstance(value, dict) and isinstance(formats := value.get("formats"), dict) and len(formats) == 1:
            return {"assume": next(iter(formats)), **value}
        return value


class OutputDefinition(_Contracted):
    """What the output document satisfies."""


class ModelDefinition(_Section):
    """Which models work on the task, and how they are asked."""

    use: Annotated[tuple[ModelName, ...], Field(min_length=1)] = ("default",)
    """In this order: while one brings no reply, the next is asked."""
    allow: tuple[ModelName, ...] = ()
    """Models a caller may ask for beside those in use."""
    max_output_tokens: StrictInt = Field(default=1000, ge=1, le=1_000_000)
    """Visible tokens of one reply."""
    reasoning: Literal["none", "minimal", "low", "medium", "high"] = "none"
    seed: StrictInt | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)

    @field_validator("use")
    @classmethod
    def _names_each_once(cls, use: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(use)) < len(use):
            raise ValueError("a model is named twice; name each once, in the order they are asked")
        return use


class PolicyDefinition(_Section):
    """What one job may cost, crashes included. attempts counts calls that returned a reply."""

    repairs: StrictInt = Field(default=2, ge=0, le=10)
    attempts: StrictInt = Field(default_factory=lambda known: 1 + known["repairs"] + SPARE_ATTEMPTS, ge=1, le=50)
    tokens: StrictInt = Field(default=20_000, ge=1)
    """Input and output tokens of all attempts."""
    seconds: StrictInt = Field(default=120, ge=1, le=86_400)
    """Time in which the job is worked on."""


class ResultsDefinition(_Section):
    """What a result on a queue looks like, and where it goes."""

    body: Literal["document", "envelope"] = "document"
    also_exchange: StrictBool = False
    """Also to the result exchange when the request had a reply_to."""


class TaskDefinition(_Section):
    """All of task.yaml."""

    task: str
    version: str
    summary: str = Field(default="", max_length=300)
    input: InputDefinition
    output: OutputDefinition
    prompt: FileName = "prompt.md"
    model: ModelDefinition = ModelDefinition()
    policy: PolicyDefinition = PolicyDefinition()
    results: ResultsDefinition = ResultsDefinition()

    @field_validator("task")
    @classmethod
    def _is_a_name(cls, task: str) -> str:
        if not TASK_NAME.match(task):
            raise ValueError("a task name is 1 to 64 of a-z, 0-9 and -")
        if task in RESERVED_NAMES:
            raise ValueError(f'the name "{task}" is taken by a queue of the adapter itself; choose another')
        return task

    @field_validator("version", mode="before")
    @classmethod
    def _is_three_numbers(cls, version: object) -> object:
        if not isinstance(version, str) or not VERSION.match(version):
            raise ValueError("a version is MAJOR.MINOR.PATCH, for example 1.0.0")
        return version

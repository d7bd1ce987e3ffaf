"""The output contract as a model is told it, with the way back: strictify(schema) → what is sent, lift and lower."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from adapter.domain.job import Change
from adapter.errors import Violation
from adapter.tasks.json_schema.problem import ContractProblem, ContractRefused
from adapter.tasks.json_schema.source import Schema, SchemaSource
from adapter.tasks.json_schema.view import NoValue
from adapter.tasks.strict_schema.builder import Builder
from adapter.tasks.strict_schema.built import Built
from adapter.tasks.strict_schema.notes import Dropped
from adapter.tasks.strict_schema.objects import closed
from adapter.tasks.strict_schema.profile import OPENAI, SchemaProfile
from adapter.tasks.strict_schema.shapes import Ledger, Shape
from adapter.tasks.strict_schema.strict_lint import strict_lint

RESULT = "result"


@dataclass(frozen=True, slots=True)
class Lifted:
    """A reply in the contract's shape: the document, what was filled in, and what could not be lifted."""

    document: Any
    changes: tuple[Change, ...] = ()
    violations: tuple[Violation, ...] = ()


@dataclass(frozen=True, slots=True)
class StrictSchema:
    """What a model is told of a contract. dropped = what it is told in words only; the local check enforces it."""

    schema: Schema
    dropped: tuple[Dropped, ...]
    profile: SchemaProfile
    is_wrapped: bool
    """True when the document travels as the property `result` of the root."""
    shape: Shape = field(repr=False)

    def lift(self, document: Any) -> Lifted:
        """Take a reply from the strict shape to the contract's. Judges nothing; the contract's check does."""
        is_envelope = self.is_wrapped and isinstance(document, dict) and document.keys() == {RESULT}
        ledger = Ledger()
        lifted = self.shape.lift(document[RESULT] if is_envelope else document, (), ledger)
        return Lifted(lifted, tuple(ledger.changes), tuple(ledger.violations))

    def lower(self, document: Any) -> Any:
        """Take a document that satisfies the contract to the strict shape; what is absent in it becomes null."""
        lowered = self.shape.lower(document)
        return {RESULT: lowered} if self.is_wrapped else lowered


def strictify(schema: Mapping[str, Any], profile: SchemaProfile = OPENAI) -> StrictSchema:
    """Build the strict schema of a contract. Raises ContractRefused with what keeps it from being told to a model."""
    source = SchemaSource(schema)
    builder = Builder(source, profile, dict(schema))
    try:
        built, is_wrapped = _build(builder, source)
    except NoValue as exc:
        raise ContractRefused([ContractProblem(exc.pointer, f"no value satisfies this: {exc}")]) from None
    for node, first in builder.first_keys:
        _move_first(_resolved(node, builder.definitions), first)
    sent = _assembled(built, builder.definitions, is_wrapped=is_wrapped)
    problems = strict_lint(sent, profile)
    if problems:
        raise ContractRefused(problems)
    return StrictSchema(sent, builder.notes.dropped, profile, is_wrapped, built.shape)


def _build(builder: Builder, source: SchemaSource) -> tuple[Built, bool]:
    found = builder.unfolder.alternatives((source.root,))
    if len(found) == 1 and found[0].strict_type == "object" and found[0].view.enum is None:
        return builder.build_root(found[0]), False
    return builder.build((source.root,), 1), True


def _assembled(built: Built, definitions: dict[str, Schema], *, is_wrapped: bool) -> Schema:
    root = closed({RESULT: built.schema}) if is_wrapped else built.schema
    return {**root, "$defs": definitions} if definitions else root


def _resolved(node: Schema, definitions: dict[str, Schema]) -> Schema:
    while "$ref" in node or node.keys() - {"title", "description"} == {"anyOf"}:
        inner = node if "$ref" in node else node["anyOf"][0]
        node = definitions.get(str(inner.get("$ref")).removeprefix("#/$defs/"), {})
    return node


def _move_first(node: Schema, name: str) -> None:
    properties = node.get("properties", {})
    if name in properties:
        ordered = {name: properties[name], **properties}
        node["properties"], node["required"] = ordered, list(ordered)

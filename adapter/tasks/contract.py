"""A contract in JSON Schema: what a record or an output must satisfy, checked in full, exactly, and without I/O."""

from collections.abc import Mapping
from typing import Any

from adapter.errors import Violation
from adapter.tasks.json_schema.compiled import compile_schema
from adapter.tasks.json_schema.lint import schema_problems
from adapter.tasks.json_schema.ordering import KeyOrder
from adapter.tasks.json_schema.problem import ContractProblem, ContractRefused
from adapter.tasks.json_schema.source import SchemaSource
from adapter.tasks.json_schema.violations import violations_of

__all__ = ["ContractProblem", "ContractRefused", "JsonSchemaContract", "contract_from_schema"]


class JsonSchemaContract:
    """A contract that is a JSON Schema 2020-12, compiled once. Build it with contract_from_schema."""

    schema: Mapping[str, Any]

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = schema
        self._validator = compile_schema(schema)
        self._order = KeyOrder(SchemaSource(schema))

    def check(self, document: object) -> tuple[Violation, ...]:
        """Find all violations of a parsed document (exact_json types, at most 1000 are listed); () = satisfied."""
        if self._validator.is_valid(document):
            return ()
        return violations_of(self._validator.iter_errors(document))

    def ordered(self, document: Any) -> Any:
        """Return the document with its keys in the contract's order."""
        return self._order.ordered(document)


def contract_from_schema(schema: Mapping[str, Any]) -> JsonSchemaContract:
    """Build a contract. Raises ContractRefused with every problem of the schema."""
    problems = schema_problems(schema)
    if problems:
        raise ContractRefused(problems)
    return JsonSchemaContract(schema)

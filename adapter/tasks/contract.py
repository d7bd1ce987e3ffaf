"""A contract in JSON Schema: what a record or an output must satisfy, checked in full, exactly, and without I/O."""

from collections.abc import Mapping
from typing import Any

import jsonschema_rs

from adapter.errors import Violation
from adapter.tasks.json_schema.compiled import compile_schema
from adapter.tasks.json_schema.lint import schema_problems
from adapter.tasks.json_schema.ordering import KeyOrder
from adapter.tasks.json_schema.problem import ContractProblem, ContractRefused
from adapter.tasks.json_schema.sample import COUNTING_RULES, MAX_LISTED_VALUES, shortened
from adapter.tasks.json_schema.source import SchemaSource
from adapter.tasks.json_schema.violations import violations_of

__all__ = ["MAX_LISTED_VALUES", "ContractProblem", "ContractRefused", "JsonSchemaContract", "contract_from_schema"]


class JsonSchemaContract:
    """A contract that is a JSON Schema 2020-12, compiled once. Build it with contract_from_schema."""

    schema: Mapping[str, Any]

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = schema
        self._validator = compile_schema(schema)
        self._order = KeyOrder(SchemaSource(schema))

    def check(self, document: object) -> tuple[Violation, ...]:
        """Find all violations of a parsed document (exact_json types); () = satisfied.

        Of a document of more than MAX_LISTED_VALUES values those of its beginning are listed, and at least one.
        """
        if self._validator.is_valid(document):
            return ()
        sample = shortened(document)
        if sample is document:
            return violations_of(self._validator.iter_errors(document))
        return self._violations_of_sample(document, sample)

    def _violations_of_sample(self, document: object, sample: object) -> tuple[Violation, ...]:
        """The first violation of a huge document, and all of its beginning that cutting lists short does not cause."""
        try:
            self._validator.validate(document)
        except jsonschema_rs.ValidationError as exc:
            first = violations_of([exc])
        sampled = violations_of(self._validator.iter_errors(sample))
        return tuple(dict.fromkeys([*first, *(one for one in sampled if one.rule not in COUNTING_RULES)]))

    def ordered(self, document: Any) -> Any:
        """Return the document with its keys in the contract's order."""
        return self._order.ordered(document)


def contract_from_schema(schema: Mapping[str, Any]) -> JsonSchemaContract:
    """Build a contract. Raises ContractRefused with every problem of the schema."""
    problems = schema_problems(schema)
    if problems:
        raise ContractRefused(problems)
    return JsonSchemaContract(schema)

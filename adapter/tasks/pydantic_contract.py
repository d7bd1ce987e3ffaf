"""A contract written as a pydantic model: its JSON Schema describes the JSON as it really is; its validators judge.

Decimals are JSON numbers with their exact digits, dates are ISO strings, keys are aliases in the order of the fields.
Validators never rewrite: they see a copy, and what they return is thrown away.
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import ErrorDetails, core_schema, to_jsonable_python

from adapter.errors import Violation
from adapter.tasks.contract import JsonSchemaContract, contract_from_schema
from adapter.tasks.json_schema.pointer import join
from adapter.tasks.json_schema.problem import ContractProblem, ContractRefused
from adapter.tasks.json_schema.violations import printable

Mode = Literal["input", "output"]

_DATE = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?"
_OFFSET = r"(Z|[+-]([01][0-9]|2[0-3]):?[0-5][0-9])"
_SHOWN_MIN = 4


class PydanticContract:
    """A contract that is a pydantic model. Build it with contract_from_model."""

    schema: Mapping[str, Any]

    def __init__(self, model_class: type[BaseModel], contract: JsonSchemaContract) -> None:
        self.schema = contract.schema
        self._contract = contract
        self._validate = model_class.model_validate

    def check(self, document: object) -> tuple[Violation, ...]:
        """Find all violations of the JSON Schema; if there are none, those that the model's validators find."""
        violations = self._contract.check(document)
        if violations:
            return violations
        try:
            # in Python mode, because pydantic reads JSON numbers as floats on their way to Decimal
            self._validate(_copied(document), strict=False)
        except ValidationError as exc:
            return tuple(dict.fromkeys(_violations(exc, document)))
        return ()

    def ordered(self, document: Any) -> Any:
        """Return the document with its keys in the order of the fields."""
        return self._contract.ordered(document)


def contract_from_model(model_class: type[BaseModel], *, mode: Mode) -> PydanticContract:
    """Build a contract from a model. Raises ContractRefused for one that JSON Schema cannot describe.

    An output model without an `extra` setting takes no undeclared keys; an input model ignores them, as pydantic does.
    """
    generator = _OutputSchema if mode == "output" else _InputSchema
    try:
        schema = model_class.model_json_schema(schema_generator=generator, mode="validation")
    except PydanticUserError as exc:
        message = f"{model_class.__name__} has no JSON Schema: {exc.message.splitlines()[0]}"
        raise ContractRefused([ContractProblem("", message)]) from exc
    return PydanticContract(model_class, contract_from_schema(schema))


class _InputSchema(GenerateJsonSchema):
    """JSON Schema of the JSON that comes in."""

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        """Describe a decimal as a number with exact bounds; decimal_places is a multipleOf, max_digits a bound."""
        described: JsonSchemaValue = {"type": "number"}
        for ours, theirs in (
            ("ge", "minimum"),
            ("le", "maximum"),
            ("gt", "exclusiveMinimum"),
            ("lt", "exclusiveMaximum"),
        ):
            if schema.get(ours) is not None:
                described[theirs] = schema[ours]  # type: ignore[literal-required]  # the names above are its keys
        places, digits = schema.get("decimal_places"), schema.get("max_digits")
        step = schema.get("multiple_of")
        if step is not None:
            described["multipleOf"] = step
        elif places is not None:
            described["multipleOf"] = Decimal(1).scaleb(-places)
        if digits is not None and places is not None:
            limit = Decimal(10) ** (digits - places)
            if "maximum" not in described:
                described.setdefault("exclusiveMaximum", limit)
            if "minimum" not in described:
                described.setdefault("exclusiveMinimum", -limit)
        return described

    def datetime_schema(self, schema: core_schema.DatetimeSchema) -> JsonSchemaValue:
        """Describe a point in time: with offset where the model asks for one, without where it asks for none."""
        if schema.get("tz_constraint") == "aware":
            return {"type": "string", "format": "date-time"}
        offset = "" if schema.get("tz_constraint") == "naive" else f"{_OFFSET}?"
        return {"type": "string", "pattern": f"^{_DATE}[T ]{_TIME}{offset}$"}

    def time_schema(self, schema: core_schema.TimeSchema) -> JsonSchemaValue:
        """Describe a time of day; `format: time` would demand an offset."""
        offset = "" if schema.get("tz_constraint") == "naive" else f"{_OFFSET}?"
        return {"type": "string", "pattern": f"^{_TIME}{offset}$"}

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - the signature of pydantic
        """Leave out titles made from field names: the model is charged for each."""
        return False

    def encode_default(self, dft: Any) -> Any:
        """Keep the digits of decimals."""
        return _exact_default(dft)


class _OutputSchema(_InputSchema):
    """JSON Schema of what a model has to answer: closed unless the class says otherwise, times with their offset."""

    def datetime_schema(self, schema: core_schema.DatetimeSchema) -> JsonSchemaValue:
        """Describe a point in time: RFC 3339 with offset, unless the model asks for none."""
        if schema.get("tz_constraint") == "naive":
            return {"type": "string", "pattern": f"^{_DATE}T{_TIME}$"}
        return {"type": "string", "format": "date-time"}

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """Close a model."""
        return _closed(super().model_schema(schema))

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        """Close a dataclass."""
        return _closed(super().dataclass_schema(schema))

    def typed_dict_schema(self, schema: core_schema.TypedDictSchema) -> JsonSchemaValue:
        """Close a typed dict."""
        return _closed(super().typed_dict_schema(schema))


def _closed(described: JsonSchemaValue) -> JsonSchemaValue:
    if described.get("type") == "object":
        described.setdefault("additionalProperties", False)
    return described


def _exact_default(value: Any) -> Any:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, BaseModel):
        value = TypeAdapter(type(value)).dump_python(value, by_alias=True)
    if isinstance(value, Mapping):
        return {str(key): _exact_default(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_exact_default(item) for item in value]
    return to_jsonable_python(value)


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


def _violations(error: ValidationError, document: Any) -> Iterator[Violation]:
    for details in error.errors(include_url=False, include_context=False):
        yield Violation(_pointer(details["loc"], document), details["type"], _message(details))


def _pointer(loc: tuple[str | int, ...], document: Any) -> str:
    """Follow pydantic's place through the document; steps that only name a branch of a union are left out."""
    steps: list[str | int] = []
    node = document
    for step in loc:
        if (isinstance(node, dict) and step in node) or (isinstance(node, list) and isinstance(step, int)):
            steps.append(printable(step))
            node = node[step]  # type: ignore[index]  # a list's step is an int, checked above
    return join(steps)


def _message(details: ErrorDetails) -> str:
    """Pydantic's message; values of the document that an author wrote into theirs are taken out."""
    message = details["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    for text in sorted(set(_texts(details["input"])), key=len, reverse=True):
        if len(text) >= _SHOWN_MIN:
            message = re.sub(rf"(?<!\w){re.escape(text)}(?!\w)", "…", message)
    return message


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif not isinstance(value, bool | None):
        yield str(value)

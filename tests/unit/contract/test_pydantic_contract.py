"""A pydantic model as a contract: its schema tells the bytes as they are, its validators judge and never rewrite."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, Self

import pytest
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NaiveDatetime,
    RootModel,
    field_validator,
    model_validator,
)

from adapter.domain import exact_json
from adapter.tasks.contract import ContractRefused
from adapter.tasks.pydantic_contract import PydanticContract, contract_from_model
from adapter.tasks.strict_schema import strictify


class Unit(Enum):
    PIECE = "PCE"
    HOUR = "HUR"


class Line(BaseModel):
    """A line of an invoice."""

    text: Annotated[str, Field(max_length=40, description="What was delivered")]
    price: Annotated[Decimal, Field(ge=0, decimal_places=2, max_digits=9)]
    unit: Unit = Unit.PIECE


class Invoice(BaseModel):
    """An invoice."""

    number: Annotated[str, Field(alias="invoiceNumber", pattern="^[A-Z]")]
    lines: list[Line]
    total: Decimal
    due: dt.date | None = None
    sent: dt.datetime | None = None
    local: NaiveDatetime | None = None
    opens: dt.time | None = None
    parent: "Invoice | None" = None

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if sum(line.price for line in self.lines) != self.total:
            raise ValueError(f"total {self.total} of {self.number} is not the sum of the lines")
        return self

    @field_validator("due")
    @classmethod
    def _not_long_ago(cls, due: dt.date | None) -> dt.date | None:
        if due is not None and due.year < 2000:
            raise ValueError("due before 2000")
        return due


INVOICE = contract_from_model(Invoice, mode="output")
GOOD = '"lines": [{"text": "Bolt", "price": 10.50}], "total": 10.50'


def broken(text: str, contract: PydanticContract = INVOICE) -> list[tuple[str, str, str]]:
    """Return what the check of a JSON text says."""
    return [(one.pointer, one.rule, one.message) for one in contract.check(exact_json.loads(text))]


def rule_of(annotation: Any, mode: Literal["input", "output"] = "output") -> Any:
    """Return the schema of a field."""
    model = type("Model", (BaseModel,), {"__annotations__": {"x": annotation}})
    return contract_from_model(model, mode=mode).schema["properties"]["x"]


def test_a_document_that_satisfies_schema_and_validators_has_no_violations() -> None:
    assert broken(f'{{"invoiceNumber": "A1", "due": "2026-01-31", "sent": "2026-01-01T10:00:00Z", {GOOD}}}') == []


@pytest.mark.parametrize(
    ("annotation", "rule"),
    [
        (Decimal, {"type": "number"}),
        (
            Annotated[Decimal, Field(ge=Decimal("0.1"), lt=Decimal(5))],
            {"type": "number", "minimum": Decimal("0.1"), "exclusiveMaximum": Decimal(5)},
        ),
        (
            Annotated[Decimal, Field(decimal_places=2, max_digits=5)],
            {"type": "number", "multipleOf": Decimal("0.01"), "exclusiveMaximum": 1000, "exclusiveMinimum": -1000},
        ),
        (dt.date, {"type": "string", "format": "date"}),
        (dt.datetime, {"type": "string", "format": "date-time"}),
        (Literal["a"], {"const": "a", "type": "string"}),
        (dict[str, Decimal], {"type": "object", "additionalProperties": {"type": "number"}}),
    ],
)
def test_the_schema_describes_the_json_as_it_is(annotation: Any, rule: dict[str, Any]) -> None:
    assert rule_of(annotation) == rule


def test_models_of_an_output_are_closed_and_models_of_an_input_are_not() -> None:
    line = '{"text": "Bolt", "price": 1, "more": 1}'

    assert broken(line, contract_from_model(Line, mode="output"))[0][:2] == ("/more", "additionalProperties")
    assert broken(line, contract_from_model(Line, mode="input")) == []


def test_an_output_that_says_it_is_open_stays_open() -> None:
    class Open(BaseModel):
        model_config = ConfigDict(extra="allow")
        a: str

    assert broken('{"a": "x", "b": 1}', contract_from_model(Open, mode="output")) == []


def test_a_validator_reports_at_its_place_without_the_value() -> None:
    text = '{"invoiceNumber": "A1234567", "lines": [{"text": "Bolt", "price": 10.50}], "total": 10.51}'

    assert broken(text) == [("", "value_error", "total … of … is not the sum of the lines")]
    assert broken(f'{{"invoiceNumber": "A1", "due": "1999-12-31", {GOOD}}}') == [
        ("/due", "value_error", "due before 2000")
    ]


def test_the_schema_is_checked_before_the_validators() -> None:
    found = broken('{"invoiceNumber": "a", "lines": [{"price": -1}], "total": "1"}')

    assert {(pointer, rule) for pointer, rule, _ in found} == {
        ("/invoiceNumber", "pattern"),
        ("/lines/0/text", "required"),
        ("/lines/0/price", "minimum"),
        ("/total", "type"),
    }


def test_decimals_reach_the_validators_with_all_their_digits() -> None:
    class Exact(BaseModel):
        x: Decimal

        @field_validator("x")
        @classmethod
        def _is_exact(cls, x: Decimal) -> Decimal:
            if str(x) != "12345678901234567890.1230":
                raise ValueError("digits were lost")
            return x

    assert broken('{"x": 12345678901234567890.1230}', contract_from_model(Exact, mode="output")) == []


def test_validators_never_rewrite_the_document() -> None:
    def emptied(value: list[Any]) -> list[Any]:
        value.clear()
        return value

    class Rewriting(BaseModel):
        model_config = ConfigDict(str_strip_whitespace=True)
        names: Annotated[list[str], BeforeValidator(emptied)]
        text: str

    document = exact_json.loads('{"names": ["a"], "text": " x "}')

    assert contract_from_model(Rewriting, mode="output").check(document) == ()
    assert document == {"names": ["a"], "text": " x "}


def test_a_strict_model_takes_json_as_pydantic_would() -> None:
    class Strict(BaseModel):
        model_config = ConfigDict(strict=True)
        day: dt.date
        unit: Unit
        pair: tuple[str, int]

    text = '{"day": "2026-01-31", "unit": "PCE", "pair": ["a", 1]}'

    assert broken(text, contract_from_model(Strict, mode="output")) == []


@pytest.mark.parametrize(
    ("mode", "annotation", "good", "bad"),
    [
        ("output", dt.datetime, ["2026-01-01T10:00:00Z", "2026-01-01T10:00:00.5+01:00"], ["2026-01-01T10:00:00"]),
        ("output", NaiveDatetime, ["2026-01-01T10:00:00"], ["2026-01-01T10:00:00Z", "2026-13-01T10:00:00"]),
        ("output", dt.time, ["10:00:00", "10:00"], ["25:00:00", "10"]),
        (
            "input",
            dt.datetime,
            ["2026-01-01T10:00:00", "2026-01-01 10:00:00", "2026-01-01T10:00:00Z"],
            ["01.01.2026", "2026-02-30T10:00:00", "1767261600"],
        ),
    ],
)
def test_times_have_the_offset_that_their_type_asks_for(
    mode: Literal["input", "output"], annotation: Any, good: list[str], bad: list[str]
) -> None:
    model = type("Model", (BaseModel,), {"__annotations__": {"x": annotation}})
    contract = contract_from_model(model, mode=mode)

    assert [value for value in good if contract.check({"x": value})] == []
    assert [value for value in bad if not contract.check({"x": value})] == []


def test_keys_leave_under_their_aliases_in_the_order_of_the_fields() -> None:
    document = exact_json.loads(f'{{{GOOD}, "invoiceNumber": "A"}}')

    assert exact_json.dumps(INVOICE.ordered(document)) == (
        b'{"invoiceNumber":"A","lines":[{"text":"Bolt","price":10.50}],"total":10.50}'
    )


def test_a_default_keeps_its_digits_on_the_way_through_the_strict_schema() -> None:
    class Fee(BaseModel):
        fee: Decimal = Decimal("1.50")
        lines: list[Line] = [Line(text="Bolt", price=Decimal("2.10"))]

    contract = contract_from_model(Fee, mode="output")

    lifted = strictify(contract.schema).lift({"fee": None, "lines": None})

    assert exact_json.dumps(lifted.document) == (b'{"fee":1.50,"lines":[{"text":"Bolt","price":2.10,"unit":"PCE"}]}')
    assert contract.check(lifted.document) == ()


def test_a_recursive_model_goes_there_and_back() -> None:
    text = f'{{"invoiceNumber": "A", {GOOD}, "parent": {{"invoiceNumber": "B", {GOOD}}}}}'
    document = exact_json.loads(text.replace("10.50}]", '10.50, "unit": "HUR"}]'))
    strict = strictify(INVOICE.schema)

    assert strict.lift(strict.lower(document)).document == document
    assert strict.is_wrapped is False


def test_a_list_model_is_a_contract() -> None:
    contract = contract_from_model(RootModel[list[Line]], mode="output")

    assert broken('[{"text": "a", "price": 1.001}]', contract) == [
        ("/0/price", "multipleOf", "must be a multiple of 0.01")
    ]


def test_a_place_inside_a_union_is_named_without_the_names_of_its_branches() -> None:
    class Card(BaseModel):
        kind: Literal["card"]
        number: str

        @field_validator("number")
        @classmethod
        def _is_long(cls, number: str) -> str:
            if len(number) < 12:
                raise ValueError("a card number has at least 12 digits")
            return number

    class Iban(BaseModel):
        kind: Literal["iban"]
        iban: str

    class Payment(BaseModel):
        by: Annotated[Card | Iban, Field(discriminator="kind")]

    contract = contract_from_model(Payment, mode="output")

    assert broken('{"by": {"kind": "card", "number": "1"}}', contract) == [
        ("/by/number", "value_error", "a card number has at least 12 digits")
    ]


class _NoJson(BaseModel):
    call: Callable[[int], int]


@pytest.mark.parametrize("model", [_NoJson, RootModel[str], RootModel[Line | None]])
def test_a_model_that_is_no_contract_is_refused(model: type[BaseModel]) -> None:
    with pytest.raises(ContractRefused):
        contract_from_model(model, mode="output")

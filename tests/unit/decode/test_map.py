"""Record fields whose name in the payload differs."""

from typing import Any

import pytest

from adapter.errors import InputInvalid
from tests.unit.decode.reading import INTEGER, NUMBER, TEXT, a_list, contract, error_of, record

TICKET = contract(customer=TEXT, subject=TEXT)
MAP = {"customer": "KDNR-1", "subject": "BETREFF"}


@pytest.mark.parametrize(
    ("content", "formats"),
    [
        ('{"KDNR-1": "7", "BETREFF": "Hi"}', {"json": {}}),
        ("<t><KDNR-1>7</KDNR-1><BETREFF>Hi</BETREFF></t>", {"xml": {}}),
        ("KDNR-1;BETREFF\n7;Hi\n", {"csv": {"delimiter": ";"}}),
        ("KDNR-1=7\nBETREFF: Hi", {"properties": {}}),
    ],
)
def test_one_map_serves_every_format(content: str, formats: dict[str, Any]) -> None:
    assert record(content, formats, TICKET, mapping=MAP) == {"customer": "7", "subject": "Hi"}


@pytest.mark.parametrize(
    ("content", "formats"),
    [
        ('{"customer": "7", "subject": "Hi"}', {"json": {}}),
        ("<t><customer>7</customer><subject>Hi</subject></t>", {"xml": {}}),
        ("customer,subject\n7,Hi\n", {"csv": {}}),
    ],
)
def test_a_field_that_comes_by_its_own_name_is_taken_too(content: str, formats: dict[str, Any]) -> None:
    assert record(content, formats, TICKET, mapping=MAP) == {"customer": "7", "subject": "Hi"}


def test_the_map_of_a_format_wins_over_the_tasks() -> None:
    formats = {"json": {"map": {"customer": "kunde"}}}
    assert record('{"kunde": "7", "BETREFF": "Hi"}', formats, TICKET, mapping=MAP) == {
        "customer": "7",
        "subject": "Hi",
    }


def test_json_is_mapped_by_path() -> None:
    content = '{"head": {"from": [{"no": "7"}]}}'
    assert record(content, {"json": {}}, TICKET, mapping={"customer": "/head/from/0/no"})["customer"] == "7"


INVOICE = contract(
    number=TEXT,
    seller=contract(name=TEXT),
    lines=a_list(contract(item=TEXT, amount=NUMBER, quantity=INTEGER)),
)
UBL = {
    "number": "ID",
    "seller.name": "Supplier/Party/Name",
    "lines": "InvoiceLine",
    "lines.item": "Item/Name",
    "lines.amount": "Amount",
}


def test_dotted_fields_reach_into_objects_and_the_items_of_lists() -> None:
    content = """<Invoice><ID>R-1</ID><Supplier><Party><Name>ACME</Name></Party></Supplier>
      <InvoiceLine><Item><Name>Bolt</Name></Item><Amount cur="EUR">1.50</Amount><quantity>3</quantity></InvoiceLine>
      <InvoiceLine><Item><Name>Nut</Name></Item><Amount>2</Amount></InvoiceLine></Invoice>"""
    found = record(content, {"xml": {}}, INVOICE, mapping=UBL)
    assert found["number"] == "R-1"
    assert found["seller"] == {"name": "ACME"}
    assert [line["item"] for line in found["lines"]] == ["Bolt", "Nut"]
    assert [str(line["amount"]) for line in found["lines"]] == ["1.50", "2"]
    assert found["lines"][0]["quantity"] == 3


def test_dotted_fields_work_for_json_alike() -> None:
    content = '{"ID": "R-1", "Supplier": {"Party": {"Name": "ACME"}}, "InvoiceLine": [{"Item": {"Name": "Bolt"}}]}'
    found = record(content, {"json": {}}, INVOICE, mapping=UBL)
    assert found["seller"] == {"name": "ACME"}
    assert found["lines"][0]["item"] == "Bolt"


def test_a_mapped_attribute_is_taken_by_its_at_name() -> None:
    content = '<t><sum currency="EUR">3</sum></t>'
    schema = contract(currency=TEXT, sum=INTEGER)
    assert record(content, {"xml": {}}, schema, mapping={"currency": "sum/@currency"}) == {"currency": "EUR", "sum": 3}


def test_several_elements_at_select_are_invalid_input_with_their_number() -> None:
    formats = {"xml": {"select": "/Envelope/Body/ticket"}}
    content = "<Envelope><Body><ticket/><ticket/></Body></Envelope>"
    assert "2 elements" in error_of(InputInvalid, content, formats, TICKET)

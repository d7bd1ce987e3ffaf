"""Delimited rows in the declared dialect."""

from decimal import Decimal

import pytest

from adapter.errors import InputInvalid, PayloadUnreadable
from tests.unit.decode.reading import DATE, INTEGER, NUMBER, TEXT, a_list, contract, decoded, error_of, record

CLAIM = contract(id=TEXT, amount=NUMBER, count=INTEGER, day=DATE, note=TEXT)
GERMAN = {"csv": {"delimiter": ";", "decimal": ",", "thousands": ".", "date": "DD.MM.YYYY", "charset": "cp1252"}}


def test_a_row_is_the_record_and_its_texts_are_typed_by_the_contract() -> None:
    content = 'id;amount;count;day;note\n0815;"1.234,50";7;31.01.2026;"Größe; ""neu""\nzweite Zeile"\n'
    assert record(content.encode("cp1252"), GERMAN, CLAIM) == {
        "id": "0815",
        "amount": Decimal("1234.50"),
        "count": 7,
        "day": "2026-01-31",
        "note": 'Größe; "neu"\nzweite Zeile',
    }


@pytest.mark.parametrize(("written", "amount"), [("12,50-", "-12.50"), ("-12,50", "-12.50"), ("1.234.567", "1234567")])
def test_amounts_are_read_as_hosts_and_spreadsheets_write_them(written: str, amount: str) -> None:
    assert record(f"amount\n{written}\n", GERMAN, CLAIM)["amount"] == Decimal(amount)


@pytest.mark.parametrize("written", ["12.50", "1,5,0", "1.23,5", "12,50 EUR", "abc", "31.02.2026"])
def test_what_is_no_number_of_the_declared_notation_stays_text(written: str) -> None:
    assert record(f"amount;day\n{written};{written}\n", GERMAN, CLAIM) == {"amount": written, "day": written}


def test_an_empty_cell_is_absent() -> None:
    assert record("id,amount,note\n1,, \n", {"csv": {}}, CLAIM) == {"id": "1"}


def test_columns_are_named_by_the_task_when_there_is_no_header() -> None:
    formats = {"csv": {"header": False, "columns": ["id", "note"]}}
    assert record("7,hi\r\n", formats, CLAIM) == {"id": "7", "note": "hi"}


def test_a_column_with_dots_is_a_nested_field_where_the_contract_has_one() -> None:
    schema = contract(customer=contract(name=TEXT), **{"a.b": TEXT})
    assert record("customer.name,a.b,x.y\nMeier,1,2\n", {"csv": {}}, schema) == {
        "customer": {"name": "Meier"},
        "a.b": "1",
    }


@pytest.mark.parametrize(("rows", "count"), [("", "0 rows"), ("1,2\n3,4\n", "2 rows")])
def test_none_or_several_rows_are_invalid_input_with_their_number(rows: str, count: str) -> None:
    assert count in error_of(InputInvalid, f"id,note\n{rows}", {"csv": {}}, CLAIM)


def test_rows_puts_all_rows_into_one_field() -> None:
    schema = contract(lines=a_list(CLAIM))
    assert record("id,count\na,1\n\nb,2\n", {"csv": {"rows": "lines"}}, schema) == {
        "lines": [{"id": "a", "count": 1}, {"id": "b", "count": 2}]
    }


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("id,note\n1\n", "line 2 has 1 cells for 2 columns"),
        ("id,note\n1,2,GEHEIM\n", "line 2 has 3 cells for 2 columns"),
        ('id,note\n1,"GEHEIM\n', "line 2"),
        ('id,note\n1,"a"GEHEIM\n', "line 2"),
        ("GEHEIM,note,GEHEIM\n1,2,3\n", "column 3"),
    ],
)
def test_broken_rows_are_refused_by_line_and_without_their_content(content: str, said: str) -> None:
    message = error_of(PayloadUnreadable, content, {"csv": {}}, CLAIM)
    assert said in message
    assert "GEHEIM" not in message


def test_an_empty_column_at_the_end_of_the_lines_is_nothing() -> None:
    assert record("id;note;\n1;2;\n", {"csv": {"delimiter": ";"}}, CLAIM) == {"id": "1", "note": "2"}


def test_without_a_quote_character_quotes_are_text() -> None:
    assert record('id\tnote\n1\t5" Rohr\n', {"csv": {"delimiter": "\t", "quote": ""}}, CLAIM)["note"] == '5" Rohr'


def test_a_byte_order_mark_is_not_part_of_the_first_name() -> None:
    assert record(b"\xef\xbb\xbfid,note\n1,2\n", {"csv": {}}, CLAIM) == {"id": "1", "note": "2"}


def test_a_cell_longer_than_the_csv_modules_own_limit_is_read() -> None:
    assert len(record(f"id,note\n1,{'x' * 300_000}\n", {"csv": {}}, CLAIM)["note"]) == 300_000


def test_the_content_type_may_be_said() -> None:
    assert decoded("id\n1\n", {"csv": {}, "json": {}}, CLAIM, content_type="text/csv", assume="json").format == "csv"

"""Java .properties, by the rules of java.util.Properties.load."""

from typing import Any

import pytest

from adapter.errors import PayloadUnreadable
from tests.unit.decode.reading import BOOLEAN, INTEGER, TEXT, contract, error_of, record

PROPERTIES: dict[str, Any] = {"properties": {}}


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("a=1\nb:2\nc 3", {"a": "1", "b": "2", "c": "3"}),
        ("  a  =  1  x ", {"a": "1  x"}),
        ("# c\n! c\n  # c\n\na=1", {"a": "1"}),
        ("a=1\\\n   2\\\n3", {"a": "123"}),
        ("a=1\\\\\nb=2", {"a": "1\\", "b": "2"}),
        ("a\\ b\\=c=1", {"a b=c": "1"}),
        ("a=Z\\u00fcrich \\uD83D\\uDE00", {"a": "Zürich 😀"}),
        ("a=1\\tx\\nz\\q", {"a": "1\tx\nzq"}),
        ("a==1", {"a": "=1"}),
        ("a=1\r\nb=2\rc=3", {"a": "1", "b": "2", "c": "3"}),
        ("a=x\\\n# no comment", {"a": "x# no comment"}),
        ("a=1\na=2", {"a": "2"}),
        ("a", {}),
        ("a=x\\", {"a": "x"}),
    ],
)
def test_lines_are_read_as_java_reads_them(content: str, found: dict[str, str]) -> None:
    assert record(content, PROPERTIES) == found


def test_values_are_typed_and_dotted_keys_nested_where_the_contract_says_so() -> None:
    schema = contract(n=INTEGER, ok=BOOLEAN, customer=contract(name=TEXT, address=contract(city=TEXT)), **{"a.b": TEXT})
    content = "n=7\nok=TRUE\ncustomer.name=Meier\ncustomer.address.city=Ulm\na.b=x\nother.key=1"
    assert record(content, PROPERTIES, schema) == {
        "n": 7,
        "ok": True,
        "customer": {"name": "Meier", "address": {"city": "Ulm"}},
        "a.b": "x",
    }


def test_the_classic_charset_is_the_tasks_to_declare() -> None:
    assert record("a=Zürich".encode("latin-1"), {"properties": {"charset": "ISO-8859-1"}}) == {"a": "Zürich"}


@pytest.mark.parametrize("content", ["x=1\na=\\u12", "x=1\na=\\uD83Dx"])
def test_escapes_that_are_no_characters_are_refused_by_line(content: str) -> None:
    assert "line 2" in error_of(PayloadUnreadable, content, PROPERTIES)

"""Fixed-width host records by a declared layout."""

from decimal import Decimal
from typing import Any

import pytest

from adapter.errors import InputInvalid, PayloadUnreadable
from tests.unit.decode.reading import BOOLEAN, INTEGER, TEXT, a_list, contract, error_of, record

FIXED = {"fixed-width": {"layout": "claim.layout.yaml"}}
CLAIM: dict[str, Any] = {
    "length": 40,
    "discriminator": {"start": 1, "length": 2},
    "lines": [
        {
            "match": "01",
            "fields": [
                {"name": "number", "start": 3, "length": 8},
                {"name": "loss_date", "start": 11, "length": 8, "type": "date"},
                {"name": "reserve", "start": 19, "length": 9, "type": "decimal", "scale": 2, "sign": "overpunch"},
                {"name": "open", "start": 28, "length": 1, "values": {"J": True, "N": False}},
                {"name": "count", "start": 29, "length": 4, "type": "integer"},
            ],
        },
        {
            "match": "02",
            "into": "parties",
            "repeat": True,
            "fields": [{"name": "role", "start": 3, "length": 3}, {"name": "name", "start": 6, "length": 20}],
        },
        {"match": "09", "into": "notes", "join": "lines", "fields": [{"name": "text", "start": 3, "length": 38}]},
        {"match": "99", "skip": True},
    ],
}
SCHEMA = contract(
    number=TEXT,
    loss_date=TEXT,
    reserve={"type": "number"},
    open=BOOLEAN,
    count=INTEGER,
    parties=a_list(contract(role=TEXT, name=TEXT)),
    notes=TEXT,
)
LINES = [
    "010004711520260131000012550J  12",
    "02VNMMüller, Jörg",
    "02GESACME GmbH",
    "09Der VN hat das Fahrzeug",
    "09  rückwärts eingeparkt.",
    "99",
]


def test_line_types_become_fields_lists_and_joined_texts() -> None:
    assert record("\r\n".join(LINES) + "\r\n", FIXED, SCHEMA, layout=CLAIM) == {
        "number": "00047115",
        "loss_date": "2026-01-31",
        "reserve": Decimal("125.50"),
        "open": True,
        "count": 12,
        "parties": [{"role": "VNM", "name": "Müller, Jörg"}, {"role": "GES", "name": "ACME GmbH"}],
        "notes": "Der VN hat das Fahrzeug\nrückwärts eingeparkt.",
    }


def test_lines_without_line_ends_are_cut_at_their_length_also_in_ebcdic() -> None:
    content = "".join(line.ljust(40) for line in LINES).encode("cp1141")
    found = record(content, FIXED, SCHEMA, layout=CLAIM | {"line_ends": False}, charset="cp1141")
    assert found["parties"][0]["name"] == "Müller, Jörg"


def test_a_hosts_own_line_end_is_one() -> None:
    content = "".join(line + "\x85" for line in LINES).encode("cp273")
    assert record(content, FIXED, SCHEMA, layout=CLAIM, charset="cp273")["count"] == 12


ONE = {"fields": [{"name": "n", "start": 1, "length": 6, "type": "decimal", "scale": 2, "sign": "overpunch"}]}
AMOUNT = contract(n={"type": "number"})


@pytest.mark.parametrize(
    ("charset", "content", "amount"),
    [
        ("cp037", b"\xf0\xf0\xf1\xf2\xf5\xd5", "-12.55"),
        ("cp273", b"\xf0\xf0\xf1\xf2\xf5\xc0", "12.50"),
        ("cp1141", b"\xf0\xf0\xf1\xf2\xf5\xd0", "-12.50"),
        ("cp500", b"\xf0\xf0\xf1\xf2\xf5\xf5", "12.55"),
        ("utf-8", b"00125}", "-12.50"),
        ("utf-8", b"00125u", "-12.55"),
        ("utf-8", b"00125E", "12.55"),
    ],
)
def test_a_sign_in_the_last_digit_is_read_in_every_code_page(charset: str, content: bytes, amount: str) -> None:
    assert record(content, FIXED, AMOUNT, layout=ONE, charset=charset) == {"n": Decimal(amount)}


def one_field(content: str, **field: Any) -> Any:
    layout = {"fields": [{"name": "n", "start": 1, "length": 12, **field}]}
    return record(content, FIXED, contract(n={}), layout=layout).get("n")


@pytest.mark.parametrize(
    ("content", "field", "value"),
    [
        ("        12-", {"type": "integer", "sign": "trailing"}, -12),
        ("-     12", {"type": "integer"}, -12),
        ("000000", {"type": "integer"}, 0),
        ("12345", {"type": "decimal", "scale": 7}, Decimal("0.0012345")),
        ("123.45", {"type": "decimal"}, Decimal("123.45")),
        ("12X", {"type": "integer"}, "12X"),
        ("00000000", {"type": "date"}, None),
        ("31.01.2026", {"type": "date", "date": "DD.MM.YYYY"}, "2026-01-31"),
        ("20260231", {"type": "date"}, "20260231"),
        ("\0\0\0", {}, None),
        ("  ab  ", {"trim": "right"}, "  ab"),
        ("  ab", {"trim": "none"}, "  ab"),
        ("  ab  ", {}, "ab"),
        ("X", {"values": {"J": True}}, "X"),
    ],
)
def test_a_field_is_read_as_its_layout_says(content: str, field: dict[str, Any], value: Any) -> None:
    assert one_field(content, **field) == value


def test_implied_decimals_keep_every_digit() -> None:
    layout = {"fields": [{"name": "n", "start": 1, "length": 40, "type": "decimal", "scale": 2}]}
    content = "1234567890123456789012345678901234567890"
    assert str(record(content, FIXED, contract(n={}), layout=layout)["n"]) == f"{content[:-2]}.{content[-2:]}"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("01" + "x" * 60, "Line 1 has 62 characters"),
        ("0100047115\n77GEHEIM", "Line 2 is of no type"),
    ],
)
def test_lines_that_the_layout_does_not_have_are_refused_by_number(content: str, said: str) -> None:
    message = error_of(PayloadUnreadable, content, FIXED, SCHEMA, layout=CLAIM)
    assert said in message
    assert "GEHEIM" not in message


def test_a_length_that_is_no_multiple_is_refused() -> None:
    layout = CLAIM | {"line_ends": False}
    assert "no multiple" in error_of(PayloadUnreadable, "01" + "x" * 50, FIXED, SCHEMA, layout=layout)


def test_a_second_record_is_invalid_input() -> None:
    assert "2 lines" in error_of(InputInvalid, "0100047115\n0100047116", FIXED, SCHEMA, layout=CLAIM)


def test_layout_names_are_mapped_too() -> None:
    layout = {"fields": [{"name": "KDNR", "start": 1, "length": 4}]}
    assert record("4711", FIXED, contract(customer=TEXT), layout=layout, mapping={"customer": "KDNR"}) == {
        "customer": "4711"
    }

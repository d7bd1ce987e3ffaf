"""What is printed: documents digit for digit, foreign text without power over the terminal, tables that fit."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from adapter.cli import tables
from adapter.cli.console import cell, indented, plain
from adapter.cli.tables import Column, print_table

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda below: st.lists(below) | st.dictionaries(st.text(), below),
)


@given(JSON)
def test_indenting_is_what_the_standard_library_does(document: object) -> None:
    assert indented(json.dumps(document)) == json.dumps(document, indent=2)


def test_indenting_touches_no_digit() -> None:
    assert indented('{"total":10.00,"rate":1E+2,"id":12345678901234567890}') == (
        '{\n  "total": 10.00,\n  "rate": 1E+2,\n  "id": 12345678901234567890\n}'
    )


def test_foreign_text_cannot_command_the_terminal_or_the_markup() -> None:
    foreign = "\x1b[2Jgone\x07 [red]not red[/] \x9bH\nnext\tcolumn"

    assert cell(foreign).plain == "\\x1b[2Jgone\\x07 [red]not red[/] \\x9bH\nnext\tcolumn"
    assert plain(foreign) == "\\x1b[2Jgone\\x07 \\[red]not red\\[/] \\x9bH\nnext\tcolumn"


COLUMNS = (Column("job"), Column("request", rank=1), Column("summary", whole=False, rank=3), Column("state", rank=2))
ROW = ("0190a7e2-1b7c-7d9e", "order-2026-118204", "words that may be folded where there is too little room", "FAILED")


def printed(width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Lines of the table in a terminal of that width."""
    monkeypatch.setattr(tables, "output", Console(width=width, force_terminal=True, color_system=None))
    print_table(COLUMNS, [ROW])
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("width", "headings"),
    [
        (200, ["job", "request", "summary", "state"]),
        (72, ["job", "request", "summary", "state"]),
        (60, ["job", "request", "state"]),
        (45, ["job", "request"]),
        (30, ["job"]),
    ],
)
def test_the_least_important_columns_go_first(
    width: int, headings: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = printed(width, monkeypatch, capsys)

    assert [heading.strip() for heading in lines[1].strip("┃").split("┃")] == headings
    assert max(len(line) for line in lines) <= width
    assert ROW[0] in lines[3]
    assert ("request" not in headings) or ROW[1] in lines[3]


def test_without_a_terminal_nothing_is_wrapped_or_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tables, "output", Console(width=20, force_terminal=False))
    print_table(COLUMNS, [ROW])

    assert all(text in capsys.readouterr().out.splitlines()[3] for text in [ROW[0]])
    print_table(COLUMNS, [ROW])
    assert ROW[2] in capsys.readouterr().out

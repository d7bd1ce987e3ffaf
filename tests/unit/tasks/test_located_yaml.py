"""Task files are read as JSON values with lines, and nothing in them is reinterpreted or executed."""

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.tasks.located_yaml import parse_located, plain_value
from adapter.tasks.problem import TaskProblems


def _refusal(text: str | bytes) -> str:
    content = text.encode() if isinstance(text, str) else text
    with pytest.raises(TaskProblems) as caught:
        parse_located(content, "f.yaml")
    assert len(caught.value.problems) == 1
    return str(caught.value)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("2026-11-03", "2026-11-03"),
        ("007", "007"),
        ("no", "no"),
        ("NO", "NO"),
        ("on", "on"),
        ("1:30", "1:30"),
        ("0x1F", "0x1F"),
        ("1.0.0", "1.0.0"),
        ("~", None),
        ("null", None),
        ("true", True),
        ("-12", -12),
        ("12345678901234567890123", 12345678901234567890123),
        ("12.50", Decimal("12.50")),
        ("'12'", "12"),
        ('"true"', "true"),
        (".inf", ".inf"),
        (".nan", ".nan"),
    ],
)
def test_a_plain_value_is_what_json_would_hold(written: str, value: object) -> None:
    found = parse_located(f"key: {written}".encode(), "f.yaml").value["key"]

    assert found == value
    assert type(found) is type(value)


def test_a_decimal_keeps_its_digits() -> None:
    assert str(plain_value("12.50")) == "12.50"


def test_each_key_and_item_has_its_line() -> None:
    source = parse_located(b"a: 1\nb:\n  c: 2\n  d:\n    - x\n    - {e: 3}\n", "f.yaml")

    assert source.line(("b", "c")) == 3
    assert source.line(("b", "d", 1, "e")) == 6


def test_an_unknown_place_has_the_line_of_what_is_around_it() -> None:
    source = parse_located(b"a: 1\nb:\n  c: 2\n", "f.yaml")

    assert source.line(("b", "missing", "deeper")) == 2
    assert source.line(("missing",)) == 1


def test_a_repeated_key_is_refused_with_its_line() -> None:
    assert _refusal("a: 1\nb: 2\na: 3\n") == 'f.yaml:3: error: the key "a" appears twice'


@pytest.mark.parametrize("text", ["a: &x 1\nb: *x\n", "a: &x {<<: *x}", "b: *x"])
def test_anchors_and_aliases_are_refused(text: str) -> None:
    assert "anchors and aliases" in _refusal(text)


@pytest.mark.parametrize("text", ["a: !!python/object/apply:os.system [ls]", "a: !x 1", "a: !!int '3'", "!x {a: 1}"])
def test_tags_are_refused(text: str) -> None:
    assert "f.yaml:1: error: tags" in _refusal(text)


@pytest.mark.parametrize(
    ("text", "line"),
    [("a: [1,\nb: 2", 2), ("a: 1\n  b: 2\n", 2), ("a: 1\n---\nb: 2\n", 2), ("a: 'x\n", 2), ("a: 1\n\tb: 2\n", 2)],
)
def test_broken_yaml_is_refused_with_its_line(text: str, line: int) -> None:
    assert _refusal(text).startswith(f"f.yaml:{line}: error: ")


def test_a_file_that_is_not_utf8_is_refused_with_its_line() -> None:
    assert _refusal("a: 1\nb: Größe\n".encode("latin-1")) == "f.yaml:2: error: not UTF-8; save the file as UTF-8"


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 5000 + "}" * 5000, "a: " + "[" * 100 + "]" * 100, "a: \0"])
def test_endless_nesting_and_control_characters_are_refused(text: str) -> None:
    assert "f.yaml" in _refusal(text)


def test_a_key_that_is_a_list_is_refused() -> None:
    assert "a key must be plain text" in _refusal("? [a]\n: 1\n")


def test_an_empty_file_is_an_empty_mapping() -> None:
    assert parse_located(b"# nothing\n", "f.yaml").value == {}


@given(st.binary(max_size=200))
def test_whatever_is_in_a_file_it_is_read_or_refused(content: bytes) -> None:
    with contextlib.suppress(TaskProblems):
        assert parse_located(content, "f.yaml").line(("anything",)) >= 1

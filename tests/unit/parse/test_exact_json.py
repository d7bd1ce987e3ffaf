"""JSON is read exactly or not at all."""

from decimal import Decimal
from typing import Any

import pytest

from adapter.domain import exact_json


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12.50", Decimal("12.50")),
        ("1e2", Decimal("1e2")),
        ("12345678901234567890123", 12345678901234567890123),
        ('"\\ud83d\\ude00"', "😀"),
        ('"\\\\ud83d"', "\\ud83d"),
        ("[" * 128 + "]" * 128, None),
        ('["' + "[" * 500 + '"]', ["[" * 500]),
    ],
)
def test_what_is_json_is_read_exactly(text: str, value: Any) -> None:
    read = exact_json.loads(text)

    assert value is None or (read == value and str(read) == str(value))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[" * 129 + "]" * 129, "deeper than 128"),
        ('{"a":' * 5000, "deeper than 128"),
        ('{"a": 1, "a": 2}', "appears twice"),
        ("[NaN]", "not a JSON number"),
        ("9" * 401, "400 digits"),
        ("1e999999999", "400 digits"),
        ("1e-999999999", "400 digits"),
        ('"\\ud83d"', "surrogate"),
        ('{"\\udc00": 1}', "surrogate"),
        ("{", "line 1 column 2"),
    ],
)
def test_what_nobody_could_write_again_is_refused(text: str, words: str) -> None:
    with pytest.raises(exact_json.JsonError, match=words):
        exact_json.loads(text)


def test_a_document_with_many_brackets_and_an_open_string_is_refused_in_linear_time() -> None:
    with pytest.raises(exact_json.JsonError):
        exact_json.loads(
            "[" * 100 + '["',
        )

    with pytest.raises(exact_json.JsonError):
        exact_json.loads('{"a": "' + '{\\"' * 300_000)

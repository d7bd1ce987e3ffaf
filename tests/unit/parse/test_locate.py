"""Finding JSON in a reply takes linear time, whatever the reply holds."""

import time

import pytest

from adapter.pipeline.locate import locate, without_thoughts
from adapter.pipeline.parse import is_runaway

HALF = 400_000
HOSTILE = {
    "open braces": "{" * HALF,
    "open braces with quotes": '{"' * HALF,
    "open lists": "[" * HALF,
    "quotes": '{"a": ' + '"' * HALF,
    "escaped quotes": '{"a": "' + '\\"' * HALF,
    "backslashes": '{"' + "\\" * HALF,
    "braces and spaces": "{ " * HALF,
    "words without end": "{a" * HALF,
    "open thoughts": "<think>" * 100_000,
    "small documents": "{} " * 200_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_reply_is_searched_in_linear_time(name: str) -> None:
    start = time.perf_counter()

    locate(HOSTILE[name])

    # a quadratic search would take minutes
    assert time.perf_counter() - start < 5


def test_what_is_inside_of_a_document_is_not_a_document_of_its_own() -> None:
    located = locate('so: {"a": {"b": 1}, "c": [{"d": 2}]} and [{"e": 3}]')

    assert located.texts == ('{"a": {"b": 1}, "c": [{"d": 2}]}',)


def test_the_rest_of_a_document_that_never_ends_is_not_searched() -> None:
    located = locate('{"a": 1} then {"lines": [{"a": 2}, {"a": 3}]')

    assert located.texts == ('{"a": 1}',)
    assert located.is_cut_off


def test_brackets_that_only_stand_in_prose_are_passed_over() -> None:
    assert locate("see {name} and [the list], (1) {curly words}").texts == ()


def test_lists_are_found_when_the_contract_is_one() -> None:
    assert locate("Here: [1, 2]", lists=True).texts == ("[1, 2]",)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("<think>a</think>b", "b"),
        (" \n<THINK>a</THINK>b", "b"),
        ("<reasoning>a</reasoning>b", "b"),
        ("a</think>b", "b"),
        ("<think>never closed", ""),
        ('{"a": "</think>"}', '{"a": "</think>"}'),
        ("plain", "plain"),
    ],
)
def test_thoughts_are_cut_off_where_they_stand_before_the_answer(text: str, rest: str) -> None:
    assert without_thoughts(text) == rest


@pytest.mark.parametrize(
    "text", ["x" + "\n" * 200, "1" * 41, '{"a": "b"}, ' * 60, "abc" * 300], ids=["space", "digits", "items", "letters"]
)
def test_a_text_that_repeats_itself_is_a_runaway(text: str) -> None:
    assert is_runaway(text)


@pytest.mark.parametrize("text", ["", "short", "The quick brown fox. " * 3, "1" * 40])
def test_an_ordinary_text_is_no_runaway(text: str) -> None:
    assert not is_runaway(text)

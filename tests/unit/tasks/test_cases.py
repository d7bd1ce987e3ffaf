"""Golden cases: what a case file may say, and when a document is what a case expects."""

from decimal import Decimal
from typing import Any

import pytest

from adapter.domain.job import Verdict
from adapter.tasks.cases import Case, Match, differences
from tests.unit.tasks.folders import build, complaints


def _case(text: str, **samples: str | bytes) -> Case:
    [case] = build(cases__ada_yaml=text, **samples).task.cases
    return case


def test_a_case_holds_its_payload_and_what_is_expected() -> None:
    case = _case(
        'payload: \'{"name": "Ada"}\'\ncontent_type: application/json\ntags: [demo]\n'
        "expect: {output: {tone: WARM}, verdict: ACCEPTED}\nreply: {greeting: Hi, tone: WARM}\n"
    )

    assert (case.name, case.payload, case.content_type) == ("ada", b'{"name": "Ada"}', "application/json")
    assert (case.expect_output, case.expect_match, case.expect_verdict) == (
        {"tone": "WARM"},
        "subset",
        Verdict.ACCEPTED,
    )
    assert (case.reply, case.tags) == ({"greeting": "Hi", "tone": "WARM"}, ("demo",))


def test_a_payload_file_is_found_beside_the_case_and_read_as_bytes() -> None:
    case = _case("payload_file: ../samples/1.json\nexpect: {verdict: ACCEPTED}\n", samples__1_json=b"\xff\xfe\x00")

    assert case.payload == b"\xff\xfe\x00"


def test_an_inline_payload_is_sent_in_the_charset_that_its_type_names() -> None:
    case = _case("payload: Größe\ncontent_type: text/plain; charset=windows-1252\nexpect: {verdict: ACCEPTED}\n")

    assert case.payload == b"Gr\xf6\xdfe"


def test_without_a_charset_an_inline_payload_is_utf8() -> None:
    assert _case("payload: Größe\nexpect: {verdict: ACCEPTED}\n").payload == "Größe".encode()


def test_an_expected_number_keeps_its_digits() -> None:
    case = _case("payload: x\nexpect: {output: {total: 12.50, day: 2026-11-03, id: 007}}\n")

    assert case.expect_output == {"total": Decimal("12.50"), "day": "2026-11-03", "id": "007"}


def test_the_model_answers_the_reply_else_what_is_expected() -> None:
    assert Case("a", b"", expect_output={"x": 1}).answer == {"x": 1}
    assert Case("a", b"", expect_output={"x": 1}, reply="no").answer == "no"
    assert Case("a", b"", expect_reason="INPUT_INVALID").answer is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("expect: {verdict: ACCEPTED}\n", "ada.yaml:1: error: give either payload_file or payload"),
        ("payload: x\npayload_file: y\nexpect: {verdict: ACCEPTED}\n", "ada.yaml:1: error: give either"),
        ("payload: x\n", 'ada.yaml:1: error: the key "expect" is missing'),
        ("payload: x\nexpect: {}\n", "ada.yaml:2: error: expect: say what is expected"),
        ("payload: x\nexpect:\n  reason: NO_SUCH\n", "ada.yaml:3: error: expect.reason: no such reason; known are"),
        ("payload: x\nexpect: {reason: INPUT_INVALID, verdict: ACCEPTED}\n", "has neither output nor verdict"),
        ("payload: x\nexpect: {verdict: FINE}\n", "ada.yaml:2: error: expect.verdict: "),
        ("payload: x\nexpect: {output: {}, match: regex}\n", "'subset' or 'exact'"),
        (
            "payload: x\nexpect: {verdict: ACCEPTED}\ntag: [a]\n",
            'ada.yaml:3: error: unknown key "tag"; did you mean "tags"?',
        ),
        (
            "payload_file: gone.txt\nexpect: {verdict: ACCEPTED}\n",
            'ada.yaml:1: error: payload_file: there is no file "gone.t',
        ),
        ("payload_file: ../../secret\nexpect: {verdict: ACCEPTED}\n", "there is no file"),
        ("payload_file: /etc/passwd\nexpect: {verdict: ACCEPTED}\n", "there is no file"),
        (
            "payload: x\ncontent_type: text/plain; charset=klingon\nexpect: {verdict: ACCEPTED}\n",
            "is not a charset known",
        ),
        (
            "payload: Ω\ncontent_type: text/plain; charset=latin-1\nexpect: {verdict: ACCEPTED}\n",
            "cannot be written in",
        ),
    ],
)
def test_a_bad_case_is_refused_with_file_and_line(text: str, said: str) -> None:
    [complaint] = complaints(cases__ada_yaml=text)

    assert complaint.startswith("greet/cases/ada.yaml:")
    assert said in complaint


def test_bad_cases_are_told_together_with_a_bad_definition() -> None:
    found = complaints(cases__ada_yaml="payload: x\n", cases__bob_yaml="- x\n", task_yaml="task: greet\n")

    assert {complaint.partition(":")[0] for complaint in found} == {
        "greet/cases/ada.yaml",
        "greet/cases/bob.yaml",
        "greet/task.yaml",
    }


def test_only_yaml_files_directly_under_cases_are_cases() -> None:
    task = build(cases__notes_md="x", cases__old__ada_yaml="not a case").task

    assert [case.name for case in task.cases] == ["ada"]


@pytest.mark.parametrize(
    ("expected", "actual", "match"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, "subset"),
        ({"a": {"x": 1}}, {"a": {"x": 1, "y": 2}}, "subset"),
        ({"a": [{"x": 1}]}, {"a": [{"x": 1, "y": 2}]}, "subset"),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, "exact"),
        ({"a": Decimal("1.50")}, {"a": Decimal("1.5")}, "exact"),
        ({"a": 1}, {"a": Decimal("1.0")}, "exact"),
        ({"a": None}, {"a": None}, "exact"),
        ({}, {"a": 1}, "subset"),
    ],
)
def test_what_matches(expected: Any, actual: Any, match: Match) -> None:
    assert list(differences(expected, actual, match)) == []


@pytest.mark.parametrize(
    ("expected", "actual", "match", "said"),
    [
        ({"a": 1}, {"a": 2}, "subset", "/a: 1 expected, 2 found"),
        ({"a": 1}, {}, "subset", "/a: missing"),
        ({"a": 1}, {"a": 1, "b": 2}, "exact", "/b: not expected"),
        ({"a": {"x": 1}}, {"a": {"x": 1, "y": 2}}, "exact", "/a/y: not expected"),
        ({"a": [1, 2]}, {"a": [1]}, "subset", "/a: 2 items expected, 1 found"),
        ({"a": [1, 2]}, {"a": [1, 3]}, "subset", "/a/1: 2 expected, 3 found"),
        ({"a": True}, {"a": 1}, "subset", "/a: True expected, 1 found"),
        ({"a": 0}, {"a": False}, "subset", "/a: 0 expected, False found"),
        ({"a": "1"}, {"a": 1}, "subset", "/a: '1' expected, 1 found"),
        ({"a": {}}, {"a": []}, "subset", "/a: {} expected, [] found"),
        ({"a": None}, {}, "subset", "/a: missing"),
        ({"a/b~c": 1}, {}, "exact", "/a~1b~0c: missing"),
        ([1], {"a": 1}, "subset", "/: [1] expected, {'a': 1} found"),
    ],
)
def test_what_does_not_match_is_told_by_pointer(expected: Any, actual: Any, match: Match, said: str) -> None:
    assert list(differences(expected, actual, match)) == [said]

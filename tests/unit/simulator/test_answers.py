"""Known samples get their golden case, in the strict shape, completed where it says nothing."""

from hashlib import sha256
from types import SimpleNamespace
from typing import Any, cast

from adapter.simulator.answers import SampleAnswer, sample_answers
from adapter.simulator.generate import Generator
from adapter.tasks.cases import Case
from adapter.tasks.strict_schema import strictify
from adapter.tasks.task import Task

CONTRACT = {
    "type": "object",
    "properties": {
        "category": {"type": "string", "enum": ["BILLING", "OTHER"]},
        "summary": {"type": "string"},
        "team": {"type": "string"},
        "lines": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"text": {"type": "string"}, "count": {"type": "integer"}},
                "required": ["text", "count"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["category", "summary", "lines"],
    "additionalProperties": False,
}
STRICT = strictify(CONTRACT)
FULL = {"category": "BILLING", "summary": "Charged twice.", "lines": []}


def task(*cases: Case, version: str = "1.0.0") -> Task:
    made = SimpleNamespace(name="t", version=version, ref=f"t@{version}", strict_output=STRICT, cases=cases)
    return cast("Task", made)


def answered(case: Case) -> SampleAnswer:
    return sample_answers([task(case)])["t@1.0.0", sha256(case.payload).hexdigest()]


def completed(answer: SampleAnswer) -> Any:
    return STRICT.lift(Generator(STRICT.schema).document(1, given=answer.document)).document


def test_an_exact_case_is_answered_as_it_is_absent_fields_too() -> None:
    answer = answered(Case("c", b"p", expect_output=FULL, expect_match="exact"))
    assert completed(answer) == FULL


def test_a_reply_document_is_answered_as_it_is_also_where_the_expectation_is_partial() -> None:
    answer = answered(Case("c", b"p", expect_output={"category": "OTHER"}, reply=FULL))
    assert completed(answer) == FULL


def test_a_partial_case_is_completed_and_kept_at_every_depth() -> None:
    said = {"category": "OTHER", "lines": [{"count": 3}, {"text": "bolt"}]}
    document = completed(answered(Case("c", b"p", expect_output=said)))
    assert document["category"] == "OTHER"
    assert isinstance(document["summary"], str)
    assert document["lines"][0]["count"] == 3
    assert isinstance(document["lines"][0]["text"], str)
    assert document["lines"][1]["text"] == "bolt"


def test_a_text_goes_out_as_it_is() -> None:
    assert answered(Case("c", b"p", reply="no JSON at all")) == SampleAnswer(text="no JSON at all")


def test_a_case_without_an_answer_is_not_indexed() -> None:
    assert not sample_answers([task(Case("c", b"p", expect_reason="INPUT_INVALID"))])


def test_the_name_alone_means_the_newest_version() -> None:
    old = task(Case("c", b"p", reply="old"), version="1.9.0")
    new = task(Case("c", b"p", reply="new"), version="1.10.0")
    answers = sample_answers([old, new])
    digest = sha256(b"p").hexdigest()
    assert answers["t@1.9.0", digest].text == "old"
    assert answers["t", digest].text == "new"

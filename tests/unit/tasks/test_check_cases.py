"""Golden cases are checked without a model: the payload decodes, what is expected can be."""

import pytest

from adapter.pipeline.check_cases import check_cases
from tests.unit.tasks.folders import PROMPT, build


def _said(case: str, **changes: str) -> list[str]:
    return [str(problem) for problem in check_cases(build(cases__ada_yaml=case, **changes))]


@pytest.mark.parametrize(
    "case",
    [
        'payload: \'{"name": "Ada"}\'\nexpect: {output: {greeting: Hi, tone: WARM}, match: exact}\n',
        'payload: \'{"name": "Ada"}\'\nexpect: {output: {tone: WARM}}\n',
        'payload: \'{"name": "Ada"}\'\nexpect: {output: {tone: WARM}}\nreply: {greeting: Hi, tone: WARM}\n',
        'payload: \'{"name": "Ada"}\'\nexpect: {reason: OUTPUT_INVALID}\nreply: {tone: LOUD}\n',
        'payload: \'{"name": "Ada"}\'\nexpect: {reason: OUTPUT_INVALID}\nreply: No.\n',
        "payload: '{\"vip\": true}'\nexpect: {reason: INPUT_INVALID}\n",
        "payload: '{'\nexpect: {reason: PAYLOAD_UNREADABLE}\n",
    ],
)
def test_a_case_that_can_be_gets_no_remark(case: str) -> None:
    assert _said(case) == []


@pytest.mark.parametrize(
    ("case", "said"),
    [
        (
            "payload: '{'\nexpect: {verdict: ACCEPTED}\n",
            "greet/cases/ada.yaml:1: error: payload_file: the payload ends with PAYLOAD_UNREADABLE: ",
        ),
        (
            "payload: '{}'\nexpect: {verdict: ACCEPTED}\n",
            "payload_file: the payload ends with INPUT_INVALID: ",
        ),
        (
            "payload: '{}'\nexpect:\n  reason: PAYLOAD_UNREADABLE\n",
            "greet/cases/ada.yaml:3: error: expect.reason: the payload ends with INPUT_INVALID: ",
        ),
        (
            'payload: \'{"name": "Ada"}\'\nexpect:\n  reason: INPUT_INVALID\n',
            "greet/cases/ada.yaml:3: error: expect.reason: INPUT_INVALID is expected, but the payload is read",
        ),
        (
            'payload: \'{"name": "Ada"}\'\nexpect:\n  output: {tone: LOUD}\n',
            "greet/cases/ada.yaml:3: error: expect.output: breaks the output contract: /tone must be one of",
        ),
        (
            'payload: \'{"name": "Ada"}\'\nexpect:\n  output: {tone: WARM}\n  match: exact\n',
            "greet/cases/ada.yaml:3: error: expect.output: breaks the output contract: /greeting is missing",
        ),
        (
            'payload: \'{"name": "Ada"}\'\nexpect: {output: {tone: WARM}}\nreply: {tone: WARM}\n',
            "greet/cases/ada.yaml:3: error: reply: breaks the output contract: /greeting is missing",
        ),
        (
            'payload: \'{"name": "Ada"}\'\nexpect: {output: {tone: WARM}}\nreply: {greeting: Hi, tone: COOL}\n',
            "greet/cases/ada.yaml:3: error: reply: is not what the case expects: /tone: 'WARM' expected, 'COOL' found",
        ),
    ],
)
def test_a_case_that_cannot_be_is_told_at_its_key(case: str, said: str) -> None:
    [found] = _said(case)

    assert said in found


def test_a_prompt_that_fails_for_the_record_of_a_case_is_told() -> None:
    prompt = PROMPT.replace("{{ record.name }}", "{{ record.name + 1 }}")

    [found] = _said('payload: \'{"name": "Ada"}\'\nexpect: {output: {tone: WARM}}\n', prompt_md=prompt)

    assert "the payload ends with INTERNAL: The task's prompt fails for this record at line 7" in found
